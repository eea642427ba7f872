"""The sound of the battery: a conversation is composed from its recipe, with exact marks of who speaks when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from _battery_sound import CODECS, LEVEL, RATE, Place, Sounds, dialling, equal_spectra, places_in_room, through_line
from _battery_strata import Conversation
from _battery_turns import Event, draw_turns, read_events, with_breaks
from _battery_voices import Session, Tape, Voice, bridged, stretches, voices_in
from scipy.ndimage import uniform_filter1d
from scipy.signal import resample_poly

from diarize import Annotation, Turn
from diarize.training.levels import amplitude, at_level

Samples = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

STYLES = ("ami", "voxconverse", "calls")
OF_STRATUM = {"calls": ("calls",), "meetings": ("ami",), "broadcast": ("voxconverse",)}  # elsewhere all styles
ROOM = 0.4  # share of the other conversations that are held in a room that is heard
JITTER = 2.0  # dB; standard deviation of the level from turn to turn
AUDIBLE = 6.0  # dB that the softest speaker has over the noise at least, by level
FAINT = -5.0  # dB relative to the noise; nobody follows speech below, nor would mark it (Plomp and Mimpen 1979)
SYLLABLE = 0.15  # s over which the level of speech is taken for that
PEAK = 0.95  # of the finished sound at most


@dataclass(frozen=True, slots=True)
class Stock:
    """All that conversations are composed of.

    Parameters
    ----------
    voices : mapping of str to Voice
    events : mapping of str to list
        Real turns of each style, a list for each reference.
    sounds : Sounds
    """

    voices: Mapping[str, Voice]
    events: Mapping[str, Sequence[Sequence[Event]]]
    sounds: Sounds

    @classmethod
    def read(cls, folder: Path, speech: Sequence[str]) -> Stock:
        """Read voices, real turns, noises and rooms below a folder."""
        voices = {voice.name: voice for voice in voices_in(folder / name for name in speech)}
        events = read_events(folder / "recordings" / "dev", STYLES)
        return cls(voices, events, Sounds.read(folder / "noise", folder / "rir"))


@dataclass(frozen=True, slots=True)
class Recording:
    """What is given to the diarizer, and what is true.

    Parameters
    ----------
    samples : array of shape (n_samples,)
    rate : int, Hz
    reference : Annotation
    """

    samples: Samples
    rate: int
    reference: Annotation


def compose(conversation: Conversation, stock: Stock) -> Recording:
    """Return the sound of a conversation and its reference."""
    rng = np.random.default_rng(conversation.seed)
    turns, breaks = _plan(conversation, stock, rng)
    seconds = max(turn.end for turn in turns) + rng.uniform(0.3, 2.0)
    places = places_of(conversation, stock.sounds, rng)
    snr = None if conversation.snr is None else max(conversation.snr, AUDIBLE - min(place.gain for place in places))
    noise = None if snr is None else LEVEL - snr
    legs, spoken = legs_of(conversation, turns, seconds, places, noise, stock, rng)
    for start, end in breaks:
        at = int(start * RATE)
        sound = _break(conversation, end - start, stock.sounds, rng)
        legs[0][at : at + len(sound)] += sound[: len(legs[0]) - at]
    mixed = mixed_down(conversation, legs, snr, stock.sounds, rng)
    samples = mixed * np.float32(min(1.0, PEAK / max(float(np.abs(mixed).max()), 1e-9)))
    return Recording(samples, conversation.rate, Annotation(spoken, conversation.name))


def _plan(
    conversation: Conversation, stock: Stock, rng: np.random.Generator
) -> tuple[list[Turn], list[tuple[float, float]]]:
    """Return the turns, and the breaks between them in which something else is heard."""
    styles = OF_STRATUM.get(conversation.stratum, STYLES)
    references = [events for style in styles for events in stock.events[style]]
    turns = draw_turns(references, len(conversation.speakers), conversation.seconds, rng)
    if conversation.stratum in ("broadcast", "calls"):
        return with_breaks(turns, _break_lengths(conversation, rng), rng)
    return turns, []


def legs_of(
    conversation: Conversation,
    turns: Sequence[Turn],
    seconds: float,
    places: Sequence[Place],
    noise: float | None,
    stock: Stock,
    rng: np.random.Generator,
) -> tuple[list[Samples], list[Turn]]:
    """Return what is said, for a call one sound a speaker and else one for all, and where it is heard in the noise."""
    tapes = _tapes(conversation, stock, rng)
    n_legs = len(tapes) if conversation.stratum == "calls" else 1
    legs, spoken = [np.zeros(int(seconds * RATE), np.float32) for _ in range(n_legs)], []
    for number, turn in enumerate(turns):
        one, at = int(turn.speaker), int(turn.start * RATE)
        tape = tapes[one][_session(conversation, number, len(turns), len(tapes[one]), rng)]
        sound, marks = tape.play(int(turn.duration * RATE))
        heard = places[one].hear(sound * np.float32(amplitude(rng.normal(0.0, JITTER))))
        leg = legs[one % n_legs]
        leg[at : at + len(heard)] += heard[: len(leg) - at]
        if noise is not None:
            marks = audible(heard[: len(marks)], marks, noise)
        spoken += [Turn((at + a) / RATE, (at + b) / RATE, conversation.speakers[one]) for a, b in stretches(marks)]
    return legs, spoken


def audible(sound: Samples, marks: Mask, noise: float) -> Mask:
    """Return the marks without the speech that a noise covers; short pauses stay part of what is left.

    Parameters
    ----------
    sound : array of shape (n_samples,)
        What is heard of one speaker.
    marks : array of shape (n_samples,)
        Where there is speech.
    noise : float, dB
        Relative to 1.

    References
    ----------
    Plomp and Mimpen, "Improving the reliability of testing the speech reception threshold for sentences", Audiology
    18, 1979: half of all sentences are understood at about -5 dB.
    """
    power = uniform_filter1d(sound.astype(np.float64) ** 2, int(SYLLABLE * RATE))
    return bridged(marks & (power > 10 ** ((noise + FAINT) / 10)))


def mixed_down(
    conversation: Conversation, legs: Sequence[Samples], snr: float | None, sounds: Sounds, rng: np.random.Generator
) -> Samples:
    """Return the finished sound at the rate of the conversation."""
    if conversation.stratum == "calls":
        if snr is not None:  # around one of the two
            legs[0][:] += sounds.noise(len(legs[0]), snr, rng)
        narrow = np.sum([through_line(leg, str(rng.choice(CODECS)), rng) for leg in legs], axis=0)
        return narrow if conversation.rate < RATE else resample_poly(narrow, 2, 1).astype(np.float32)
    (sound,) = legs
    if conversation.stratum == "broadcast" and sounds.music and rng.random() < 0.6:
        n_samples = min(int(rng.uniform(15.0, 60.0) * RATE), len(sound))
        at = int(rng.integers(len(sound) - n_samples + 1))
        sound[at : at + n_samples] += _excerpt(sounds.music, n_samples, -rng.uniform(12.0, 25.0), rng)
    sound += sounds.noise(len(sound), snr, rng)
    return sound if conversation.rate == RATE else resample_poly(sound, 1, 2).astype(np.float32)


def _tapes(conversation: Conversation, stock: Stock, rng: np.random.Generator) -> list[list[Tape]]:
    """Return for each speaker a tape for each session that may be heard; several only where sessions shall differ."""
    varied = conversation.kind in ("moods", "phones and days")
    tapes = []
    for name in conversation.speakers:
        voice = stock.voices[name]
        if conversation.kind == "one session":
            groups: list[tuple[Session, ...]] = [(voice.longest(),)]
        elif varied:
            groups = [(voice.sessions[k],) for k in rng.permutation(len(voice.sessions))]
        else:
            groups = [voice.occasion()]
        tapes.append([Tape(group, rng) for group in groups])
    if conversation.stratum == "equalised":
        for (tape,), sound in zip(tapes, equal_spectra([tape.sound for (tape,) in tapes]), strict=True):
            tape.sound = sound
    return tapes


def _session(conversation: Conversation, number: int, n_turns: int, n_tapes: int, rng: np.random.Generator) -> int:
    """Return which tape of a speaker is played: moods change from turn to turn, phones and days one after the other."""
    if conversation.kind == "phones and days":
        return min(number * n_tapes // n_turns, n_tapes - 1)
    return int(rng.integers(n_tapes))


def places_of(conversation: Conversation, sounds: Sounds, rng: np.random.Generator) -> list[Place]:
    n_people, span = len(conversation.speakers), conversation.span
    if conversation.stratum == "meetings" or (conversation.stratum != "calls" and rng.random() < ROOM):
        return places_in_room(n_people, span, rng, sounds.rooms)
    gains = rng.uniform(-span / 2, span / 2, n_people)
    tones = rng.integers(2**31, size=n_people)
    if conversation.stratum == "equalised":
        return [Place(float(gain)) for gain in gains]
    one_microphone = conversation.stratum != "calls" and rng.random() < 0.5
    return [Place(float(gain), int(tones[0 if one_microphone else k])) for k, gain in enumerate(gains)]


def _break_lengths(conversation: Conversation, rng: np.random.Generator) -> list[float]:
    if conversation.stratum == "calls":
        return [float(rng.uniform(3.0, 11.0))] if rng.random() < 0.3 else []
    return rng.uniform(2.0, 9.0, 1 + rng.poisson(conversation.seconds / 60)).tolist()


def _break(conversation: Conversation, seconds: float, sounds: Sounds, rng: np.random.Generator) -> Samples:
    """Return what is heard while nobody speaks: tones of a call, a jingle or applause."""
    n_samples = int(seconds * RATE)
    if conversation.stratum == "calls":
        return dialling(seconds, rng)[:n_samples]
    kinds = [kind for kind in (sounds.music, sounds.music, sounds.applause) if kind]
    if not kinds:
        return np.zeros(n_samples, np.float32)
    kind = kinds[int(rng.integers(len(kinds)))]
    return _excerpt(kind, n_samples, rng.uniform(-8.0, 3.0), rng)


def _excerpt(kind: Sequence[Samples], n_samples: int, level: float, rng: np.random.Generator) -> Samples:
    sound = kind[int(rng.integers(len(kind)))]
    sound = np.resize(np.roll(sound, -int(rng.integers(len(sound)))), n_samples)
    return at_level(sound * np.hanning(n_samples).astype(np.float32) ** 0.2, LEVEL + level)
