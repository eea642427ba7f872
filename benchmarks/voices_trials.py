"""Trials of voices from folders of speech: the speech frames of every session, pieces of them, pairs of pieces.

A folder holds a folder for each speaker; the part of a file's name before `__` names its session (mood, phone, day,
list). A MANIFEST.csv beside the speakers may give `corpus` and `sex`; without it the corpus is the folder's name up to
the first underscore.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diarize.audio import read_audio
from diarize.config import FeatureConfig
from diarize.features import effective_band, log_mel, normalise, voice_features
from diarize.model import Model
from diarize.training.material import Person, people_in, session_of
from diarize.training.rooms import draw_room, in_room
from diarize.training.spool import loud_frames

Features = npt.NDArray[np.float32]
Samples = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]
Sessions = Mapping[str, Features]

_TELEPHONE = 4000.0  # Hz; a corpus whose sound does not reach beyond is measured in the narrow band


class Condition(NamedTuple):
    """What differs between the two sides of a trial of one speaker."""

    other_session: bool
    other_room: bool


CONDITIONS = {
    "same": Condition(False, False),
    "other": Condition(True, False),
    "same-room": Condition(False, True),
    "other-room": Condition(True, True),
}


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """The speech of one speaker.

    Parameters
    ----------
    name, corpus, sex : str
        Sex is empty where it is not known.
    reach : float, Hz
        How far up the sound has content.
    sessions : mapping of str to mapping of str to array of shape (n_frames, n_features)
        For each band of the model and each session the features of the frames with speech, not normalised.
    """

    name: str
    corpus: str
    sex: str
    reach: float
    sessions: Mapping[str, Sessions]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some seconds of one speaker: normalised features, the number of the speaker and of the session it begins with."""

    frames: Features
    speaker: int
    session: int


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """Pairs of pieces.

    Parameters
    ----------
    pieces : list of Piece
    pairs : array of int, shape (n_trials, 2)
        Numbers of pieces.
    same : array of bool, shape (n_trials,)
    speakers : array of int, shape (n_trials, 2)
        Whose the two sides are.
    """

    pieces: list[Piece]
    pairs: Indices
    same: npt.NDArray[np.bool_]
    speakers: Indices


def manifest(folder: Path) -> dict[str, dict[str, str]]:
    """Return the rows of the manifest by speaker; none where there is no manifest."""
    path = folder / "MANIFEST.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["speaker"]: row for row in csv.DictReader(file)}


def list_people(folders: Iterable[Path], corpora: Sequence[str] = ()) -> list[tuple[Person, str, str]]:
    """Return each speaker of some folders, with corpus and sex.

    Parameters
    ----------
    folders : iterable of path
    corpora : sequence of str
        Only these, in small letters; all where it is empty.
    """
    people = []
    for folder in folders:
        rows = manifest(folder)
        for person in people_in(folder):
            row = rows.get(person.name, {})
            corpus = (row.get("corpus") or person.name.partition("_")[0]).lower()
            if not corpora or corpus in corpora:
                people.append((person, corpus, row.get("sex") or ""))
    return people


def speech_frames(
    files: Sequence[Path], model: Model, room: Samples | None = None
) -> tuple[float, dict[str, dict[str, Features]]]:
    """Return how far up the sound of a speaker reaches, and the speech in each session as each band sees it.

    Parameters
    ----------
    files : sequence of path
    model : Model
        Its bands and filters are used.
    room : array of shape (n_taps,), optional
        An impulse response that the sound is played through. What is speech is decided before.

    Returns
    -------
    reach : float, Hz
    sessions : dict of str to dict of str to array of shape (n_frames, n_features)
        By band, then by session; features are not normalised.
    """
    wide = model.bands["wide"].features
    sounds: dict[str, list[Samples]] = {}
    for path in files:
        sounds.setdefault(session_of(path), []).append(read_audio(path, wide.sample_rate))
    sessions: dict[str, dict[str, Features]] = {name: {} for name in model.bands}
    heard = []
    for session, parts in sounds.items():
        samples = np.concatenate(parts)
        dry = log_mel([samples], wide, model.filters)
        speech = loud_frames(dry)
        if not speech.any():
            continue
        heard.append(dry[speech])
        spectrum = dry if room is None else log_mel([in_room(samples, room)], wide, model.filters)
        for name, band in model.bands.items():
            plain = band.features.with_(normalisation="none")
            sessions[name][session] = voice_features(spectrum[:, : plain.n_mels], speech, plain)
    reach = effective_band(np.concatenate(heard), wide, model.filters) if heard else wide.f_max
    return reach, sessions


def room_of(name: str, rooms: Sequence[Samples], sample_rate: int, seed: int) -> Samples:
    """Return the room of a speaker, by chance: another one for each name and seed."""
    return draw_room(rooms, sample_rate, np.random.default_rng([seed, zlib.crc32(name.encode())]))


def band_of(voices: Sequence[Voice], model: Model) -> str:
    """Return the band that a corpus is measured in: the narrow one where most voices are of telephone sound."""
    narrow = np.median([voice.reach for voice in voices]) <= _TELEPHONE
    return "narrow" if narrow and "narrow" in model.bands else "wide"


def normalised(sessions: Sessions, features: FeatureConfig) -> dict[str, Features]:
    """Return the features of each session, normalised over it as the diarizer does over a recording."""
    window = round(features.window / features.frame_step)
    return {
        name: np.ascontiguousarray(normalise(x, features.normalisation, window), dtype=np.float32)
        for name, x in sessions.items()
    }


