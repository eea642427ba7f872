"""What happens to voices on their way: lines with codecs, rooms with places, equal spectra, noise, music."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import firwin2, oaconvolve, resample_poly, welch

from diarize.audio import read_audio
from diarize.training.channel import equalise, telephone
from diarize.training.levels import amplitude, at_level, rms
from diarize.training.noise import recorded_noise, steady_noise
from diarize.training.rooms import ROOMS, in_room, synthetic_room

Samples = npt.NDArray[np.float32]

RATE = 16000
LEVEL = -25.0  # dB of speech relative to 1
CODECS = ("ULAW", "ALAW", "GSM610", "none")
PLEASANT, CLAPPING = ("music",), ("applause", "cheering")  # in the names of files; the rest is noise
SINGING = "vocal"  # a voice, though nobody speaks: left out
STEADY_SHARE = 0.6  # of the noises; the rest is recorded


@dataclass(frozen=True, slots=True)
class Place:
    """Where a speaker sits and what is spoken into.

    Parameters
    ----------
    gain : float, dB
        Relative to the mean level of speech.
    tone : int or None
        Seed of the microphone's response; None for a flat one.
    echo : array of shape (n_taps,) or None
        Impulse response of the room from that place.
    """

    gain: float = 0.0
    tone: int | None = None
    echo: Samples | None = None

    def hear(self, sound: Samples) -> Samples:
        """Return a sound of rms 1 as the microphone gets it, with the tail of the echo."""
        sound = sound * np.float32(amplitude(LEVEL + self.gain))
        if self.tone is not None:
            sound = equalise(sound, RATE, np.random.default_rng(self.tone))
        return sound if self.echo is None else in_room(sound, self.echo, len(self.echo))


def places_in_room(n_speakers: int, span: float, rng: np.random.Generator, measured: Sequence[Samples]) -> list[Place]:
    """Return places in one room with one microphone: who sits farther away is softer and has more echo.

    The ratio of direct to reverberant energy falls by 6 dB when the distance doubles, and is 0 dB at the critical
    distance 0.057 sqrt(volume / t60) m. (Kuttruff, Room Acoustics, ch. 5.)

    Parameters
    ----------
    n_speakers : int
    span : float, dB
        Largest difference of levels by distance.
    rng : numpy.random.Generator
    measured : sequence of array, each (n_taps,)
        Responses of one measured room; taken for a quarter of the rooms where there are enough.
    """
    tone = int(rng.integers(2**31))
    distance = rng.uniform(0.4, 4.0, n_speakers)
    gain = np.clip(-20 * np.log10(distance / distance.min()), -span, 0.0)
    if len(measured) >= n_speakers and rng.random() < 0.25:
        chosen = rng.choice(len(measured), n_speakers, replace=False)
        return [Place(float(gain[k]), tone, measured[one]) for k, one in enumerate(chosen)]
    t60, volume = rng.uniform(0.2, 0.8), rng.uniform(30.0, 200.0)
    direct = 20 * np.log10(0.057 * np.sqrt(volume / t60) / distance)
    rooms = [synthetic_room(RATE, t60, rng, replace(ROOMS, direct=(ratio, ratio))) for ratio in direct]
    return [Place(float(gain[k]), tone, echo) for k, echo in enumerate(rooms)]


def through_line(leg: Samples, codec: str, rng: np.random.Generator) -> Samples:
    """Return one leg of a call: telephone band, its own line noise, 8 kHz, and what the codec leaves.

    Parameters
    ----------
    leg : array of shape (n_samples,)
        At 16 kHz.
    codec : str
        One of `CODECS`.
    rng : numpy.random.Generator
    """
    hiss = at_level(_long_steady(len(leg), rng), LEVEL - rng.uniform(20.0, 45.0))
    narrow = resample_poly(telephone(leg + hiss, RATE), 1, 2).astype(np.float32)
    if codec == "none":
        return narrow
    stored = BytesIO()
    soundfile.write(stored, np.clip(narrow, -1, 1), RATE // 2, format="WAV", subtype=codec)
    stored.seek(0)
    decoded, _ = soundfile.read(stored, dtype="float32")
    return np.resize(decoded, len(narrow)) if len(decoded) < len(narrow) else decoded[: len(narrow)]


def dialling(seconds: float, rng: np.random.Generator) -> Samples:
    """Return tones of an exchange at 16 kHz: ringing or busy."""
    time = np.arange(int(seconds * RATE)) / RATE
    base, beat = (425.0, 0.0) if rng.random() < 0.5 else (440.0, 480.0)
    tone = np.sin(2 * np.pi * base * time) + (np.sin(2 * np.pi * beat * time) if beat else 0.0)
    on, period = ((1.0, 3.0), (0.5, 1.0))[int(rng.integers(2))]
    return at_level(tone * (time % period < on), LEVEL - rng.uniform(0.0, 12.0))


def spectral_level(sound: Samples, size: int = 512) -> npt.NDArray[np.float64]:
    """Return the long-term spectrum in dB, smoothed over three bins, shape (size // 2 + 1,)."""
    _, power = welch(sound, RATE, nperseg=size)
    decibels = 10 * np.log10(power + 1e-12)
    return np.convolve(np.pad(decibels, 1, mode="edge"), np.ones(3) / 3, mode="valid")


def equal_spectra(sounds: Sequence[Samples], most: float = 20.0) -> list[Samples]:
    """Bring the long-term spectra of several sounds to their common mean, by at most so many dB in each band."""
    spectra = [spectral_level(sound) for sound in sounds]
    common, points = np.mean(spectra, axis=0), np.linspace(0.0, 1.0, len(spectra[0]))
    filtered = []
    for sound, spectrum in zip(sounds, spectra, strict=True):
        gain = 10 ** (np.clip(common - spectrum, -most, most) / 20)
        wet = oaconvolve(sound, firwin2(513, points, gain), mode="same")
        filtered.append((wet * (rms(sound) / max(rms(wet), 1e-9))).astype(np.float32))
    return filtered


@dataclass(frozen=True, slots=True)
class Sounds:
    """What is heard beside speech.

    Parameters
    ----------
    noises, music, applause, rooms : tuple of array
        Sounds (n_samples,) and impulse responses (n_taps,) at 16 kHz.
    """

    noises: tuple[Samples, ...]
    music: tuple[Samples, ...]
    applause: tuple[Samples, ...]
    rooms: tuple[Samples, ...]

    @classmethod
    def read(cls, noises: Path, rooms: Path) -> Sounds:
        """Read the sounds below two folders; what is music and what applause stands in the names."""
        names = [path for path in sorted(noises.rglob("*.flac")) if SINGING not in path.name]
        kinds: dict[str, list[Samples]] = {"noise": [], "music": [], "applause": []}
        for path in names:
            kind = "music" if any(word in path.name for word in PLEASANT) else "noise"
            kind = "applause" if any(word in path.name for word in CLAPPING) else kind
            kinds[kind].append(read_audio(path, RATE))
        measured = [read_audio(path, RATE) for path in sorted(rooms.rglob("*Room*.flac"))]
        return cls(tuple(kinds["noise"]), tuple(kinds["music"]), tuple(kinds["applause"]), tuple(measured))

    def noise(self, n_samples: int, snr: float | None, rng: np.random.Generator) -> Samples:
        """Return a noise so far below speech (dB); where there is none, the hiss of a good microphone."""
        if snr is None or not self.noises or rng.random() < STEADY_SHARE:
            sound = _long_steady(n_samples, rng)
        else:
            sound = recorded_noise(self.noises, n_samples, rng)
        return at_level(sound, LEVEL - (rng.uniform(45.0, 70.0) if snr is None else snr))


def _long_steady(n_samples: int, rng: np.random.Generator) -> Samples:
    """Return a steady noise: a minute of it, repeated."""
    return np.resize(steady_noise(RATE, min(n_samples, 60 * RATE), rng), n_samples)
