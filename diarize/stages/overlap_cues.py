"""What tells two voices at once from one, on cells of 50 ms.

These are the columns of the speech detector, averaged over a syllable and over a word, and comparisons of the speakers'
models over the same times.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d
from scipy.special import softmax

from diarize.spooling import Rows
from diarize.stages.neighbours import neighbours

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

CELL = 5  # frames that are decided on at once

_WINDOWS = (5, 11)  # cells; a syllable and a word
_MARGIN = max(_WINDOWS) // 2
_CHUNK = 4096  # cells described at a time
_SCALE = 0.12  # weight of the evidence in the entropy, below 1 since neighbouring frames are alike
_FAR = 6.0  # s; what is farther away counts as this far


def cell_edges(speech: Mask) -> Labels:
    """Return where the frames with speech, numbered by themselves, are cut by a grid of cells over all frames.

    Parameters
    ----------
    speech : array of shape (n_frames,)

    Returns
    -------
    array of shape (n_cells + 1,)
        Cell c holds the frames with speech from edges[c] up to edges[c + 1], none in a pause.

    Examples
    --------
    >>> cell_edges(np.array([True] * 3 + [False] * 8 + [True]))
    array([0, 3, 3, 4])
    """
    counts = np.add.reduceat(speech, np.arange(0, len(speech), CELL), dtype=np.intp)
    return np.concatenate([np.zeros(1, np.intp), np.cumsum(counts)])


def overlap_cues(frames: Rows, evidence: Floats, labels: Labels, step: float) -> Iterator[Features]:
    """Yield what the mixtures describe, some thousand cells at a time.

    Parameters
    ----------
    frames : rows of shape (n_frames, n_features)
        What the speech detector sees of each frame.
    evidence : array of shape (n_cells, n_speakers), nats
        Log-likelihood of the speech in each cell under the models of two speakers at least, above that of the
        background model.
    labels : array of int, shape (n_frames,)
        Who speaks, -1 where nobody does.
    step : float, s
        Between frames.

    Yields
    ------
    array of shape (n, n_columns), float32
        Mean and deviation of the frames over 0.25 and 0.55 s; over the same windows, a frame, the evidence for the
        best speaker, its lead before the second and before the main one, that of the nearest other before the main
        one, what changing speakers within the window gains, and the entropy of the speakers; time to the nearest change
        and to the nearest pause; number of speakers. Where nobody speaks there is no main speaker, and where only one
        speaker exists there is no other one: the last column of `evidence` stands for them, and the columns that
        compare with them mean nothing there.

    References
    ----------
    Boakye, Trueba-Hornero, Vinyals and Friedland, "Overlapped speech detection for improved speaker diarization in
    multiparty meetings", ICASSP 2008. https://doi.org/10.1109/ICASSP.2008.4518619
    """
    cells = _Cells.of(labels, step)
    n_cells = len(evidence)
    for start in range(0, n_cells, _CHUNK):
        low, high = max(0, start - _MARGIN), min(n_cells, start + _CHUNK + _MARGIN)
        inner = slice(start - low, start - low + min(_CHUNK, n_cells - start))
        around = slice(low, high)
        sound = _sound_columns(frames[low * CELL : high * CELL])
        voices = _speaker_columns(evidence[around], cells.counts[around], cells.main[around], cells.other[around])
        places = cells.places[around]
        yield np.concatenate([sound, voices, places], axis=1, dtype=np.float32)[inner]


class _Cells(NamedTuple):
    """What the labels say about each cell: frames with speech, main speaker and nearest other, where it lies."""

    counts: Floats
    main: Labels
    other: Labels
    places: Floats

    @classmethod
    def of(cls, labels: Labels, step: float) -> _Cells:
        padded = np.pad(labels, (0, -len(labels) % CELL), constant_values=-1).reshape(-1, CELL)
        spoken = padded >= 0
        main = padded[np.arange(len(padded)), spoken.argmax(axis=1)]
        before, after = neighbours(main)
        other = np.where(before.distance <= after.distance, before.speaker, after.speaker)
        change = np.minimum(before.distance, after.distance)
        pause = _distance(np.asarray(~spoken.all(axis=1)))
        far = _FAR / (step * CELL)
        places = np.log1p(np.minimum([change, pause], far))
        number = np.full(len(main), np.log(max(len(np.unique(main[main >= 0])), 1)))
        return cls(spoken.sum(axis=1).astype(np.float64), main, other, np.stack([*places, number], axis=1))


def _distance(marks: Mask) -> Floats:
    """Return how far the nearest marked place is."""
    at = np.arange(len(marks))
    before = np.maximum.accumulate(np.where(marks, at, -np.inf))
    after = np.minimum.accumulate(np.where(marks, at, np.inf)[::-1])[::-1]
    return np.minimum(at - before, after - at)


def _sound_columns(frames: Features) -> Features:
    padded = np.pad(frames, ((0, -len(frames) % CELL), (0, 0)), mode="edge").reshape(-1, CELL, frames.shape[1])
    mean, square = padded.mean(axis=1), np.mean(padded**2, axis=1)
    columns = []
    for window in _WINDOWS:
        middle = _average(mean, window)
        spread = np.maximum(_average(square, window) - middle**2, 0)  # running sums round to below 0
        columns += [middle, np.sqrt(spread)]
    return np.concatenate(columns, axis=1)


def _speaker_columns(evidence: Floats, counts: Floats, main: Labels, other: Labels) -> Floats:
    rows = np.arange(len(evidence))
    columns = []
    for window in _WINDOWS:
        held = np.maximum(_average(counts, window), 1.0 / window)
        mean = _average(evidence, window) / held[:, None]
        second, best = np.partition(mean, -2, axis=1)[:, -2:].T
        own, next_one = mean[rows, main], mean[rows, other]
        changing = _average(evidence.max(axis=1), window) / held - best
        share = softmax(_SCALE * window * held[:, None] * mean, axis=1)
        entropy = -np.sum(share * np.log(share + 1e-30), axis=1)
        columns += [best, best - second, best - own, next_one - own, changing, entropy]
    return np.stack(columns, axis=1)


def _average(x: Any, width: int) -> Any:
    return uniform_filter1d(x, width, axis=0, mode="nearest")
