"""What is explained by noise and leaks, and what is not: log energies made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.channels.excess import excesses

BANDS = 23


def spectra(lag: int, leak: float, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the log energies of two channels, and who speaks, (n_frames, 2): now the one, now the other, now both."""
    rng = np.random.default_rng(seed)
    n = 6000
    talk = np.stack([np.arange(n) % 800 < 250, (np.arange(n) % 800 >= 220) & (np.arange(n) % 800 < 500)], axis=1)
    voices = [
        np.exp(np.repeat(rng.normal(0, 1.5, (n // 20, BANDS)), 20, axis=0)) * talk[:, k : k + 1] for k in range(2)
    ]
    noise = [1e-4 * rng.gamma(8, 1 / 8, (n, BANDS)) for _ in range(2)]
    heard = [voices[k] + leak * np.roll(voices[1 - k], lag, axis=0) + noise[k] for k in range(2)]
    return [np.log(power).astype(np.float32) for power in heard], talk


@pytest.mark.parametrize("lag", [0, 4, 20])
@pytest.mark.parametrize("leak", [0.03, 0.003, 0.0001])
def test_a_voice_stands_out_at_its_own_microphone_only(lag: int, leak: float) -> None:
    rows, talk = spectra(lag, leak)
    for k, excess in enumerate(excesses(rows)):
        own, other = talk[:, k], talk[:, 1 - k]
        assert np.median(excess[own]) > 10
        assert np.median(excess[own & other]) > 5  # both at once
        assert np.quantile(excess[~own], 0.9) < 3
        assert ((excess > 4) == own).mean() > 0.95


def test_gains_of_channels_do_not_matter() -> None:
    rows, _ = spectra(4, 0.01)
    louder = [rows[0], rows[1] + np.float32(5)]
    for before, after in zip(excesses(rows), excesses(louder), strict=True):
        np.testing.assert_allclose(before, after, atol=1e-3)


def test_long_recordings_come_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from diarize.channels import excess
    from diarize.spooling import parts

    rows, _ = spectra(4, 0.01)
    whole = excesses(rows)
    monkeypatch.setattr(excess, "parts", lambda n_rows: parts(n_rows, 700))
    for one, other in zip(whole, excesses(rows), strict=True):
        assert np.abs(one - other).max() < 1.5  # the noise is smoothed within parts
        assert np.abs(one - other).mean() < 0.1


def test_a_channel_of_digital_silence_where_the_other_talks() -> None:
    rows, _ = spectra(4, 0.01)
    rows[1][:] = -20  # what does not move follows nothing: no lag is found, and no warning is given
    assert excesses(rows)[1].max() < 1
