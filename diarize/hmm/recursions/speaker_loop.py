"""The speaker loop with scaled probabilities: linear in the number of labels, without a logarithm per label.

Import this module inside functions only: importing it imports numba and compiles (or loads from numba's cache).

Notation as in Rabiner (1989), section V.A: the forward probabilities of a frame sum to one, `scale` holds the sums that
they were divided by, future[s] is the probability of all later frames, divided by their scales, given label s.
"""

from __future__ import annotations

import numpy as np

from diarize.gmm.engine.compilation import compiled
from diarize.hmm.recursions.frames import impossible, probabilities
from diarize.hmm.recursions.protocol import Backward, Forward
from diarize.hmm.structures import Floats, SpeakerLoop


@compiled("Tuple((f8[:, ::1], f8[::1]))(f8[:, ::1], f8[::1], f8[::1], f8)")
def forward(likelihood: Floats, arriving: Floats, draw: Floats, loop: float) -> tuple[Floats, Floats]:
    """Return forward probabilities and scale; `arriving` is what the past says of the first frame."""
    n_frames, n_labels = likelihood.shape
    past, scale = np.empty_like(likelihood), np.empty(n_frames)
    arriving = arriving.copy()
    for t in range(n_frames):
        total = 0.0
        for s in range(n_labels):
            past[t, s] = arriving[s] * likelihood[t, s]
            total += past[t, s]
        scale[t] = total
        share = 1.0 / total if total > 0.0 else 0.0
        for s in range(n_labels):
            past[t, s] *= share
            arriving[s] = loop * past[t, s] + draw[s]  # eq. (17)
    return past, scale


@compiled("Tuple((f8[::1], f8[::1]))(f8[:, ::1], f8[:, ::1], f8[::1], f8[::1], f8, f8[::1])")
def backward(
    likelihood: Floats, past: Floats, scale: Floats, draw: Floats, loop: float, future: Floats
) -> tuple[Floats, Floats]:
    """Turn forward probabilities into posteriors, in place.

    Return the probability of everything from the first frame of the block on given its label there, and the expected
    draws from the second frame on.
    """
    n_frames, n_labels = likelihood.shape
    future, draws, here = future.copy(), np.zeros(n_labels), np.empty(n_labels)
    for t in range(n_frames - 1, -1, -1):
        total, share = 0.0, 1.0 / scale[t]
        for s in range(n_labels):
            past[t, s] *= future[s]
            total += past[t, s]
            here[s] = likelihood[t, s] * future[s] * share
        drawn = 0.0
        for s in range(n_labels):
            past[t, s] /= total  # eq. (19)
            drawn += draw[s] * here[s]
        for s in range(n_labels):
            future[s] = loop * here[s] + drawn  # eq. (18)
            if t > 0:
                draws[s] += draw[s] * here[s]  # eq. (20)
    return here, draws


class Loop:
    """The recursion of a speaker loop whose labels have a weight of zero or can be drawn with probability SAFE."""

    reach = 0

    def __init__(self, structure: SpeakerLoop, draw: Floats) -> None:
        self._weights, self._loop, self._draw = structure.weights.copy(), structure.loop_probability, draw
        self._dead = structure.weights == 0.0

    def forward(self, emissions: Floats, ahead: int, carry: tuple[float, Floats] | None) -> Forward:
        """Go through a block; carry: log evidence so far, and what it says of the next frame."""
        evidence, arriving = (0.0, self._weights) if carry is None else carry
        if self._dead.any():  # the best label of a frame must be a living one
            emissions[:, self._dead] = -np.inf
            best = emissions.max(axis=1)
            if best.min() == -np.inf:
                raise impossible()
            emissions -= best[:, None]
            evidence += float(best.sum())
        likelihood = probabilities(emissions)
        past, scale = forward(likelihood, arriving, self._draw, self._loop)
        evidence += float(np.log(scale).sum())
        arriving = self._loop * past[-1] + self._draw
        return Forward((likelihood, past, scale), (evidence, arriving), evidence)

    def backward(self, lattice: tuple[Floats, Floats, Floats], message: Floats | None) -> Backward:
        """Go back through a block; message: probability of all that follows given the label of its first frame."""
        likelihood, past, scale = lattice
        future, draws = np.ones(len(self._draw)), np.zeros(len(self._draw))
        if message is not None:
            message = message / (self._loop * past[-1] + self._draw).dot(message)  # no rounding adds up over blocks
            draws = self._draw * message
            future = self._loop * message + draws.sum()
        message, more = backward(likelihood, past, scale, self._draw, self._loop, future)
        return Backward(past, message, draws + more, None)
