"""What is heard beside speech and is no voice: made of formulas, so that no detector was trained on it, or recorded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from _battery_sound import RATE, Sounds, dialling
from scipy.ndimage import gaussian_filter1d
from scipy.signal import butter, sosfilt

Samples = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Maker = Callable[[float, Sounds, np.random.Generator], npt.NDArray[np.floating]]

KEYS = ((697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0))  # Hz; rows and columns of a telephone (ITU-T Q.23)
SCALE = (0, 2, 4, 7, 9, 12, 14, 16)  # semitones; no two of them hurt each other
MAINS = (50.0, 60.0, 100.0, 120.0)  # Hz


def keys(seconds: float, sounds: Sounds, rng: np.random.Generator) -> Floats:
    """Return a number that is dialled: two tones a key."""
    sound, at = np.zeros(int(seconds * RATE)), 0
    length, pause = int(rng.uniform(0.08, 0.3) * RATE), int(rng.uniform(0.06, 0.3) * RATE)
    time = np.arange(length) / RATE
    while at + length < len(sound):
        sound[at : at + length] = sum(np.sin(2 * np.pi * float(rng.choice(part)) * time) for part in KEYS)
        at += length + (pause if rng.random() < 0.9 else 4 * pause)
    return sound


def melody(seconds: float, sounds: Sounds, rng: np.random.Generator) -> Floats:
    """Return notes of several voices with harmonics, attack, decay and vibrato: a jingle, or music on hold."""
    n_samples = int(seconds * RATE)
    sound, beat = np.zeros(n_samples), float(rng.uniform(0.15, 0.6))
    for part in range(int(rng.integers(1, 4))):
        base, fall = float(rng.uniform(110.0, 520.0)), float(rng.uniform(0.5, 2.5))
        decay, vibrato = float(rng.uniform(0.1, 2.0)), float(rng.choice([0.0, 0.0, 0.006]))
        length = beat * 2**part
        time = np.arange(min(int(1.5 * length * RATE), n_samples)) / RATE
        envelope = np.minimum(time / 0.01, 1) * np.exp(-time / decay) * np.minimum((time[-1] - time) / 0.01, 1)
        for start in np.arange(0.0, seconds - 1.5 * length, length):
            if rng.random() < 0.15:
                continue
            tone = base * 2 ** (int(rng.choice(SCALE)) / 12)
            phase = 2 * np.pi * tone * time + vibrato * tone * np.sin(2 * np.pi * 5.5 * time)
            count = max(1, min(12, int(0.45 * RATE / tone)))
            note = sum(np.sin(k * phase) / k**fall for k in range(1, count + 1))
            at = int(start * RATE)
            sound[at : at + len(time)] += (note * envelope)[: n_samples - at]
    return sound


def rain(seconds: float, sounds: Sounds, rng: np.random.Generator) -> Floats:
    """Return noise that swells and sinks over seconds, with drops in it."""
    n_samples = int(seconds * RATE)
    low, high = rng.uniform(100, 1500), rng.uniform(3000, 7500)
    sound = sosfilt(butter(1, [low, high], "bandpass", fs=RATE, output="sos"), rng.normal(size=n_samples))
    steps = np.arange(0.0, seconds + 1, 0.1)
    swell = gaussian_filter1d(rng.normal(size=len(steps)), np.exp(rng.uniform(0.0, 3.5)), mode="wrap")
    decibels = rng.uniform(1.0, 9.0) * swell / max(swell.std(), 1e-9)
    drops = np.zeros(n_samples)
    places = rng.integers(n_samples, size=rng.poisson(seconds * rng.uniform(0.5, 30.0)))
    drops[places] = rng.exponential(1.0, len(places)) * rng.uniform(2.0, 30.0)
    drops = sosfilt(butter(1, [800, 6000], "bandpass", fs=RATE, output="sos"), drops)
    swelling = 10 ** (np.interp(np.arange(n_samples) / RATE, steps, decibels) / 20)
    return np.asarray(sound / sound.std() * swelling + drops)


def coughs(seconds: float, sounds: Sounds, rng: np.random.Generator) -> Floats:
    """Return bursts of noise through a mouth, two or three at a time: a cough has hardly any pitch."""
    sound, at = np.zeros(int(seconds * RATE)), 0.0
    throat = [butter(1, [0.8 * f, 1.25 * f], "bandpass", fs=RATE, output="sos") for f in rng.uniform(400, 3200, 3)]
    while at < seconds - 0.6:
        for _ in range(int(rng.integers(1, 4))):
            time = np.arange(int(rng.uniform(0.15, 0.45) * RATE)) / RATE
            burst = rng.normal(size=len(time)) * np.minimum(time / 0.008, 1) * np.exp(-time / rng.uniform(0.04, 0.15))
            burst = sum(sosfilt(one, burst) for one in throat) + 0.05 * burst
            place = int(at * RATE)
            sound[place : place + len(time)] += burst[: max(len(sound) - place, 0)]
            at += len(time) / RATE + rng.uniform(0.02, 0.25)
        at += rng.uniform(0.5, 3.0)
    return sound


def knocks(seconds: float, sounds: Sounds, rng: np.random.Generator) -> Floats:
    """Return doors and knocks: modes of a plate that die away, after a click."""
    sound, at = np.zeros(int(seconds * RATE)), float(rng.uniform(0.0, 0.3))
    modes, decay = rng.uniform(60, 900, 6), rng.uniform(0.02, 0.2)
    while at < seconds - 0.5:
        time = np.arange(int(0.5 * RATE)) / RATE
        hit = sum(rng.uniform(0.2, 1.0) * np.sin(2 * np.pi * mode * time) for mode in modes) * np.exp(-time / decay)
        hit += 0.5 * rng.normal(size=len(time)) * np.exp(-time / 0.01)
        place = int(at * RATE)
        sound[place : place + len(time)] += hit[: len(sound) - place]
        at += rng.choice([0.2, 0.3, 1.5]) * rng.uniform(0.7, 1.5)
    return sound


def hum(seconds: float, sounds: Sounds, rng: np.random.Generator) -> Floats:
    """Return a hum of mains or of an engine that wavers."""
    time = np.arange(int(seconds * RATE)) / RATE
    base = float(rng.choice(MAINS)) if rng.random() < 0.6 else float(rng.uniform(60, 300))
    waver = 1 + rng.uniform(0, 0.4) * np.sin(2 * np.pi * rng.uniform(0.3, 6) * time)
    phase = 2 * np.pi * base * time + rng.uniform(0, 4) * np.sin(2 * np.pi * rng.uniform(0.05, 1) * time)
    tone = sum(rng.uniform(0.1, 1.0) / k * np.sin(k * phase) for k in range(1, int(rng.integers(4, 20))))
    return tone * waver + rng.uniform(0.01, 0.2) * rng.normal(size=len(time))


def clicks(seconds: float, sounds: Sounds, rng: np.random.Generator) -> Floats:
    """Return clicks in silence."""
    sound = np.zeros(int(seconds * RATE))
    places = rng.integers(len(sound), size=1 + rng.poisson(seconds * rng.uniform(0.5, 6.0)))
    sound[places] = rng.normal(size=len(places))
    return np.asarray(sosfilt(butter(1, [300, 7000], "bandpass", fs=RATE, output="sos"), sound))


def _recorded(kind: str) -> Maker:
    def excerpt(seconds: float, sounds: Sounds, rng: np.random.Generator) -> Samples:
        pool = getattr(sounds, kind)
        sound = pool[int(rng.integers(len(pool)))]
        return np.resize(np.roll(sound, -int(rng.integers(len(sound)))), int(seconds * RATE))

    return excerpt


MAKERS: dict[str, Maker] = {
    "dialling": lambda seconds, sounds, rng: dialling(seconds, rng),
    "keys": keys,
    "hold": melody,
    "jingle": melody,
    "music": _recorded("music"),
    "applause": _recorded("applause"),
    "rain": rain,
    "coughs": coughs,
    "knocks": knocks,
    "hum": hum,
    "clicks": clicks,
}
