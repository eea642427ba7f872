"""Recordings of any length in bounded memory: emissions are asked for block by block, and none are kept.

The forward pass keeps one checkpoint a block, what the next block needs of the past; the way back goes through the
blocks from the last to the first and computes the inside of each again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from diarize.errors import ConfigError
from diarize.hmm.recursions.frames import SAFE, impossible, relative
from diarize.hmm.recursions.protocol import Recursion
from diarize.hmm.structures import Ergodic, Floats, SpeakerLoop, Structure

if TYPE_CHECKING:
    from diarize.hmm.recursions.durations import Durations

Emissions: TypeAlias = Callable[[slice], npt.NDArray[Any]]

BLOCK_FRAMES = 1 << 14


class Smoothing:
    """Forward-backward block by block.

    Making one runs the forward pass. Memory is that of some arrays of (block_frames, n_labels), and of a checkpoint
    for each block: n_labels numbers, or with minimum durations so many for every frame of the longest one.

    Parameters
    ----------
    emissions : callable
        Given a slice of frames, returns their log-likelihoods, (n, n_labels), as `forward_backward` takes them. Every
        frame is asked for twice or more often, with the same answer; frames around a block are asked for with it.
    n_frames : int
        Length of the recording.
    structure : Ergodic, SpeakerLoop or MinimumDuration
        Which label may follow which.
    block_frames : int, default=16384
        Frames in a block, at least 1; where a minimum duration is longer, blocks are as long as that.

    Attributes
    ----------
    log_evidence : float
        Log of the summed probability of all paths, nats.
    start : ndarray of shape (n_labels,), float64
        Probability of each label at the first frame. This and what follows is there when `backward` has come to its
        end.
    entries : ndarray of shape (n_labels,), float64
        Expected entries, as in `Posterior`.
    transitions : ndarray of shape (n_labels, n_labels), float64, or None
        Expected transitions, as in `Posterior`.

    Raises
    ------
    ConfigError
        When shapes do not fit, values are NaN or +inf, or every path is impossible.

    References
    ----------
    J. A. Grice, R. Hughey, D. Speck: Reduced space sequence alignment. Computer Applications in the Biosciences 13
    (1997), 45-53, doi:10.1093/bioinformatics/13.1.45 (checkpoints)

    Examples
    --------
    >>> import numpy as np
    >>> from diarize.hmm import SpeakerLoop
    >>> blip = np.log([[0.8, 0.2], [0.4, 0.6], [0.8, 0.2]])
    >>> chain = Smoothing(lambda rows: blip[rows], 3, SpeakerLoop([0.5, 0.5], loop_probability=0.8), block_frames=2)
    >>> for rows, posterior in chain.backward():
    ...     print(rows.start, posterior[:, 0].round(2))
    2 [0.87]
    0 [0.87 0.84]
    """

    log_evidence: float
    start: Floats
    entries: Floats
    transitions: Floats | None

    def __init__(
        self, emissions: Emissions, n_frames: int, structure: Structure, *, block_frames: int = BLOCK_FRAMES
    ) -> None:
        self._n_labels = structure.n_labels
        self._matrix = _has_matrix(structure)
        self._recursion = _recursion(structure, n_frames)
        self._blocks = _Blocks(emissions, n_frames, structure.n_labels, block_frames, self._recursion.reach)
        self._carries: list[Any] = []
        self._last_lattice: Any = None  # needs not be computed again, if it has not been used up
        carry, evidence, peaks = None, 0.0, 0.0
        for rows in self._blocks.rows:
            self._carries.append(carry)
            peak, values = self._blocks.read(rows)
            peaks += peak
            self._last_lattice, carry, evidence = self._recursion.forward(values, 0, carry)
        if evidence == -np.inf:
            raise impossible()
        self.log_evidence = peaks + evidence

    def backward(self) -> Iterator[tuple[slice, Floats]]:
        """Yield the frames of each block, from the last block to the first, and their posterior (n, n_labels)."""
        entries = np.zeros(self._n_labels)
        transitions = np.zeros((self._n_labels, self._n_labels)) if self._matrix else None
        start, message = entries, None
        lattice, self._last_lattice = self._last_lattice, None
        for rows, carry in zip(reversed(self._blocks.rows), reversed(self._carries), strict=True):
            if lattice is None:
                ahead = min(self._recursion.reach, self._blocks.n_frames - rows.stop)
                _, values = self._blocks.read(rows, ahead)
                lattice = self._recursion.forward(values, ahead, carry).lattice
            posterior, message, more_entries, more_transitions = self._recursion.backward(lattice, message)
            lattice = None
            entries = entries + more_entries
            if more_transitions is not None:
                transitions = more_transitions if transitions is None else transitions + more_transitions
            if rows.start == 0:
                start = posterior[0].copy()
            yield rows, posterior
        self.start, self.entries, self.transitions = start, start + entries, transitions


def viterbi_blocks(
    emissions: Emissions, n_frames: int, structure: Structure, *, block_frames: int = BLOCK_FRAMES
) -> tuple[npt.NDArray[np.intp], float]:
    """Find the most probable path of labels block by block, in bounded memory beside that of the labels.

    Parameters
    ----------
    emissions : callable
        As `Smoothing` takes it.
    n_frames : int
        Length of the recording.
    structure : Ergodic, SpeakerLoop or MinimumDuration
        Which label may follow which.
    block_frames : int, default=16384
        Frames in a block, at least 1; where a minimum duration is longer, blocks are as long as that.

    Returns
    -------
    labels : ndarray of shape (n_frames,), intp
        Label of each frame.
    log_probability : float
        Joint log probability of this path and the frames, nats.

    Raises
    ------
    ConfigError
        When shapes do not fit, values are NaN or +inf, or every path is impossible.

    Examples
    --------
    >>> import numpy as np
    >>> from diarize.hmm import SpeakerLoop
    >>> blip = np.log([[0.8, 0.2], [0.4, 0.6], [0.8, 0.2]])
    >>> viterbi_blocks(lambda rows: blip[rows], 3, SpeakerLoop([0.5, 0.5], 0.8), block_frames=2)[0]
    array([0, 0, 0])
    """
    if isinstance(structure, Ergodic) and n_frames <= block_frames:
        from diarize.hmm.recursions import hmmlearn_backend

        blocks = _Blocks(emissions, n_frames, structure.n_labels, block_frames, 0)
        if not n_frames:
            return np.zeros(0, np.intp), 0.0
        peaks, values = blocks.read(blocks.rows[0])
        log_probability, path = hmmlearn_backend.viterbi(values, structure)
        return path, peaks + log_probability
    from diarize.hmm.recursions.durations import Durations

    search = Durations(structure, n_frames)
    blocks = _Blocks(emissions, n_frames, structure.n_labels, block_frames, search.reach)
    labels, log_probability = _search(search, blocks)
    return labels.astype(np.intp, copy=False), log_probability


def _search(search: Durations, blocks: _Blocks) -> tuple[npt.NDArray[np.int64], float]:
    from diarize.hmm.recursions.best_path import trace_back

    if not blocks.rows:
        return np.zeros(0, np.int64), 0.0
    peaks = 0.0
    carries: list[Any] = [None]
    for rows in blocks.rows:
        peak, values = blocks.read(rows)
        trellis, carry = search.search(values, carries[-1])
        peaks += peak
        carries.append(carry)
    log_probability, position = search.best_end(trellis, blocks.row_zero(rows))
    labels = np.empty(blocks.n_frames, np.int64)
    for rows, carry in zip(reversed(blocks.rows), reversed(carries[:-1]), strict=True):
        if rows is not blocks.rows[-1]:
            trellis, _ = search.search(blocks.read(rows)[1], carry)
        position = trace_back(labels, position, trellis.origins, search.durations, blocks.row_zero(rows), rows.start)
    return labels, peaks + log_probability


def _recursion(structure: Structure, n_frames: int) -> Recursion:
    """Choose the fastest exact recursion: with scaled probabilities where these cannot underflow, else with logs."""
    if isinstance(structure, Ergodic):
        if structure.transitions.min() >= SAFE:
            from diarize.hmm.recursions.hmmlearn_backend import Scaled

            return Scaled(structure)
    elif isinstance(structure, SpeakerLoop):
        draws = (1.0 - structure.loop_probability) * structure.weights
        if ((draws >= SAFE) | (structure.weights == 0.0)).all():
            from diarize.hmm.recursions.speaker_loop import Loop

            return Loop(structure, np.asarray(draws))
    from diarize.hmm.recursions.durations import Durations

    return Durations(structure, n_frames)


def _has_matrix(structure: Structure) -> bool:
    return isinstance(getattr(structure, "base", structure), Ergodic)


class _Blocks:
    """A recording cut into blocks of rows, each read with rows around it."""

    def __init__(self, emissions: Emissions, n_frames: int, n_labels: int, block_frames: int, reach: int) -> None:
        if n_frames < 0 or block_frames < 1:
            raise ConfigError(f"n_frames must be from 0 and block_frames from 1, got {n_frames!r} and {block_frames!r}")
        step = max(block_frames, reach)
        self.rows = [slice(first, min(first + step, n_frames)) for first in range(0, n_frames, step)]
        self.n_frames, self._emissions, self._n_labels, self._reach = n_frames, emissions, n_labels, reach

    def row_zero(self, rows: slice) -> int:
        """Return which frame of the recording the first row is that a block is read with."""
        return max(int(rows.start) - self._reach, 0)

    def read(self, rows: slice, ahead: int = 0) -> tuple[float, Floats]:
        """Return the sum of the best values of the block's frames, and relative values with rows around the block."""
        wanted = slice(self.row_zero(rows), rows.stop + ahead)
        given = np.asarray(self._emissions(wanted))
        if given.shape != (wanted.stop - wanted.start, self._n_labels):
            raise ConfigError(
                f"emissions of frames {wanted.start} to {wanted.stop} must have shape "
                f"({wanted.stop - wanted.start}, {self._n_labels}) to go with the structure, got {given.shape}"
            )
        best, values = relative(given, self._n_labels, wanted.start)
        with np.errstate(over="ignore"):
            return float(best[rows.start - wanted.start : rows.stop - wanted.start].sum()), values
