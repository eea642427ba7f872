"""Recordings of several channels for `legs.py`: calls with a channel for each end, and what looks like them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt
import soundfile
from _battery_compose import PEAK, Stock, audible
from _battery_sound import LEVEL, RATE
from _battery_turns import draw_turns
from _battery_voices import Tape, Voice, bridged, stretches
from scipy.signal import resample_poly

from diarize import Annotation, Turn
from diarize.training.channel import telephone
from diarize.training.levels import amplitude, at_level
from diarize.training.noise import recorded_noise, steady_noise
from diarize.training.rooms import ROOMS, in_room, synthetic_room

Samples = npt.NDArray[np.float32]
Spoken = tuple[int, int, npt.NDArray[np.bool_]]
"""Who says something, at which sample it begins, and in which of the following samples it is heard."""

CROSSTALK = (-15.0, -20.0, -25.0, -30.0, -40.0)  # dB, of a voice in the other channel relative to its own
SNRS = (None, 30.0, 25.0, 20.0, 15.0)  # dB
LINES = ("wide", "none", "ULAW", "ALAW", "GSM610")  # "wide" is 16 kHz without a line
LONGEST_DELAY = 0.2  # s
JITTER = 2.0  # dB; standard deviation of the level from turn to turn
ENOUGH = 15.0  # s of sound that a voice needs
WORDS = ("SC", "ASC")  # single words strung together, no talk
OTHERS = ("twice", "opposite", "silent", "hum", "room", "near microphones", "panned", "music")


@dataclass(frozen=True, slots=True)
class Case:
    """A recipe: the same one gives the same sound and the same reference.

    Parameters
    ----------
    name : str
    kind : str
        "legs", or one of `OTHERS`.
    seconds : float
    people : tuple of tuple of str
        The voices behind each channel; for other kinds than legs all are in the first.
    crosstalk : float, dB
    snr : float or None, dB
        None for the hiss of a good microphone.
    line : str
        One of `LINES`.
    seed : int
    """

    name: str
    kind: str
    seconds: float
    people: tuple[tuple[str, ...], ...]
    crosstalk: float
    snr: float | None
    line: str
    seed: int


@dataclass(frozen=True, slots=True)
class Stereo:
    """What is given to the diarizer, and what is true.

    Parameters
    ----------
    samples : array of shape (n_samples, 2)
    rate : int, Hz
    reference : Annotation
        A pause shorter than .35 s is none, wherever it is.
    divided : Annotation
        The same, but for pauses where one utterance of a speaker ends and the next one begins: it counted these too.
    legs : dict of str to int
        The channel of each speaker, counted from 1; empty where the channels are no legs.
    """

    samples: Samples
    rate: int
    reference: Annotation
    divided: Annotation
    legs: dict[str, int]


def cases(voices: Sequence[Voice], count: int, seed: int) -> list[Case]:
    """Return so many calls, and one recording of another kind for every second of them."""
    drawn = [_drawn("legs", k, voices, seed) for k in range(count)]
    return drawn + [_drawn(OTHERS[k % len(OTHERS)], k, voices, seed) for k in range(count // 2)]


def _drawn(kind: str, k: int, voices: Sequence[Voice], seed: int) -> Case:
    rng = np.random.default_rng(np.random.SeedSequence([seed, k, kind == "legs"]))
    sizes = (1, 1) if rng.random() < 0.75 else (1, 2) if rng.random() < 0.7 else (2, 2)
    n_people = sum(sizes)
    corpora: dict[str, list[Voice]] = {}
    for voice in voices:
        if voice.seconds >= ENOUGH and voice.corpus not in WORDS:
            corpora.setdefault(voice.corpus, []).append(voice)
    large = [corpora[name] for name in sorted(corpora) if len(corpora[name]) >= n_people]
    weight = np.sqrt([len(people) for people in large])
    people = large[int(rng.choice(len(large), p=weight / weight.sum()))]
    picked = [people[one] for one in rng.choice(len(people), n_people, replace=False)]
    names = [voice.name for voice in picked]
    longest = min(300.0, max(2 * sum(voice.seconds for voice in picked), 75.0))
    return Case(
        f"{kind.split()[0]}-{seed}-{k:03d}",
        kind,
        round(float(np.exp(rng.uniform(np.log(60.0), np.log(longest)))), 1),
        (tuple(names[: sizes[0]]), tuple(names[sizes[0] :])) if kind == "legs" else (tuple(names),),
        CROSSTALK[k % len(CROSSTALK)],
        SNRS[int(rng.integers(len(SNRS)))],
        LINES[int(rng.integers(len(LINES)))],
        int(rng.integers(2**62)),
    )


def compose(case: Case, stock: Stock) -> Stereo:
    """Return the sound of a case and its reference."""
    rng = np.random.default_rng(case.seed)
    names = [name for group in case.people for name in group]
    turns = draw_turns([events for some in stock.events.values() for events in some], len(names), case.seconds, rng)
    seconds = max(turn.end for turn in turns) + rng.uniform(0.3, 2.0)
    voices, spoken, hush = _voices(case, names, turns, int(seconds * RATE), stock, rng)
    if case.kind == "legs":
        sides = np.repeat(np.arange(2), [len(group) for group in case.people])
        ends = [np.sum(voices[sides == side], axis=0) for side in range(2)]
        channels = _legs(ends, [max(hush[sides == side]) for side in range(2)], case, stock, rng)
        legs = {name: int(side) + 1 for name, side in zip(names, sides, strict=True)}
    else:
        channels, legs = _others(voices, case, stock, rng), {}
    channels, rate = _through(channels, case)
    samples = np.stack(channels, axis=1) * np.float32(min(1.0, PEAK / max(float(np.abs(channels).max()), 1e-9)))
    divided = [
        Turn((at + a) / RATE, (at + b) / RATE, names[one]) for one, at, marks in spoken for a, b in stretches(marks)
    ]
    reference = _joined(names, spoken, voices.shape[1])
    return Stereo(
        samples.astype(np.float32), rate, Annotation(reference, case.name), Annotation(divided, case.name), legs
    )


def _joined(names: Sequence[str], spoken: Sequence[Spoken], n_samples: int) -> list[Turn]:
    """Return the turns of each person, short pauses between two utterances closed as those within one are."""
    whole = np.zeros((len(names), n_samples), np.bool_)
    for one, at, marks in spoken:
        whole[one, at : at + len(marks)] |= marks[: n_samples - at]
    return [
        Turn(a / RATE, b / RATE, name)
        for name, marks in zip(names, whole, strict=True)
        for a, b in stretches(bridged(marks))
    ]


def _voices(
    case: Case, names: Sequence[str], turns: Sequence[Turn], n_samples: int, stock: Stock, rng: np.random.Generator
) -> tuple[Samples, list[Spoken], npt.NDArray[np.float64]]:
    """Return what each person says, (n_people, n_samples), where it is heard in the noise, and the noise of each, dB.

    A microphone does not fall silent between turns: the noise is no softer than that in which the voice was recorded.
    """
    tapes = [Tape(stock.voices[name].occasion(), rng) for name in names]
    sounds, spoken = np.zeros((len(names), n_samples), np.float32), []
    level = amplitude(LEVEL)
    hush = np.array([LEVEL + _pauses(tape) for tape in tapes])
    if case.snr is not None:
        hush = np.maximum(hush, LEVEL - case.snr)
    for turn in turns:
        one, at = int(turn.speaker), int(turn.start * RATE)
        sound, marks = tapes[one].play(int(turn.duration * RATE))
        sound = sound * np.float32(level * amplitude(rng.normal(0.0, JITTER)))
        end = min(at + len(sound), n_samples)
        sounds[one, at:end] += sound[: end - at]
        spoken.append((one, at, audible(sound, marks, hush[one])))
    return sounds, spoken, hush


def _pauses(tape: Tape) -> float:
    """Return the level of a voice's pauses, dB relative to its speech; -60 where it has none."""
    pauses = tape.sound[~tape.marks].astype(np.float64) ** 2
    power = np.median(pauses[: len(pauses) // 160 * 160].reshape(-1, 160).mean(axis=1)) if len(pauses) > 1600 else 0.0
    return float(np.clip(10 * np.log10(power + 1e-6), -60.0, -10.0))


def _noise(n_samples: int, case: Case, stock: Stock, rng: np.random.Generator, least: float = -90.0) -> Samples:
    steady = rng.random() < 0.6 or not stock.sounds.noises
    sound = (
        np.resize(steady_noise(RATE, min(n_samples, 60 * RATE), rng), n_samples)
        if steady
        else recorded_noise(stock.sounds.noises, n_samples, rng)
    )
    return at_level(sound, max(least, LEVEL - (rng.uniform(45.0, 65.0) if case.snr is None else case.snr)))


def _delayed(sound: Samples, seconds: float) -> Samples:
    n_late = int(seconds * RATE)
    return np.concatenate([np.zeros(n_late, np.float32), sound[: len(sound) - n_late]])


def _legs(
    ends: Sequence[Samples], hush: Sequence[float], case: Case, stock: Stock, rng: np.random.Generator
) -> list[Samples]:
    """Return two channels: each end with its noise and what leaks into it of the other, at a level of its own."""
    leaks = []
    for sound in ends:
        leak = _delayed(sound, float(rng.choice([0.0, rng.uniform(0.0, LONGEST_DELAY)])))
        if rng.random() < 0.5:  # by air, else by wire
            leak = in_room(leak, synthetic_room(RATE, rng.uniform(0.15, 0.5), rng), 0)
        leaks.append(leak * np.float32(amplitude(case.crosstalk)))
    gains = rng.uniform(-10.0, 4.0, 2)
    return [
        (ends[k] + leaks[1 - k] + _noise(len(ends[k]), case, stock, rng, hush[k])) * np.float32(amplitude(gains[k]))
        for k in range(2)
    ]


def _others(voices: Samples, case: Case, stock: Stock, rng: np.random.Generator) -> list[Samples]:
    """Return two channels that are no legs."""
    mono = voices.sum(axis=0) + _noise(voices.shape[1], case, stock, rng)
    n_samples, time = len(mono), np.arange(len(mono)) / RATE
    if case.kind == "twice":
        return [mono, mono * np.float32(amplitude(rng.uniform(-12.0, 0.0)))]
    if case.kind == "opposite":
        return [mono, -mono]
    if case.kind == "silent":
        return [mono, np.zeros_like(mono)][:: int(rng.choice([1, -1]))]
    if case.kind == "hum":
        hum = np.sin(2 * np.pi * 50 * time) + 0.3 * np.sin(2 * np.pi * 150 * time)
        hiss = at_level(steady_noise(RATE, n_samples, rng), LEVEL - 25)
        return [mono, at_level(hum, LEVEL - rng.uniform(0.0, 20.0)) + hiss]
    if case.kind in ("room", "near microphones"):
        return _in_a_room(voices, case, stock, rng)
    spread = 8.0 if case.kind == "panned" else 0.0  # dB
    channels = [_noise(n_samples, case, stock, rng) for _ in range(2)]
    for voice in voices:
        side = rng.uniform(-spread, spread)
        for k, channel in enumerate(channels):
            channel += voice * np.float32(amplitude(side * (k - 0.5)))
    for channel in channels:
        music = recorded_noise(stock.sounds.music, n_samples, rng)
        channel += at_level(music, LEVEL - rng.uniform(6.0, 20.0))
    return channels


def _in_a_room(voices: Samples, case: Case, stock: Stock, rng: np.random.Generator) -> list[Samples]:
    """Return two microphones in a room: everybody is heard by both, nearer by one of them."""
    t60, most = rng.uniform(0.2, 0.7), 10.0 if case.kind == "near microphones" else 5.0
    channels = [_noise(voices.shape[1], case, stock, rng) for _ in range(2)]
    for number, voice in enumerate(voices):
        side = rng.uniform(0.6, 1.0) * most * (-1) ** number if most > 5 else rng.uniform(-most, most)
        for k, channel in enumerate(channels):
            late = _delayed(voice, rng.uniform(0.0, 0.008))
            channel += in_room(late, synthetic_room(RATE, t60, rng, ROOMS), 0) * np.float32(amplitude(side * (k - 0.5)))
    return channels


def _through(channels: Sequence[Samples], case: Case) -> tuple[list[Samples], int]:
    """Return the channels as they are recorded, and the rate; no noise is added that the marks do not know."""
    if case.line == "wide":
        return list(channels), RATE
    if case.kind != "legs":
        return [resample_poly(channel, 1, 2).astype(np.float32) for channel in channels], RATE // 2
    narrow = [resample_poly(telephone(channel, RATE), 1, 2).astype(np.float32) for channel in channels]
    return narrow if case.line == "none" else [_coded(channel, case.line) for channel in narrow], RATE // 2


def _coded(channel: Samples, codec: str) -> Samples:
    """Return what a codec leaves of a channel at 8 kHz."""
    stored = BytesIO()
    soundfile.write(stored, np.clip(channel, -1, 1), RATE // 2, format="WAV", subtype=codec)
    stored.seek(0)
    return np.resize(soundfile.read(stored, dtype="float32")[0], len(channel))
