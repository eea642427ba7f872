"""Ordinary topologies by hmmlearn's compiled recursions, fed with our emissions.

The only module that imports hmmlearn; import it inside functions only. It calls the compiled functions and not the
models: these neither give away forward values nor take them, which blocks need, and they import scikit-learn, which
takes longer than most recordings.

hmmlearn takes a recording as a whole. A block of it is a recording too: one that starts with what the past says of its
first frame, and that has one more frame at its end, whose likelihood is that of the whole future. Where transitions are
impossible, scaled probabilities can underflow, and `chains` is faster than hmmlearn's recursions in log space.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hmmlearn import _hmmc

from diarize.hmm.recursions.frames import impossible, probabilities
from diarize.hmm.recursions.protocol import Backward, Forward
from diarize.hmm.structures import Ergodic, Floats


def _started(emissions: Floats, start: Floats) -> float:
    """Take the start into the first frame, so that it may be as improbable as it likes; return what is taken out."""
    with np.errstate(divide="ignore"):
        emissions[0] += np.log(start)
    peak = float(emissions[0].max())
    if peak == -np.inf:
        raise impossible()
    emissions[0] -= peak
    return peak


class Scaled:
    """Recursions with scaled probabilities, for transitions that are all SAFE or more (Rabiner 1989, section V.A)."""

    reach = 0

    def __init__(self, structure: Ergodic) -> None:
        self._start, self._transitions = structure.start, structure.transitions

    def forward(self, emissions: Floats, ahead: int, carry: tuple[float, Floats] | None) -> Forward:
        """Go through a block; carry: log evidence so far, and what it says of the next frame."""
        evidence, arriving = (_started(emissions, self._start), np.ones(len(self._start))) if carry is None else carry
        likelihood = probabilities(emissions)
        gain, past, scale = _hmmc.forward_scaling(arriving, self._transitions, likelihood)
        evidence += float(gain)
        return Forward((likelihood, past, scale), (evidence, past[-1] @ self._transitions), evidence)

    def backward(self, lattice: tuple[Floats, Floats, Floats], message: Floats | None) -> Backward:
        """Go back through a block; message: probability of all that follows given the label of its first frame."""
        likelihood, past, scale = lattice
        if message is not None:
            likelihood = np.concatenate([likelihood, message[None]])
            scale = np.append(scale, 1.0 / (past[-1] @ self._transitions @ message))
        future = _hmmc.backward_scaling(self._start, self._transitions, likelihood, scale)
        posterior = np.multiply(past, future[: len(past)])
        posterior /= posterior.sum(axis=1, keepdims=True)
        future *= likelihood
        transitions = self._transitions * (past[: len(future) - 1].T @ future[1:])
        changes = transitions.sum(axis=0) - np.diagonal(transitions)
        return Backward(posterior, future[0] / future[0].max(), changes, transitions)


def viterbi(emissions: Floats, structure: Ergodic) -> tuple[float, npt.NDArray[np.intp]]:
    """Return the log probability of the best path and its labels."""
    log_probability, labels = _hmmc.viterbi(structure.start, structure.transitions, emissions)
    if log_probability == -np.inf:
        raise impossible()
    return float(log_probability), labels.astype(np.intp, copy=False)
