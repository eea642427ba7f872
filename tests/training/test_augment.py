"""Disturbances of training speech: levels, lengths and spectra as they are asked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import welch

from diarize.training.augment import Augmenter, add_noise, equalise, synthetic_room, telephone

RATE = 16000
Samples = npt.NDArray[np.float32]


def white(n_samples: int = 4 * RATE, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, n_samples).astype(np.float32)


def decibels(samples: Samples, low: float, high: float) -> float:
    """Return the mean power between two frequencies, by scipy."""
    frequency, power = welch(samples.astype(float), RATE, nperseg=1024)
    return float(10 * np.log10(power[(frequency >= low) & (frequency <= high)].mean()))


@pytest.mark.parametrize("snr", [-10.0, 0.0, 20.0])
def test_noise_has_the_ratio_asked_for(snr: float) -> None:
    signal, noise = white(), 5 * white(seed=1)
    added = add_noise(signal, noise, snr) - signal
    assert 10 * np.log10(np.mean(signal**2) / np.mean(added**2)) == pytest.approx(snr, abs=0.01)
    assert np.corrcoef(added, noise)[0, 1] > 0.999


def test_silence_takes_no_noise_and_gives_none() -> None:
    signal, silence = white(), np.zeros(4 * RATE, np.float32)
    np.testing.assert_array_equal(add_noise(signal, silence, 10.0), signal)
    np.testing.assert_array_equal(add_noise(silence, signal, 10.0), silence)


def test_telephone_keeps_its_band_only() -> None:
    plain, heard = white(), telephone(white(), RATE)
    assert decibels(heard, 500, 3200) == pytest.approx(decibels(plain, 500, 3200), abs=0.2)
    assert decibels(heard, 20, 150) < decibels(plain, 20, 150) - 20
    assert decibels(heard, 3900, 7900) < decibels(plain, 3900, 7900) - 40


@pytest.mark.parametrize("t60", [0.2, 0.5])
def test_rooms_fade_by_sixty_decibels_in_the_time_asked_for(t60: float) -> None:
    rooms = [synthetic_room(RATE, t60, np.random.default_rng(seed)) for seed in range(20)]
    power = np.mean([(room / np.abs(room[200:]).max()) ** 2 for room in rooms], axis=0)[200:]
    slope = np.polyfit(np.arange(len(power)) / RATE, 10 * np.log10(power), 1)[0]
    assert slope == pytest.approx(-60 / t60, rel=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_rooms_begin_with_the_direct_sound(seed: int) -> None:
    room = synthetic_room(RATE, 0.4, np.random.default_rng(seed))
    assert room[0] == 1
    assert (room[1:32] == 0).all()
    ratio = 10 * np.log10(1 / np.sum(room[1:] ** 2))
    assert -0.01 <= ratio <= 12.01


def test_a_room_may_be_shorter_than_its_first_echo() -> None:
    assert np.isfinite(synthetic_room(RATE, 0.0005, np.random.default_rng(0))).all()


def test_the_equaliser_is_a_filter() -> None:
    """A sine stays a sine, of another level; the same seed gives the same filter, whatever it is given."""
    time = np.arange(1 << 14) / RATE
    for frequency in (RATE / 64, RATE / 16, RATE / 4):
        sine = np.sin(2 * np.pi * frequency * time).astype(np.float32)
        found = equalise(sine, RATE, np.random.default_rng(3))
        gain = float(found @ sine / (sine @ sine))
        assert gain > 0.05
        np.testing.assert_allclose(found, gain * sine, atol=1e-4)
    one, two = white(1 << 14), white(1 << 14, 1)
    both = equalise(one + two, RATE, np.random.default_rng(3))
    apart = equalise(one, RATE, np.random.default_rng(3)) + equalise(two, RATE, np.random.default_rng(3))
    np.testing.assert_allclose(both, apart, atol=1e-5)
    assert abs(both - one - two).max() > 1e-3


@pytest.mark.parametrize("n_samples", [0, 1, 2, 799, RATE])
@pytest.mark.parametrize("seed", range(12))
def test_copies_are_as_long_as_the_original(n_samples: int, seed: int) -> None:
    augment = Augmenter(RATE, [synthetic_room(RATE, 0.3, np.random.default_rng(0))], [white(500)])
    found = augment(white(n_samples), np.random.default_rng(seed))
    assert found.shape == (n_samples,)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_copies_differ_by_seed_and_by_nothing_else() -> None:
    augment, speech = Augmenter(RATE), white(RATE)
    copies = [augment(speech, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(copies[0], copies[1])
    assert np.abs(copies[0] - copies[2]).max() > 0.01
    np.testing.assert_array_equal(speech, white(RATE))


def test_rooms_and_noises_that_are_given_are_used() -> None:
    click = np.zeros(RATE, np.float32)
    click[100] = 1
    late = np.zeros(2000, np.float32)
    late[[50, 1550]] = 1.0, 0.7  # one echo after 1500 samples; the direct sound comes 50 late
    hum = np.sin(2 * np.pi * 3000 / RATE * np.arange(RATE)).astype(np.float32)
    echoes, hums = 0, 0
    for seed in range(40):
        room = Augmenter(RATE, [late])._in_room(click, np.random.default_rng(seed))
        assert np.abs(room).argmax() == 100
        echoes += bool(room[1600] > 0.69)
        noise = Augmenter(RATE, noises=[hum])._noise(RATE // 2, np.random.default_rng(seed))
        hums += bool(np.abs(np.fft.rfft(noise)).argmax() == 1500)
    assert 8 < echoes < 32  # half of the rooms are synthetic
    assert hums > 35  # but for jumps where the noise begins again
