"""Settings fitted to a user's own recordings, and what they are worth on recordings they were not fitted to."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from pathlib import Path

import numpy as np
import numpy.typing as npt

from diarize.annotation import Annotation, Segment
from diarize.audio import SUFFIXES
from diarize.config import Config, SpeechConfig
from diarize.errors import ConfigError, DiarizeWarning, FormatError, counted
from diarize.evaluation.scoring import Score, pooled, score
from diarize.evaluation.search import search
from diarize.formats.files import files_in
from diarize.formats.uem import read_uem
from diarize.pipeline import Diarizer
from diarize.progress import Progress, Report, watched
from diarize.stages.detection import Detection

Floats = npt.NDArray[np.float64]

_ONE_BY_ONE = 10  # recordings up to which each is left out in turn
_FOLDS = 5  # parts that more recordings are divided into
_READING = 0.1  # of the progress


@dataclass(frozen=True, slots=True)
class Example:
    """A recording with its reference.

    Parameters
    ----------
    audio : Path
    reference : Annotation
    uem : tuple of Segment, optional
        The regions that are scored.
    """

    audio: Path
    reference: Annotation
    uem: tuple[Segment, ...] | None = None


@dataclass(frozen=True, slots=True)
class Tuning:
    """Fitted settings, and what they are worth.

    Parameters
    ----------
    config : Config
        The fitted settings; those it started from where fitting shows no gain.
    names : tuple of str
        Recordings.
    before, after : tuple of Score
        Each recording with the settings at the start, and with settings fitted to other recordings.
    """

    config: Config
    names: tuple[str, ...]
    before: tuple[Score, ...]
    after: tuple[Score, ...]

    @property
    def gain(self) -> float:
        """DER before less DER after, both over all recordings together."""
        return pooled(self.before).der - pooled(self.after).der

    @property
    def deviation(self) -> float:
        """The standard error of the gain, by leaving each recording out in turn.

        References
        ----------
        Efron and Stein, "The jackknife estimate of variance", Annals of Statistics 9, 1981.
        https://doi.org/10.1214/aos/1176345462
        """
        won = np.array([old.error - new.error for old, new in zip(self.before, self.after, strict=True)])
        total = np.array([old.total for old in self.before])
        left = total.sum() - total
        gains = (won.sum() - won)[left > 0] / left[left > 0]
        return sqrt((len(gains) - 1) / len(gains) * float(((gains - gains.mean()) ** 2).sum()))

    @property
    def worthwhile(self) -> bool:
        """Whether the gain is more than chance: above its standard error."""
        return self.gain > self.deviation


class Heard:
    """An example, analysed once: no tried setting changes that. It remembers the scores of settings that were tried.

    Memory holds the log-mel spectrum, about 60 MB an hour, and a mask for each setting of the speech detection.

    Parameters
    ----------
    example : Example
    diarizer : Diarizer
        Its own settings do not matter, its model does.
    """

    def __init__(self, example: Example, diarizer: Diarizer) -> None:
        self.example = example
        self._analysis, self._model = diarizer.analyse(example.audio), diarizer.model
        self._detections: dict[SpeechConfig, Detection] = {}
        self._scores: dict[Config, Score] = {}

    def score(self, config: Config) -> Score:
        """Return how far off the diarizer is with these settings."""
        if config not in self._scores:
            self._scores[config] = score(self.example.reference, self._diarized(config), self.example.uem)
        return self._scores[config]

    def _diarized(self, config: Config) -> Annotation:
        diarizer = Diarizer(config, model=self._model)
        if config.speech not in self._detections:
            self._detections[config.speech] = Detection(diarizer.detect(self._analysis).speech)
        detection = self._detections[config.speech]
        return diarizer.attribute(self._analysis, detection).annotation if detection.speech.any() else Annotation()


def find_examples(folder: Path) -> list[Example]:
    """Return the recordings with a reference in a folder and in the folders right in it, in the order of their paths.

    A recording NAME.wav (or .flac, .m4a, .mp4, ...) needs NAME.rttm beside it and may have NAME.uem. Those without a
    reference are left out, with a warning; hidden files are ignored.

    Raises
    ------
    FormatError
        There is no such folder or no recording with a reference, one is there twice, or a reference or UEM file cannot
        be read.
    """
    if not folder.is_dir():
        raise FormatError(f"{folder}: no such folder; tuning needs one with recordings and their references")
    inside = [folder, *sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))]
    sounds = [path for part in inside for path in files_in(part, SUFFIXES)]
    labelled = [path for path in sounds if path.with_suffix(".rttm").is_file()]
    if not labelled:
        raise FormatError(
            f"{folder}: no recordings with references; NAME.rttm must lie beside NAME.wav (audio files found: "
            f"{len(sounds)})"
        )
    for path, after in pairwise(labelled):  # sorted: those of one name are neighbours
        if path.with_suffix("") == after.with_suffix(""):
            raise FormatError(
                f"{path} and {after.name}: a recording that is there twice would count twice; move one away"
            )
    if len(labelled) < len(sounds):
        bare = [path.name for path in sounds if path not in labelled]
        shown = ", ".join(bare[:3]) + (", ..." if len(bare) > 3 else "")
        warnings.warn(
            f"{folder}: {counted(len(bare), 'recording')} without .rttm left out: {shown}",
            DiarizeWarning,
            stacklevel=2,
        )
    return [_example(path) for path in labelled]


def _example(audio: Path) -> Example:
    reference = Annotation.from_rttm(audio.with_suffix(".rttm"))
    marks = audio.with_suffix(".uem")
    if not marks.is_file():
        return Example(audio, reference)
    regions = read_uem(marks)
    for name in (reference.uri, audio.stem):
        if name in regions:
            return Example(audio, reference, tuple(regions[name]))
    raise FormatError(f"{marks}: no regions for recording {reference.uri!r} (the file names: {', '.join(regions)})")


def tune(examples: Sequence[Example], config: Config, progress: Progress | None = None) -> Tuning:
    """Fit the decisive settings to recordings, and see by cross-validation what that is worth.

    Up to ten recordings are left out one by one; more are divided into five parts by chance (`config.seed`). Each is
    judged with settings fitted to the recordings of the other parts. Only if that shows a gain above its standard
    error are the settings fitted once more, to all.

    Parameters
    ----------
    examples : sequence of Example
        Two at least.
    config : Config
        Where the search starts; also names the model.
    progress : callable, optional
        Called with the name of the stage and the fraction of the work that is done; it ends the work by returning
        False.

    Raises
    ------
    Cancelled
        `progress` returned False.
    ConfigError
        There is one recording only, or nobody speaks in the references.
    AudioError, ModelError
        A recording or the model cannot be used.
    """
    if len(examples) < 2:
        raise ConfigError(
            f"tuning needs two labelled recordings at least, got {len(examples)}: with one there is no other to check "
            "the fitted settings on (no cross-validation); label another, or cut this one in two"
        )
    if not any(_scored_speech(example) for example in examples):
        raise ConfigError("nobody speaks in the scored regions of the references; there is nothing to fit to")
    with watched(progress) as report:
        return _tuned(examples, config, report)


def _tuned(examples: Sequence[Example], config: Config, progress: Report) -> Tuning:
    diarizer = Diarizer(config)
    heard = []
    for number, example in enumerate(examples):
        progress(f"reading {example.audio.name}", _READING * number / len(examples))
        heard.append(Heard(example, diarizer))
    parts = folds(len(heard), config.seed)
    after: dict[int, Score] = {}
    for number, part in enumerate(parts):
        report = _share_of(progress, f"cross-validation {number + 1} of {len(parts)}", number, len(parts) + 1)
        fitted = search(_errors([item for index, item in enumerate(heard) if index not in part], report), config)
        after |= {index: heard[index].score(fitted) for index in part}
    names = tuple(example.audio.stem for example in examples)
    before = tuple(item.score(config) for item in heard)
    unchanged = Tuning(config, names, before, tuple(after[index] for index in range(len(heard))))
    if not unchanged.worthwhile:
        return unchanged
    report = _share_of(progress, "fit to all", len(parts), len(parts) + 1)
    return Tuning(search(_errors(heard, report), config), names, before, unchanged.after)


def _scored_speech(example: Example) -> float:
    return score(example.reference, Annotation(), example.uem).total


def folds(count: int, seed: int) -> list[list[int]]:
    """Divide recordings into parts that are left out together: single ones where there are few.

    Parameters
    ----------
    count : int
        Of recordings.
    seed : int
        Of the draw.

    Returns
    -------
    list of list of int
        Numbers of the recordings in each part.
    """
    if count <= _ONE_BY_ONE:
        return [[index] for index in range(count)]
    order = np.random.default_rng(seed).permutation(count)
    return [sorted(part.tolist()) for part in np.array_split(order, _FOLDS)]


def _share_of(progress: Report, stage: str, done: int, count: int) -> Callable[[int], None]:
    """Return a function that reports how many settings were tried in one search of several."""

    def report(tried: int) -> None:
        within = tried / (tried + 20)  # how many it will be is not known
        progress(f"{stage}, settings tried: {tried}", _READING + (1 - _READING) * (done + within) / count)

    return report


def _errors(heard: Sequence[Heard], report: Callable[[int], None]) -> Callable[[Config], Floats]:
    """Return the function to minimise: seconds of error in each of these recordings."""
    tried: dict[Config, Floats] = {}

    def errors(config: Config) -> Floats:
        if config not in tried:
            report(len(tried))
            tried[config] = np.array([item.score(config).error for item in heard])
        return tried[config]

    return errors


def changes_to_toml(config: Config) -> str:
    """Return what differs from the defaults as TOML, each setting under its meaning; empty where nothing does.

    Examples
    --------
    >>> print(changes_to_toml(Config(seed=3).with_(speech=SpeechConfig(bias=1.0))), end="")
    # start of the random numbers; same input and seed give the same output (a whole number, at least 0)
    seed = 3
    <BLANKLINE>
    [speech]
    # nats a frame in favour of speech: more gives fewer misses, more false alarms (a number from -20 to 20)
    bias = 1.0
    """
    lines: list[str] = []
    section = meaning = ""
    # both texts hold the same settings, one a line, in the same order
    for line, plain in zip(config.to_toml().splitlines(), Config().to_toml().splitlines(), strict=True):
        if line.startswith("["):
            section = line
        elif line != plain:
            lines += ["", section] if section else []
            lines += [meaning, line]
            section = ""
        meaning = line
    return "\n".join(lines[1:] if lines and not lines[0] else lines) + "\n" * bool(lines)
