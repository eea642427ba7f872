"""Scenes with exact marks of speech, composed of clean utterances, rooms, noise, music and distant talk.

Real recordings with exact marks are rare. Where an utterance, clean as it is, has energy, there is speech, whatever is
then laid over it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, rfft
from scipy.ndimage import uniform_filter1d
from scipy.signal import fftconvolve

from diarize.errors import ModelError
from diarize.training.augment import equalise, synthetic_room, telephone

Samples = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Loader = Callable[[], Samples]

_STEP = 0.01  # s; frame of the energy rule
_DIGITAL_SILENCE = -90.0  # dB
_LEVEL = -25.0  # dB; speech in a scene before its gain, about which all other levels are drawn
_ATTEMPTS = 200  # turns at most, so that material without speech cannot hold things up


@dataclass(frozen=True, slots=True)
class Material:
    """What scenes are composed of, all at one sample rate.

    Parameters
    ----------
    sample_rate : int
        Hz.
    speakers : sequence of sequence of callable
        For each speaker, functions that load an utterance (n_samples,); called when the utterance is used.
    noises : sequence of array, each (n_samples,)
        Backgrounds, events and music; free of speech.
    rooms : sequence of array, each (n_taps,)
        Measured impulse responses; half of the rooms are synthetic all the same.

    Raises
    ------
    ModelError
        When there are no speakers.
    """

    sample_rate: int
    speakers: Sequence[Sequence[Loader]]
    noises: Sequence[Samples] = ()
    rooms: Sequence[Samples] = ()

    def __post_init__(self) -> None:
        if not any(len(speaker) for speaker in self.speakers):
            raise ModelError("no speech to train a detector from: give at least one speaker with one utterance")

    def n_samples(self, seconds: float) -> int:
        """Return how many samples `seconds` are."""
        return round(seconds * self.sample_rate)


def compose_scene(material: Material, rng: np.random.Generator) -> tuple[Samples, Mask]:
    """Compose one scene: a conversation of up to four people, or of none, before a background.

    Returns
    -------
    samples : array of shape (n_samples,)
        The sound.
    speech : array of shape (n_samples,)
        Where somebody in the foreground speaks.
    """
    n_samples = material.n_samples(float(rng.choice([4.0, 12.0, 30.0, 60.0], p=[0.1, 0.2, 0.45, 0.25])))
    if rng.random() < 0.25:
        sound, speech = np.zeros(n_samples, np.float32), np.zeros(n_samples, np.bool_)
        if len(material.noises) and rng.random() < 0.6:
            sound += _scaled(_recorded(material, n_samples, rng), rng.uniform(-20.0, 0.0))
    else:
        sound, speech = _conversation(material, n_samples, rng)
    sound += background(material, n_samples, rng)
    add_events(sound, material, rng)
    if rng.random() < 0.1:
        sound = telephone(sound, material.sample_rate)
    sound *= np.float32(10 ** (rng.uniform(-15.0, 10.0) / 20))
    if rng.random() < 0.05:
        sound *= np.float32(10 ** (rng.uniform(0.0, 10.0) / 20))
        np.clip(sound, -0.3, 0.3, out=sound)
    if rng.random() < 0.5:
        sound = (np.round(sound * 32768) / 32768).astype(np.float32)
    return sound, speech


def mark_speech(utterance: Samples, sample_rate: int) -> Mask:
    """Tell where in a clean utterance there is speech, by its energy; pauses under 0.25 s are part of it.

    Parameters
    ----------
    utterance : array of shape (n_samples,)
        Speech of one person, without noise.
    sample_rate : int
        Hz.

    Returns
    -------
    array of shape (n_samples,)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> word = np.r_[np.zeros(8000), rng.normal(size=8000), np.zeros(8000)].astype(np.float32)
    >>> float(mark_speech(word, 16000).mean().round(1))
    0.4
    """
    step = round(_STEP * sample_rate)
    n_frames = len(utterance) // step
    if n_frames < 3:
        return np.zeros(len(utterance), np.bool_)
    power = np.mean(utterance[: n_frames * step].reshape(n_frames, step).astype(np.float64) ** 2, axis=1)
    level = uniform_filter1d(10 * np.log10(uniform_filter1d(power, 3) + 1e-10), 5)
    quiet, loud = np.quantile(level, (0.05, 0.95))
    marks = level > max(loud - 34.0, min(quiet + 5.0, loud - 12.0), _DIGITAL_SILENCE)
    for start, end in _runs(marks):
        if end - start < 8:
            marks[start:end] = False
    for start, end in _runs(marks):  # sounds fade out slower than they set in
        marks[max(start - 1, 0) : end + 4] = True
    for start, end in _runs(~marks):
        if end - start < 25 and start > 0 and end < n_frames:
            marks[start:end] = True
    return np.pad(np.repeat(marks, step), (0, len(utterance) - n_frames * step))


def _runs(marks: Mask) -> npt.NDArray[np.intp]:
    """Return first and one past the last of each stretch of true values, shape (n, 2)."""
    return np.flatnonzero(np.diff(marks.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)


def _conversation(material: Material, n_samples: int, rng: np.random.Generator) -> tuple[Samples, Mask]:
    """Let one to four people speak in turn in one room, with pauses or some overlap between turns."""
    sound, speech = np.zeros(n_samples, np.float32), np.zeros(n_samples, np.bool_)
    voices = [Voice.draw(material, rng) for _ in range(rng.integers(1, 5))]
    in_room, pause = rng.random() < 0.6, rng.choice([0.25, 0.5, 1.0, 3.0, 15.0], p=[0.24, 0.24, 0.24, 0.2, 0.08])
    at = material.n_samples(rng.uniform(0.0, 2.0))
    for _ in range(_ATTEMPTS):
        utterance, marks = voices[int(rng.integers(len(voices)))].speak(material, in_room, rng)
        sound[at : at + len(utterance)] += utterance[: n_samples - at]
        speech[at : at + len(marks)] |= marks[: n_samples - at]
        at += len(marks)
        chance = rng.random()
        if chance < 0.15:
            at -= min(material.n_samples(rng.exponential(0.7)), int(0.7 * len(marks)))
        elif chance < 0.8:
            at += material.n_samples(rng.exponential(pause))
        if at >= n_samples - material.n_samples(0.5):
            break
    return sound, speech


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker at a place: level, tone and echo stay the same from turn to turn."""

    utterances: Sequence[Loader]
    gain: float
    tone: int
    echo: Samples

    @classmethod
    def draw(cls, material: Material, rng: np.random.Generator) -> Voice:
        speakers = [speaker for speaker in material.speakers if len(speaker)]
        utterances = speakers[int(rng.integers(len(speakers)))]
        return cls(utterances, rng.normal(0.0, 3.5), int(rng.integers(2**31)), _room(material, rng))

    def speak(self, material: Material, in_room: bool, rng: np.random.Generator) -> tuple[Samples, Mask]:
        """Return an utterance (or a part of at most 8 s of one) and its marks."""
        sound = _excerpt(self.utterances, material, rng)
        marks = mark_speech(sound, material.sample_rate)
        if not marks.any():
            return np.zeros(0, np.float32), np.zeros(0, np.bool_)
        level = _LEVEL + self.gain + rng.normal(0.0, 2.0)
        sound = sound * (10 ** (level / 20) / _rms(sound[marks]))
        fade = min(material.n_samples(0.01), len(sound) // 2)
        sound[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
        sound[len(sound) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
        sound = equalise(sound, material.sample_rate, np.random.default_rng(self.tone))
        return (_echoed(sound, self.echo, material.n_samples(0.5)) if in_room else sound), marks


def background(material: Material, n_samples: int, rng: np.random.Generator) -> Samples:
    """Return a background: nearly nothing, a recorded noise or music, a steady noise, or many people far away."""
    kind = rng.random()
    if kind < 0.05:
        return np.zeros(n_samples, np.float32)
    if kind < 0.2:
        sound = _scaled(_steady(material, n_samples, rng), -rng.uniform(30.0, 60.0))
    elif kind < 0.45 and len(material.noises):
        sound = _scaled(_recorded(material, n_samples, rng), -rng.uniform(3.0, 30.0))
    elif kind < 0.75:
        sound = _scaled(_steady(material, n_samples, rng), -rng.uniform(3.0, 35.0))
    else:
        crowd = np.sum([_distant(material, n_samples, 0.5, rng) for _ in range(rng.integers(3, 9))], axis=0)
        sound = _scaled(crowd, -rng.uniform(14.0, 35.0))
        sound += _scaled(_steady(material, n_samples, rng), -rng.uniform(20.0, 40.0))
    if rng.random() < 0.3:  # somebody in the next room
        sound = sound + _scaled(_distant(material, n_samples, 2.0, rng), -rng.uniform(18.0, 32.0))
    if rng.random() < 0.3:  # it comes and goes
        swell = 10 ** (rng.normal(0.0, 3.0, 8) / 20)
        sound = sound * np.interp(np.arange(n_samples), np.linspace(0, n_samples, 8), swell).astype(np.float32)
    return sound


def add_events(sound: Samples, material: Material, rng: np.random.Generator) -> None:
    """Add knocks, rustles and bursts of music, 0.05 to 6 s long, in place."""
    seconds = len(sound) / material.sample_rate
    for _ in range(rng.poisson(seconds / 6 * rng.choice([0, 1, 2])) if len(material.noises) else 0):
        length = material.n_samples(float(rng.choice([0.05, 0.2, 0.6, 2.0, 4.0]) * rng.uniform(0.5, 1.5)))
        length = min(length, len(sound) - 1)
        start = int(rng.integers(len(sound) - length))
        event = _recorded(material, length, rng) * np.hanning(length).astype(np.float32) ** 0.3
        sound[start : start + length] += _scaled(event, rng.uniform(-22.0, 2.0))


def _distant(material: Material, n_samples: int, pause: float, rng: np.random.Generator) -> Samples:
    """Return one person talking on and on in a large room."""
    voice, sound, at = Voice.draw(material, rng), np.zeros(n_samples, np.float32), 0
    for _ in range(_ATTEMPTS):
        utterance = _excerpt(voice.utterances, material, rng)[: n_samples - at]
        sound[at : at + len(utterance)] = utterance / max(_rms(utterance), 1e-9)
        at += len(utterance) + material.n_samples(rng.exponential(pause))
        if at >= n_samples:
            break
    return _echoed(sound, synthetic_room(material.sample_rate, rng.uniform(0.3, 0.8), rng))


def _steady(material: Material, n_samples: int, rng: np.random.Generator) -> Samples:
    """Return a steady noise with a random smooth spectrum, at times with a hum."""
    octave = np.log2(np.maximum(np.fft.rfftfreq(n_samples, 1 / material.sample_rate), 30.0) / 30.0)
    gain = -rng.uniform(0.0, 6.0) * octave
    for _ in range(4):
        centre, width = rng.uniform(0.0, 9.0), rng.uniform(0.3, 1.5)
        gain += rng.normal(0.0, 5.0) * np.exp(-0.5 * ((octave - centre) / width) ** 2)
    noise = rfft(rng.standard_normal(n_samples).astype(np.float32)) * (10 ** (gain / 20)).astype(np.float32)
    sound: Samples = irfft(noise, n_samples)
    if rng.random() < 0.4:
        base, time = rng.choice([50.0, 60.0, rng.uniform(40.0, 300.0)]), np.arange(n_samples) / material.sample_rate
        hum = np.zeros(n_samples)
        for k in range(1, int(rng.integers(2, 12))):
            hum += rng.exponential() / k * np.sin(2 * np.pi * base * k * time + rng.uniform(0.0, 2 * np.pi))
        sound = sound / _rms(sound) + (hum / _rms(hum) * 10 ** (rng.uniform(-15.0, 6.0) / 20)).astype(np.float32)
    return sound


def _recorded(material: Material, n_samples: int, rng: np.random.Generator) -> Samples:
    noise = material.noises[int(rng.integers(len(material.noises)))]
    return np.resize(np.roll(noise, -int(rng.integers(len(noise)))), n_samples)


def _excerpt(utterances: Sequence[Loader], material: Material, rng: np.random.Generator) -> Samples:
    """Return 2 to 8 s of an utterance, all of it when it is shorter."""
    sound = utterances[int(rng.integers(len(utterances)))]()
    length = min(len(sound), material.n_samples(rng.uniform(2.0, 8.0)))
    start = int(rng.integers(len(sound) - length + 1))
    return sound[start : start + length]


def _room(material: Material, rng: np.random.Generator) -> Samples:
    if len(material.rooms) and rng.random() < 0.5:
        return material.rooms[int(rng.integers(len(material.rooms)))]
    return synthetic_room(material.sample_rate, rng.uniform(0.15, 0.8), rng)


def _echoed(sound: Samples, response: Samples, tail: int = 0) -> Samples:
    lead = int(np.argmax(np.abs(response)))  # keep the direct sound where it was
    wet: Samples = fftconvolve(sound, response)[lead : lead + len(sound) + tail]
    return wet.astype(np.float32)


def _scaled(sound: Samples, decibels: float) -> Samples:
    """Return the sound at a level relative to speech; silence stays silent."""
    return (sound * (10 ** ((_LEVEL + decibels) / 20) / max(_rms(sound), 1e-9))).astype(np.float32)


def _rms(sound: npt.NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(sound.astype(np.float64) ** 2))) if len(sound) else 0.0