def gather(names: Sequence[str], lengths: Mapping[str, int], n_frames: int, rng: np.random.Generator) -> list[str]:
    """Return as few sessions as hold so many frames: one by chance, then those with the most similar names.

    Parameters
    ----------
    names : sequence of str
        Sessions to choose from.
    lengths : mapping of str to int
        Frames in each.
    n_frames : int
    rng : numpy.random.Generator

    Returns
    -------
    list of str
        Empty where all together are too short.
    """
    if sum(lengths[name] for name in names) < n_frames:
        return []
    order = [names[index] for index in rng.permutation(len(names))]
    first = order[0]
    order.sort(key=lambda name: (name != first, -_n_alike(name, first)))
    held = np.cumsum([lengths[name] for name in order])
    return order[: int(np.searchsorted(held, n_frames)) + 1]


def _n_alike(name: str, other: str) -> int:
    """Return how many letters two names begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(name, other, strict=False)))


def cut(parts: Sequence[Features], n_frames: int, rng: np.random.Generator) -> Features:
    """Return so many frames: all of the first parts, and a stretch by chance of the last one that is needed."""
    taken, left = [], n_frames
    for x in parts:
        n_taken = min(len(x), left)
        start = int(rng.integers(len(x) - n_taken + 1))
        taken.append(x[start : start + n_taken])
        left -= n_taken
    return np.concatenate(taken)


def two_sides(
    near: Sessions, far: Sessions, n_frames: int, other_session: bool, rng: np.random.Generator
) -> tuple[tuple[str, Features], tuple[str, Features]] | None:
    """Return two pieces of a speaker that share no sound, each with its first session; None where speech is short.

    Parameters
    ----------
    near, far : mapping of str to array of shape (n_frames, n_features)
        The same sessions as they are heard on the first and on the second side.
    n_frames : int
        Of each side.
    other_session : bool
        Whether the sides share no session. They are of the same ones otherwise, the earlier and the later half of each.
    rng : numpy.random.Generator
    """
    names, lengths = list(near), {name: len(x) for name, x in near.items()}
    if other_session:
        first = gather(names, lengths, n_frames, rng)
        second = gather([name for name in names if name not in first], lengths, n_frames, rng)
        if not first or not second:
            return None
        left, right = [near[name] for name in first], [far[name] for name in second]
    else:
        halves = {name: length // 2 for name, length in lengths.items()}
        first = second = gather(names, halves, n_frames, rng)
        if not first:
            return None
        left, right = [near[name][: halves[name]] for name in first], [far[name][halves[name] :] for name in first]
    return (first[0], cut(left, n_frames, rng)), (second[0], cut(right, n_frames, rng))


def make_trials(
    sides: Sequence[tuple[Voice, Sessions, Sessions]],
    n_frames: int,
    other_session: bool,
    rng: np.random.Generator,
    n_each: int = 10,
    n_others: int = 10,
) -> Trials:
    """Compose trials within one corpus.

    Parameters
    ----------
    sides : sequence of (Voice, near, far)
        Each speaker with normalised sessions as heard on the first and on the second side.
    n_frames, other_session, rng
        As for `two_sides`.
    n_each : int
        Trials of one speaker that are tried for each.
    n_others : int
        Trials of two people for each of these: a first side and the second side of somebody of the same sex, as far as
        sexes are known.
    """
    pieces: list[Piece] = []
    for speaker, (_, near, far) in enumerate(sides):
        numbers = {name: number for number, name in enumerate(near)}
        for _ in range(n_each):
            pair = two_sides(near, far, n_frames, other_session, rng)
            if pair is not None:
                pieces += [Piece(frames, speaker, numbers[session]) for session, frames in pair]
    owners = np.array([piece.speaker for piece in pieces], dtype=np.intp)
    sexes = np.array([voice.sex for voice, _, _ in sides])
    pairs = [(first, first + 1) for first in range(0, len(pieces), 2)]
    for first in range(0, len(pieces), 2):
        own = sexes[owners[first]]
        alike = (sexes == own) | (sexes == "") | (own == "")
        strangers = np.flatnonzero(alike[owners[1::2]] & (owners[1::2] != owners[first])) * 2 + 1
        chosen = rng.choice(strangers, min(n_others, len(strangers)), replace=False) if len(strangers) else []
        pairs += [(first, int(second)) for second in chosen]
    table = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    speakers = owners[table] if len(table) else table
    return Trials(pieces, table, speakers[:, 0] == speakers[:, 1], speakers)


def training_pieces(voices: Sequence[Sessions], n_frames: int, least: int = 100) -> list[Piece]:
    """Cut all speech into pieces that stay within a session: of about that length, or as long as the session is.

    Parameters
    ----------
    voices : sequence of mapping of str to array of shape (n_frames, n_features)
        The normalised sessions of each speaker.
    n_frames : int
    least : int
        Frames; shorter sessions are left out.
    """
    pieces = []
    for speaker, sessions in enumerate(voices):
        for session, x in enumerate(sessions.values()):
            if len(x) >= least:
                parts: list[Any] = np.array_split(x, max(1, round(len(x) / n_frames)))
                pieces += [Piece(part, speaker, session) for part in parts]
    return pieces
