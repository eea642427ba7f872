"""The voices of the battery: speakers with their sessions, and what each of them says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from string import ascii_letters

import numpy as np
import numpy.typing as npt
import soundfile

from diarize.audio import read_audio
from diarize.training.levels import rms
from diarize.training.marks import MARKS, mark_speech
from diarize.training.material import people_in, session_of

RATE = 16000  # Hz; everything is composed at it
TAUGHT = ("WUW2", "DSPSPEECH", "GCOMPRIS", "ASTERISK")  # sessions are phones, days or word lists; elsewhere moods
LIVELY = ("ang", "fear", "surpris", "disgust", "02")  # in the names of sessions in a strong mood
FADE = 0.01  # s
JOINT = 0.2  # s; pause between two files
LABELLED = replace(MARKS, pause=35)  # real references of calls divide a turn at pauses from about 0.35 s on

Samples = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Session:
    """What a speaker said in one mood, on one phone or on one day.

    Parameters
    ----------
    name : str
    files : tuple of Path
    seconds : float
    """

    name: str
    files: tuple[Path, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker.

    Parameters
    ----------
    name : str
        The corpus, a low line and more.
    sessions : tuple of Session
    """

    name: str
    sessions: tuple[Session, ...]

    @property
    def corpus(self) -> str:
        """The part of the name before the first low line, or the letters that it begins with."""
        corpus, mark, _ = self.name.partition("_")
        return corpus if mark else corpus[: len(corpus) - len(corpus.lstrip(ascii_letters))]

    @property
    def moody(self) -> bool:
        """Whether the sessions are moods."""
        return self.corpus not in TAUGHT

    @property
    def seconds(self) -> float:
        """Length of all sessions."""
        return sum(session.seconds for session in self.sessions)

    def longest(self) -> Session:
        """Return the session with the most sound."""
        return max(self.sessions, key=lambda session: session.seconds)

    def occasion(self) -> tuple[Session, ...]:
        """Return the sessions that fit one occasion: one phone, one day, no strong mood."""
        mild = [one for one in self.sessions if not any(word in one.name for word in LIVELY)]
        if self.corpus == "WUW2" or not mild:
            return (self.longest(),)
        days: dict[str, list[Session]] = defaultdict(list)
        for one in mild:
            day = one.name.partition("-")[0]
            days[day if day.isdigit() else ""].append(one)
        return tuple(max(days.values(), key=lambda sessions: sum(one.seconds for one in sessions)))


def voices_in(folders: Iterable[Path]) -> list[Voice]:
    """Return the speakers of folders that hold a folder for each; before `__` in a file's name stands the session."""
    voices = []
    for folder in folders:
        for person in people_in(folder):
            sessions = defaultdict(list)
            for path in person.files:
                sessions[session_of(path)].append(path)
            whole = [
                Session(name, tuple(files), sum(soundfile.info(str(path)).duration for path in files))
                for name, files in sorted(sessions.items())
            ]
            voices.append(Voice(person.name, tuple(whole)))
    return voices


def fold(voices: Sequence[Voice], part: int, count: int) -> list[Voice]:
    """Return one of `count` parts of the voices, each corpus divided alike: the rest may train the model."""
    corpora: dict[str, list[Voice]] = defaultdict(list)
    for voice in voices:
        corpora[voice.corpus].append(voice)
    return [voice for members in corpora.values() for voice in members[part::count]]


@lru_cache(maxsize=400)
def utterance(path: Path) -> tuple[Samples, Mask]:
    """Return the sound of a file from its first to its last speech, rms 1 where there is speech, and where that is."""
    sound = read_audio(path, RATE)
    marks = mark_speech(sound, RATE, LABELLED)
    spoken = np.flatnonzero(marks)
    if not len(spoken):
        return np.zeros(0, np.float32), np.zeros(0, np.bool_)
    sound, marks = sound[spoken[0] : spoken[-1] + 1], marks[spoken[0] : spoken[-1] + 1]
    return (sound / max(rms(sound[marks]), 1e-9)).astype(np.float32), marks


class Tape:
    """All that a speaker says in some sessions; it is played from where it stopped, and from the start when it ends.

    Parameters
    ----------
    sessions : sequence of Session
    rng : numpy.random.Generator
        For the order of the files and the first place.
    """

    def __init__(self, sessions: Sequence[Session], rng: np.random.Generator) -> None:
        files = [path for session in sessions for path in session.files]
        parts = [utterance(files[k]) for k in rng.permutation(len(files))]
        parts = [part for part in parts if len(part[0])] or parts
        gap = np.zeros(int(JOINT * RATE), np.float32)
        self.sound = np.concatenate([piece for sound, _ in parts for piece in (_faded(sound), gap)])
        self.marks = bridged(np.concatenate([piece for _, marks in parts for piece in (marks, gap > 0)]))
        self._at = 0

    def play(self, n_samples: int) -> tuple[Samples, Mask]:
        """Return the next sound that begins with speech, and where there is speech in it, both (n_samples,)."""
        spoken = np.flatnonzero(self.marks)
        if not len(spoken):
            return np.zeros(n_samples, np.float32), np.zeros(n_samples, np.bool_)
        following = np.searchsorted(spoken, self._at)
        start = int(spoken[following % len(spoken)])
        at = (start + np.arange(n_samples)) % len(self.sound)
        self._at = int(at[-1]) + 1 if n_samples else start
        return _faded(self.sound[at]), self.marks[at]


def stretches(marks: Mask) -> list[list[int]]:
    """Return first and one past the last sample of each stretch of speech."""
    edges: list[list[int]] = np.flatnonzero(np.diff(marks.astype(np.int8), prepend=0, append=0)).reshape(-1, 2).tolist()
    return edges


def bridged(marks: Mask) -> Mask:
    """Return marks at `RATE` in which the pauses that `LABELLED` calls speech are speech, those at joints as well."""
    whole = marks.copy()
    for (_, end), (start, _) in pairwise(stretches(marks)):
        if start - end < LABELLED.pause * LABELLED.step * RATE:
            whole[end:start] = True
    return whole


def _faded(sound: Samples) -> Samples:
    """Return the sound with short fades at both ends, so that cuts do not click."""
    n_fade = min(int(FADE * RATE), len(sound) // 2)
    ramp = np.linspace(0, 1, n_fade, dtype=np.float32)
    faded = sound.copy()
    faded[:n_fade] *= ramp
    faded[len(sound) - n_fade :] *= ramp[::-1]
    return faded
