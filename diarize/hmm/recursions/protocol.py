"""What a structure offers to recursions that work through a recording block by block."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from diarize.hmm.structures import Floats


class Forward(NamedTuple):
    """The past of one block: what its backward pass needs, what the next block needs, log evidence so far."""

    lattice: Any
    carry: Any
    evidence: float


class Backward(NamedTuple):
    """The future of one block.

    posterior (n_frames, n_labels); what the block before needs; expected entries (n_labels,), those at the first frame
    of the recording not counted, and transitions (n_labels, n_labels) or None, up to the first frame of the next block.
    """

    posterior: Floats
    message: Any
    entries: Floats
    transitions: Floats | None


class Recursion(Protocol):
    """Forward and backward pass through one block. It holds no state: `carry` and `message` go from block to block.

    reach : int
        How many frames before and after a block it has to see.
    """

    @property
    def reach(self) -> int: ...

    def forward(self, emissions: Floats, ahead: int, carry: Any) -> Forward:
        """Go through a block. It may use up `emissions`, relative log-likelihoods from `reach` frames before it on.

        The last `ahead` rows belong to the next block; carry is None at the beginning of the recording.
        """

    def backward(self, lattice: Any, message: Any) -> Backward:
        """Go back through a block. It may use up the lattice; message is None at the end of the recording."""
