"""Where two speak at once, among frames that are known to hold speech, and who the second one is.

Two voices at a time sound unlike one, and no single speaker's model explains them well. Both are described on cells of
50 ms: the columns of the speech detector, averaged over a syllable and over a word, and how the models of the speakers
who were found compare there. Discriminant analysis brings that down to a few directions, a Gaussian mixture for each
class gives the log odds, and an HMM outside this module decides. Who speaks beside the main speaker is whoever speaks
next before or after: nobody new is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d
from scipy.special import softmax

from diarize.errors import ModelError
from diarize.gmm import MixtureParameters, log_likelihood

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

CELL = 5  # frames that are decided on at once

_WINDOWS = (5, 11)  # cells; a syllable and a word
_MARGIN = max(_WINDOWS) // 2
_CHUNK = 4096  # cells described at a time
_SCALE = 0.12  # weight of the evidence in the entropy: frames hang together
_FAR = 6.0  # s; whatever is farther away is as if there were nothing


@dataclass(frozen=True, slots=True, eq=False)
class OverlapModel:
    """What one voice and what two at once look like.

    Parameters
    ----------
    centre : array of shape (n_columns,)
        What is subtracted from the columns of `overlap_features`.
    projection : array of shape (n_columns, n_directions)
        The directions in which the classes differ.
    single, double : MixtureParameters
        Of the projected columns with one voice and with two.
    """

    centre: Features
    projection: Features
    single: MixtureParameters
    double: MixtureParameters

    def log_odds(self, frames: Features, evidence: Floats, labels: Labels, step: float) -> Floats:
        """Return how much more probable two voices are than one, both equally likely beforehand.

        Parameters
        ----------
        frames, evidence, labels, step
            As for `overlap_features`.

        Returns
        -------
        array of shape (n_cells,), nats a frame
            Without meaning where nobody speaks.

        Raises
        ------
        ModelError
            The model was trained on other columns.
        """
        found = []
        for columns in overlap_features(frames, evidence, labels, step):
            if columns.shape[1] != len(self.centre):
                raise ModelError(
                    f"the overlap model was trained on {len(self.centre)} columns, the recording has "
                    f"{columns.shape[1]}; train the model again"
                )
            rows = (columns - self.centre) @ self.projection
            found.append(log_likelihood(rows, self.double) - log_likelihood(rows, self.single))
        return np.concatenate([np.zeros(0), *found])

    def arrays(self, prefix: str = "") -> dict[str, npt.NDArray[Any]]:
        """Return plain arrays, as `numpy.savez` takes them, to be read back by `from_arrays`."""
        return {
            f"{prefix}centre": self.centre,
            f"{prefix}projection": self.projection,
            **self.single.arrays(f"{prefix}single_"),
            **self.double.arrays(f"{prefix}double_"),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], prefix: str = "") -> OverlapModel:
        """Build a model from what `arrays` gave.

        Raises
        ------
        ModelError
            An array is missing or the arrays do not fit together.
        """
        try:
            centre = np.asarray(arrays[f"{prefix}centre"], dtype=np.float32)
            projection = np.asarray(arrays[f"{prefix}projection"], dtype=np.float32)
            single, double = (
                MixtureParameters.from_arrays(arrays, f"{prefix}{name}_").astype(np.float32)
                for name in ("single", "double")
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"no overlap model under {prefix!r}: {error}; train it again") from error
        if centre.ndim != 1 or projection.shape != (len(centre), single.n_features):
            raise ModelError(f"centre {centre.shape} and projection {projection.shape} do not fit; train it again")
        if single.n_features != double.n_features:
            raise ModelError(f"the mixtures under {prefix!r} are of different directions; train it again")
        if not all(np.isfinite(array).all() for array in (centre, projection)):
            raise ModelError(f"the overlap model under {prefix!r} holds values that are no numbers; train it again")
        return cls(centre, projection, single, double)


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


def overlap_features(frames: Features, evidence: Floats, labels: Labels, step: float) -> Iterator[Features]:
    """Yield what the mixtures describe, some thousand cells at a time.

    Parameters
    ----------
    frames : array of shape (n_frames, n_features)
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
        one, what changing speakers within the window gains, and the entropy of the speakers; time from the next change
        and from the next pause; number of speakers.

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
        before, after = _neighbours(main)
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


class _Neighbour(NamedTuple):
    """Who else speaks next in one direction of time, -1 for nobody, and how far away that is."""

    speaker: Labels
    distance: Floats


def _neighbours(labels: Labels) -> tuple[_Neighbour, _Neighbour]:
    """Return for each place the other speaker before and the one after; places are -1 where nobody speaks."""
    spoken = np.flatnonzero(labels >= 0)
    own = labels[spoken]
    first = np.flatnonzero(np.diff(own, prepend=-2))  # of each turn, whose pauses do not end it
    turn = np.cumsum(np.diff(own, prepend=-2) != 0) - 1
    speaker = np.concatenate([[-1], own[first], [-1]])  # of the turns, and of nobody at either end
    begin = np.concatenate([[-np.inf], spoken[first], [np.inf]])
    end = np.concatenate([[-np.inf], spoken[np.append(first[1:], len(own)) - 1] if len(own) else [], [np.inf]])
    found = []
    for edge, place in ((end, turn), (begin, turn + 2)):
        who, distance = np.full(len(labels), -1, np.intp), np.full(len(labels), np.inf)
        who[spoken], distance[spoken] = speaker[place], np.abs(edge[place] - spoken)
        found.append(_Neighbour(who, distance))
    return found[0], found[1]


def second_speakers(labels: Labels, overlap: Mask) -> Labels:
    """Return who speaks beside the main speaker: of each stretch, the other speaker who is nearest in time.

    Parameters
    ----------
    labels : array of int, shape (n_frames,)
        Who speaks, -1 where nobody does.
    overlap : array of shape (n_frames,)
        Where somebody else speaks as well.

    Returns
    -------
    array of int, shape (n_frames,)
        -1 outside the overlap, where nobody speaks, and where there is no other speaker.

    Examples
    --------
    >>> labels = np.array([0, 0, 0, 0, 1, 1, 1, -1, 2, 2])
    >>> second_speakers(labels, np.array([0, 0, 1, 1, 1, 0, 1, 0, 0, 0], bool))
    array([-1, -1,  1,  1,  0, -1,  2, -1, -1, -1])
    """
    before, after = _neighbours(labels)
    second = np.full(len(labels), -1, np.intp)
    main = np.where(overlap, labels, -1)
    edges = [0, *(np.flatnonzero(np.diff(main)) + 1), len(main)]
    for start, end in pairwise(edges):
        if end > start and main[start] >= 0:
            earlier = before.distance[start] <= after.distance[end - 1]
            second[start:end] = before.speaker[start] if earlier else after.speaker[end - 1]
    return second
