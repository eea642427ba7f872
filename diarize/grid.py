"""The frames of a recording on the time axis: the one place where frames become seconds and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.annotation import Segment, Turn


@dataclass(frozen=True, slots=True)
class FrameGrid:
    """The frames of one recording on the time axis.

    Frame i stands for the cell of time from `start + offset + i * step` to `start + offset + (i + 1) * step`. The
    first cell reaches back to `start` and, where `duration` is given, the last one ends with the audio: so no time is
    lost.

    Parameters
    ----------
    n_frames : int
    step : float, seconds
        Distance between frames.
    offset : float, seconds
        Start of the first cell before it is stretched.
    duration : float or None, seconds
        Length of the audio; no cell reaches beyond it.
    start : float, seconds
        Where the audio begins in its recording.

    Raises
    ------
    ValueError
        A number is out of range.

    Examples
    --------
    >>> grid = FrameGrid(4, step=0.5, duration=2.25)
    >>> grid.segments(grid.mask([Segment(0.7, 3.0)]))
    [Segment(start=0.5, end=2.25)]
    """

    n_frames: int
    step: float
    offset: float = 0.0
    duration: float | None = None
    start: float = 0.0

    def __post_init__(self) -> None:
        fits = self.n_frames >= 0 and 0 < self.step < inf and 0 <= self.offset < inf and 0 <= self.start < inf
        if not fits or not (self.duration is None or 0 <= self.duration < inf):
            raise ValueError(f"a frame grid needs step > 0 and no number below 0, got {self!r}")

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """Edges of the cells in seconds, shape (n_frames + 1,): cell i lies between edge i and edge i + 1."""
        edges = self.offset + np.arange(self.n_frames + 1, dtype=np.float64) * self.step
        if self.duration is not None:
            edges[-1] = self.duration
            np.minimum(edges, self.duration, out=edges)
        edges[0] = 0.0
        return edges + self.start

    def mask(self, segments: Iterable[Segment | Turn]) -> npt.NDArray[np.bool_]:
        """Return which frames lie in the segments.

        Parameters
        ----------
        segments : iterable of Segment or Turn
            In any order; they may overlap.

        Returns
        -------
        ndarray of bool, shape (n_frames,)
            True where the centre of the frame's cell lies in a segment.
        """
        mask = np.zeros(self.n_frames, dtype=np.bool_)
        for first, last in self.spans(segments):
            mask[first:last] = True
        return mask

    def spans(self, segments: Iterable[Segment | Turn]) -> list[tuple[int, int]]:
        """Return the first frame in each segment and the one after the last, which are equal where it holds none."""
        edges = self.edges
        times = np.array([(segment.start, segment.end) for segment in segments]).reshape(-1, 2)
        return [(first, last) for first, last in np.searchsorted((edges[:-1] + edges[1:]) / 2, times).tolist()]

    def segments(self, mask: npt.ArrayLike) -> list[Segment]:
        """Return the segments in which a mask is true.

        Parameters
        ----------
        mask : array_like of bool, shape (n_frames,)
            True for the frames to take.

        Raises
        ------
        ValueError
            The mask has another shape.
        """
        marks = np.asarray(mask, dtype=np.bool_)
        edges = self.edges
        runs = ((edges[first], edges[last]) for first, last in self._runs(marks) if marks[first])
        return [Segment(float(start), float(end)) for start, end in runs if end > start]

    def turns(self, labels: npt.ArrayLike, names: Sequence[str], confidence: npt.ArrayLike | None = None) -> list[Turn]:
        """Return a turn for each run of frames with the same label.

        Parameters
        ----------
        labels : array_like of int, shape (n_frames,)
            Index of the speaker, -1 where there is none.
        names : sequence of str
            Name of each speaker.
        confidence : array_like of float or None, shape (n_frames,)
            Probability, 0 to 1, that each frame's label is right; a turn gets the mean over its frames.

        Raises
        ------
        ValueError
            The arrays have another shape, or a label has no name.
        """
        index = np.asarray(labels, dtype=np.intp)
        if index.size and not -1 <= index.min() <= index.max() < len(names):
            raise ValueError(f"labels must lie from -1 to {len(names) - 1}, got {index.min()} to {index.max()}")
        sure = None if confidence is None else np.asarray(confidence, dtype=np.float64)
        if sure is not None and sure.shape != (self.n_frames,):
            raise ValueError(f"confidence must have shape ({self.n_frames},), got {sure.shape}")
        edges = self.edges
        turns = []
        for first, last in self._runs(index):
            if index[first] >= 0 and edges[last] > edges[first]:
                mean = None if sure is None else min(float(sure[first:last].mean()), 1.0)
                turns.append(Turn(float(edges[first]), float(edges[last]), names[index[first]], mean))
        return turns

    def _runs(self, values: npt.NDArray[Any]) -> list[tuple[int, int]]:
        """Return first frame and frame after the last of each run of equal values."""
        if values.shape != (self.n_frames,):
            raise ValueError(f"expected one value a frame, shape ({self.n_frames},), got {values.shape}")
        if not self.n_frames:
            return []
        cuts = [0, *(np.flatnonzero(values[1:] != values[:-1]) + 1).tolist(), self.n_frames]
        return list(pairwise(cuts))
