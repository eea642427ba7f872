"""What each speaker sounds like, learned from where they speak alone."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diarize.errors import DiarizeWarning
from diarize.gmm import SpectralSource, fit_source
from diarize.gmm.uses.separation import components_each
from diarize.separation.schedule import Stretch
from diarize.separation.transform import OVERLAP, Samples, to_spectra

Floats = npt.NDArray[np.float32]

MOST_SECONDS = 60.0
"""Most speech of one speaker that a model is learned from; the longest stretches are taken first."""

_LEAST_SECONDS = 1.0
_FLOOR = 2e-5  # of the mean power: what is below counts as silence
_EPSILON = 1e-20


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """Models of the speakers who talk at the same time as others.

    Parameters
    ----------
    sources : dict of (str, int) to SpectralSource
        For each speaker and number of speakers at once.
    floor : float
        Power that is added before the log is taken.
    """

    sources: dict[tuple[str, int], SpectralSource]
    floor: float

    def of(self, speakers: tuple[str, ...]) -> list[SpectralSource] | None:
        """Return the models of speakers who talk at once, None if one of them has no model."""
        models = [self.sources.get((speaker, len(speakers))) for speaker in speakers]
        return None if None in models else [each for each in models if each is not None]


def chosen_alone(plan: list[Stretch], sample_rate: int) -> list[Stretch]:
    """Return the stretches of one speaker to learn from, in order, if any speakers talk at once; none otherwise."""
    beside = {speaker for stretch in plan if len(stretch.speakers) > 1 for speaker in stretch.speakers}
    if not beside:
        return []
    left = dict.fromkeys({speaker for stretch in plan for speaker in stretch.speakers}, MOST_SECONDS * sample_rate)
    chosen = []
    for stretch in sorted(plan, key=lambda stretch: (stretch.start - stretch.end, stretch.start)):
        speaker = stretch.speakers[0]
        if len(stretch.speakers) == 1 and left[speaker] > 0:
            length = min(stretch.end - stretch.start, int(left[speaker]))
            left[speaker] -= length
            chosen.append(Stretch(stretch.start, stretch.start + length, stretch.speakers))
    return sorted(chosen, key=lambda stretch: stretch.start)


def cut(blocks: Iterable[Samples], wanted: list[Stretch]) -> list[Samples]:
    """Return the samples of stretches that follow each other, from the blocks of a recording."""
    parts: list[list[Samples]] = [[] for _ in wanted]
    position = 0
    for block in blocks:
        for part, stretch in zip(parts, wanted, strict=True):
            piece = block[max(stretch.start - position, 0) : max(stretch.end - position, 0)]
            if len(piece):
                part.append(piece.copy())
        position += len(block)
    return [np.concatenate(part) if part else np.zeros(0, dtype=np.float32) for part in parts]


def learn(
    plan: list[Stretch],
    alone: dict[str, list[Samples]],
    hop: int,
    sample_rate: int,
    report: Callable[[float], None] = lambda fraction: None,
) -> Voices:
    """Fit a source for each speaker who talks beside others.

    Parameters
    ----------
    plan : list of Stretch
        Of the whole recording.
    alone : dict of str to list of arrays
        Pieces of each speaker alone.
    hop : int
        Samples from a frame to the next.
    sample_rate : int
        Hz.
    report : callable
        Called with the share of the work that is done.

    Returns
    -------
    Voices
        A speaker with less than a second alone gets a model of what all others say alone, with a DiarizeWarning. If
        there is no such speech either, there is no model.
    """
    power = {speaker: _power(pieces, hop) for speaker, pieces in alone.items()}
    every = [rows for rows in power.values() if len(rows)]
    mean = float(np.mean([rows.mean(dtype=np.float64) for rows in every])) if every else 0.0
    floor = _FLOOR * mean + _EPSILON
    needed = sorted(
        {(name, len(stretch.speakers)) for stretch in plan if len(stretch.speakers) > 1 for name in stretch.speakers}
    )
    for speaker in {name for name, _ in needed}:
        if len(power.get(speaker, ())) * hop < _LEAST_SECONDS * sample_rate:
            power[speaker] = _others(power, speaker, int(MOST_SECONDS * sample_rate / hop))
            model = "the others' voices serve as a model" if len(power[speaker]) else "nothing tells the voices apart"
            warnings.warn(f"{speaker} never speaks alone for long enough; {model}", DiarizeWarning, stacklevel=3)
    sources = {}
    for done, (speaker, n_speakers) in enumerate(needed):
        if len(power[speaker]):
            rows = np.log(power[speaker] + np.float32(floor))
            sources[speaker, n_speakers] = fit_source(rows, n_components=components_each(n_speakers), random_state=0)
        report((done + 1) / len(needed))
    return Voices(sources, floor)


def _power(pieces: list[Samples], hop: int) -> Floats:
    spectra = [
        np.abs(to_spectra(piece[: len(piece) // hop * hop], hop)) ** 2
        for piece in pieces
        if len(piece) >= OVERLAP * hop
    ]
    return np.concatenate(spectra) if spectra else np.zeros((0, 2 * hop + 1), dtype=np.float32)


def _others(power: dict[str, Floats], speaker: str, most: int) -> Floats:
    rows = [each for name, each in sorted(power.items()) if name != speaker and len(each)]
    if not rows:
        return np.zeros((0, 1), dtype=np.float32)
    share = max(1, most // len(rows))
    return np.concatenate([each[:share] for each in rows])
