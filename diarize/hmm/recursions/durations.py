"""Minimum durations, and whatever else scaled probabilities cannot serve: compiled recursions in log space.

Import this module inside functions only: importing it imports numba and compiles (or loads from numba's cache).
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np

from diarize.hmm.recursions import best_path, kernels
from diarize.hmm.recursions.best_path import Origins, Position, Ways
from diarize.hmm.recursions.frames import impossible
from diarize.hmm.recursions.kernels import Chains, Message, Past
from diarize.hmm.recursions.protocol import Backward, Forward
from diarize.hmm.structures import Ergodic, Floats, MinimumDuration, SpeakerLoop, Structure

Carry: TypeAlias = tuple[Floats, Floats, Floats]
"""What the next block needs: a of the frame before it, x of the rows before it, base of these and of its first row."""
Lattice: TypeAlias = tuple[Floats, Floats, Past, int, float]


class Trellis(NamedTuple):
    """What the search for the best path knows of one block."""

    windows: Floats
    ways: Ways
    origins: Origins


class Durations:
    """Forward, backward and best path with chains of states; a label without a minimum is a chain of one state."""

    def __init__(self, structure: Structure, n_frames: int) -> None:
        base = structure.base if isinstance(structure, MinimumDuration) else structure
        self._chains, self._drawn = _chains(structure, base, n_frames)
        self.durations = self._chains[2]
        self.reach = max(int(self.durations.max()) - 1, 1)
        self._matrix = isinstance(base, Ergodic)

    def forward(self, emissions: Floats, ahead: int, carry: Carry | None) -> Forward:
        """Go through a block."""
        windows = self._windows(emissions)
        now, entry, base, behind = self._begin(len(emissions) - ahead, carry)
        past = np.empty_like(entry), entry, base
        rest = kernels.forward(emissions, windows, self._chains, past, now, behind)
        return Forward((emissions, windows, past, behind, rest), self._next(now, entry, base), float(base[-1] + rest))

    def backward(self, lattice: Lattice, message: Message | None) -> Backward:
        """Go back through a block; the message is that of `kernels`."""
        emissions, windows, past, behind, rest = lattice
        last, entry, base = past
        if message is None:
            message = np.zeros((1, last.shape[1])), np.zeros(1), float(base[-1]), rest
        future, tail, changes = kernels.backward(emissions, windows, self._chains, past, behind, message)
        entered, stayed = kernels.occupancy(last, entry, self.durations, behind)
        stayed = np.maximum(stayed, 0.0)
        rows = slice(max(behind - 1, 0), behind + self.reach)
        message = future[rows].copy(), tail[rows].copy(), message[2], message[3]
        transitions = changes + np.diag(stayed) if self._matrix else None
        return Backward(last[behind:], message, entered + self._drawn * stayed, transitions)

    def search(self, emissions: Floats, carry: Carry | None) -> tuple[Trellis, Carry]:
        """Find the best ways into every frame of a block, and what the next block needs of them."""
        windows = self._windows(emissions)
        now, entry, base, behind = self._begin(len(emissions), carry)
        origins = best_path.forward(emissions, windows, self._chains, (now, entry, base), behind)
        return Trellis(windows, (now, entry, base), origins), self._next(now, entry, base)

    def best_end(self, trellis: Trellis, row_zero: int) -> tuple[float, Position]:
        """Return the log probability of the best path and where it ends; row 0 is that frame of the recording."""
        best, label, began = best_path.best_end(trellis.windows, self._chains, trellis.ways)
        if best == -np.inf:
            raise impossible()
        return best, (row_zero + len(trellis.windows) - 1, label, began + row_zero if began >= 0 else -1)

    def _windows(self, emissions: Floats) -> Floats:
        return emissions if self.durations.max() == 1 else kernels.windows(emissions, self.durations)

    def _begin(self, n_frames: int, carry: Carry | None) -> tuple[Floats, Floats, Floats, int]:
        """Return the carry in arrays for so many frames, and how many come before the block."""
        n_labels = len(self._drawn)
        entry, base = np.empty((n_frames, n_labels)), np.zeros(n_frames + 1)
        if carry is None:
            return np.full(n_labels, -np.inf), entry, base, 0
        behind = len(carry[1])
        entry[:behind], base[: behind + 1] = carry[1:]
        return carry[0].copy(), entry, base, behind

    def _next(self, now: Floats, entry: Floats, base: Floats) -> Carry:
        return now.copy(), entry[-self.reach :].copy(), base[-self.reach - 1 :].copy()


def _chains(structure: Structure, base: Ergodic | SpeakerLoop, n_frames: int) -> tuple[Chains, Floats]:
    """Return what the kernels take, and the share of draws in the stays of each label."""
    n_labels = base.n_labels
    durations, open_end = np.ones(n_labels, np.int64), True
    if isinstance(structure, MinimumDuration):
        # One more than there are frames is as long as any longer duration, and cannot overflow.
        durations, open_end = np.minimum(structure.frames, n_frames + 1), structure.open_end
    links, matrix, drawn = np.full((4, n_labels), -np.inf), np.empty((4, 0, 0)), np.zeros(n_labels)
    with np.errstate(divide="ignore"):
        if isinstance(base, SpeakerLoop):
            jump = (1.0 - base.loop_probability) * base.weights
            stay = base.loop_probability + jump
            np.divide(jump, stay, out=drawn, where=stay > 0.0)
            links[0] = links[3] = np.log(base.weights)
            links[1], links[2] = np.log(stay), np.log1p(-base.loop_probability)
        else:
            links[0], links[1] = np.log(base.start), np.log(np.diagonal(base.transitions))
        if n_labels == 2 or isinstance(base, Ergodic):  # of two labels there is one to come from: nothing to share
            between = np.array((base.ergodic() if isinstance(base, SpeakerLoop) else base).transitions)
            np.fill_diagonal(between, 0.0)
            matrix = np.stack([np.log(between), np.log(between.T), between, between.T])
    return (links, matrix, durations, open_end), drawn
