"""Cues of speech against scipy and plain loops, and against what must not change them: gain, channel, silence."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.fft import dct

from diarize.features import TEXTURE_STEP, Spectrum, SpeechCues, speech_cues
from diarize.features.texture import texture
from diarize.spooling import PART, Spooled, spooled

Features = npt.NDArray[np.float32]


def noise_like(n_frames: int, seed: int = 0, n_mels: int = 40) -> Features:
    """Return log-mel spectra without loud or quiet moments far from each other, so that nothing is cut off."""
    rng = np.random.default_rng(seed)
    return rng.normal(-8.0, 1.0, (n_frames, n_mels)).astype(np.float32)


def cues_of(log_mel: Features) -> SpeechCues:
    """Return the cues of a sound without harmonics."""
    return speech_cues(Spectrum(log_mel, np.full(len(log_mel), 0.1, np.float32)))


def test_shapes_with_a_step_for_each_ten_frames_begun() -> None:
    assert TEXTURE_STEP == 10
    for n_frames in (1, 9, 10, 11, 57):
        frames, texture = cues_of(noise_like(n_frames))
        assert frames.shape == (n_frames, 29)
        assert texture.shape == (-(-n_frames // 10), 29)
        assert frames.dtype == texture.dtype == np.float32
    empty = cues_of(np.zeros((0, 40), np.float32))
    assert empty.frames.shape == (0, 29)
    assert empty.texture.shape == (0, 29)


def test_gain_changes_nothing() -> None:
    log_mel = noise_like(300)
    for plain, louder in zip(cues_of(log_mel), cues_of(log_mel + 5.0), strict=True):
        np.testing.assert_allclose(louder, plain, atol=2e-3)


def test_a_channel_changes_no_cepstra() -> None:
    log_mel, channel = noise_like(300), np.linspace(-1.0, 1.0, 40, dtype=np.float32)
    channel -= channel.mean()  # keeps the level, and with it the choice of the louder half
    plain, coloured = cues_of(log_mel).frames, cues_of(log_mel + channel).frames
    np.testing.assert_allclose(coloured, plain, atol=1e-3)


def test_cepstra_are_those_of_scipy() -> None:
    log_mel = noise_like(200)
    expected = dct(log_mel, type=2, norm="ortho", axis=1)[:, 1:13] / 3
    cepstra = cues_of(log_mel).frames[:, 2:14]
    np.testing.assert_allclose(cepstra - cepstra[0], expected - expected[0], atol=1e-4)


def test_cepstra_have_no_mean_over_the_louder_half() -> None:
    """The louder half is plain to see here."""
    log_mel = noise_like(300) + np.repeat([0.0, 3.0, 0.0], [80, 151, 69]).astype(np.float32)[:, None]
    cepstra = cues_of(log_mel).frames[:, 2:14]
    level = np.convolve(np.pad(log_mel.mean(axis=1), 5, mode="edge"), np.full(11, 1 / 11), mode="valid")
    np.testing.assert_allclose(cepstra[level >= np.median(level)].mean(axis=0), 0.0, atol=1e-4)


def test_slopes_are_fitted_lines() -> None:
    frames = cues_of(noise_like(60)).frames
    static = np.concatenate([frames[:, :1], frames[:, 2:14]], axis=1)
    for at in (4, 30, 55):
        slope = np.polyfit(np.arange(-4, 5), static[at - 4 : at + 5].astype(float), 1)[0]
        np.testing.assert_allclose(frames[at, 14:27], 3 * slope, atol=1e-4)


def test_level_is_relative_to_quiet_and_loud_moments() -> None:
    log_mel = np.repeat([-12.0, -4.0, -12.0], [200, 100, 200]).astype(np.float32)[:, None] * np.ones(40, np.float32)
    frames = cues_of(log_mel).frames
    np.testing.assert_allclose(frames[100, :2], [0.0, 8.0], atol=1e-4)
    np.testing.assert_allclose(frames[250, :2], [8.0, 0.0], atol=1e-4)


def test_flux_is_the_mean_change_of_the_spectrum() -> None:
    log_mel = noise_like(500)
    change = [log_mel[i + 5] - log_mel[i] for i in range(145, 355)]  # the window of step 25, give or take the lag
    flux = np.mean([np.abs(x - x.mean()).mean() for x in change])
    assert np.exp(cues_of(log_mel).texture[25, 14]) - 0.05 == pytest.approx(flux, rel=0.02)


def test_deviations_are_those_of_two_seconds() -> None:
    log_mel = noise_like(500)
    cepstra = dct(log_mel, type=2, norm="ortho", axis=1)[:, 1:13] / 3
    deviation = np.exp(cues_of(log_mel).texture[25, 1:13]) - 0.05
    np.testing.assert_allclose(deviation, cepstra[150:360].std(axis=0), rtol=1e-3)


@pytest.mark.parametrize(
    "log_mel",
    [
        np.full((100, 40), -27.6, np.float32),
        np.concatenate([np.full((900, 40), -27.6, np.float32), noise_like(50)]),
        noise_like(1),
        noise_like(7, n_mels=30),
        np.tile(np.linspace(-27.6, 0.0, 40, dtype=np.float32), (30, 1)),
    ],
    ids=["silence", "mostly silence", "one frame", "few frames", "tone"],
)
def test_degenerate_recordings_have_finite_cues(log_mel: Features) -> None:
    for part in cues_of(log_mel):
        assert np.isfinite(part).all()


def test_harmonicity_is_averaged_over_a_sound_and_over_a_word() -> None:
    harmonicity = np.random.default_rng(3).uniform(0, 1, 200).astype(np.float32)
    voicing = speech_cues(Spectrum(noise_like(200), harmonicity)).frames[:, 27:]
    for column, reach in ((0, 2), (1, 15)):
        expected = [6 * harmonicity[i - reach : i + reach + 1].mean() for i in range(20, 180)]
        np.testing.assert_allclose(voicing[20:180, column], expected, rtol=1e-4)


def test_digital_silence_does_not_hide_the_foreground() -> None:
    quiet, loud = noise_like(500) - 6, noise_like(100, 1)
    silence = np.full((9000, 40), -27.6, np.float32)
    frames = cues_of(np.concatenate([quiet, loud, quiet])).frames
    among_silence = cues_of(np.concatenate([silence, quiet, loud, quiet])).frames[9000:]
    np.testing.assert_allclose(among_silence[:, 1], frames[:, 1], atol=0.1)


def test_what_the_recorder_adds_far_below_the_loud_moments_is_cut_off() -> None:
    """Hiss 70 dB under the speech and hiss 79 dB under it are the same."""
    speech = noise_like(200, 2)
    texture = [
        cues_of(np.concatenate([speech, noise_like(300, 3) - decibel * np.log(10) / 10], dtype=np.float32)).texture
        for decibel in (70.0, 79.0)
    ]
    np.testing.assert_allclose(texture[0][45], texture[1][45], atol=1e-4)


def test_long_recordings_are_described_in_parts_as_if_they_were_one() -> None:
    """Texture against that of the whole spectrum at once, slopes against fitted lines, where parts meet."""
    log_mel = noise_like(2 * PART + 4321)
    rows = spooled([log_mel], 40, limit=0)
    cues = speech_cues(Spectrum(rows, np.full(len(log_mel), 0.1, np.float32)))
    assert isinstance(rows, Spooled)
    cepstra = dct(log_mel, type=2, norm="ortho", axis=1)[:, :13] / 3
    cepstra[:, 0] = log_mel.mean(axis=1)
    np.testing.assert_allclose(cues.texture, texture(log_mel, cepstra), atol=1e-3)
    for border in (PART, 2 * PART):
        for frame in range(border - 5, border + 5):
            slope = np.polyfit(np.arange(9), cepstra[frame - 4 : frame + 5], 1)[0]
            np.testing.assert_allclose(cues.frames[frame : frame + 1][0, 14:27], 3 * slope, atol=1e-4)


def test_the_cues_of_a_part_are_its_frames_and_its_steps() -> None:
    cues = SpeechCues(
        np.arange(93 * 29, dtype=np.float32).reshape(93, 29), np.arange(290, dtype=np.float32).reshape(10, 29)
    )
    for part, steps in ((slice(0, 40), slice(0, 4)), (slice(40, 93), slice(4, 10)), (slice(90, 93), slice(9, 10))):
        frames, texture = cues.during(part)
        np.testing.assert_array_equal(frames, cues.frames[part])
        np.testing.assert_array_equal(texture, cues.texture[steps])
