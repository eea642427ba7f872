"""Many sequences against one model: expected counts, posteriors, paths, likelihoods; in threads, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from diarize.gmm import Statistics
from diarize.gmm.engine.kernel import Kernel
from diarize.gmm.engine.threads import ordered_map
from diarize.gmm.inference.expectation import collect
from diarize.hmm.blocks import Smoothing, viterbi_blocks
from diarize.hmm.gmmhmm.emissions import Emissions
from diarize.hmm.paths import forward_backward, viterbi
from diarize.hmm.structures import Floats, Structure

Result = TypeVar("Result")

BATCH_FRAMES = 1 << 14
"""Short sequences are taken together up to so many frames."""
KEPT_VALUES = 1 << 21
"""Log-likelihoods of a longer sequence are not kept but computed a second time."""


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What the E step finds out; adds over sequences.

    Attributes
    ----------
    log_likelihood : float
        Nats.
    start : ndarray of shape (n_states,)
        Expected number of sequences that begin in each state.
    entries : ndarray of shape (n_states,)
        Expected number of entries of each state, as in `diarize.hmm.Posterior`.
    transitions : ndarray of shape (n_states, n_states) or None
        Expected number of transitions; of stays in a state of minimum duration only those that could have ended. None
        for a speaker loop.
    statistics : Statistics
        Expected sums over frames for every component of every state.
    """

    log_likelihood: float
    start: Floats
    entries: Floats
    transitions: Floats | None
    statistics: Statistics

    def __add__(self, other: Expected) -> Expected:
        return Expected(
            self.log_likelihood + other.log_likelihood,
            self.start + other.start,
            self.entries + other.entries,
            None if self.transitions is None or other.transitions is None else self.transitions + other.transitions,
            self.statistics + other.statistics,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """Frames of several sequences, one after the other.

    Parameters
    ----------
    x : array (n_frames, n_features)
        The frames.
    edges : array (n_sequences + 1,) of int
        Sequence s is ``x[edges[s]:edges[s + 1]]``.
    n_jobs : int or None
        Threads: over sequences, or over the frames of a single batch of them. Results do not depend on it.
    """

    x: npt.NDArray[Any]
    edges: npt.NDArray[np.intp]
    n_jobs: int | None = None

    def expect(self, emissions: Emissions, structure: Structure, kernel: Kernel) -> Expected:
        """Run the E step; `kernel` is the emissions' flat mixture compiled for the sums."""
        return reduce(add, self._each(lambda batch: batch.expect(kernel), emissions, structure))

    def posterior(self, emissions: Emissions, structure: Structure) -> Floats:
        """Return the probability of each state at each frame, (n_frames, n_states)."""
        posteriors = np.empty((len(self.x), emissions.n_states))
        for _ in self._each(lambda batch: batch.smooth(posteriors[batch.frames]), emissions, structure):
            pass
        return posteriors

    def paths(self, emissions: Emissions, structure: Structure) -> tuple[float, npt.NDArray[np.intp]]:
        """Return the joint log probability of frames and most probable paths, nats, and the paths (n_frames,)."""
        states = np.empty(len(self.x), np.intp)
        return sum(self._each(lambda batch: batch.best(states[batch.frames]), emissions, structure)), states

    def log_likelihood(self, emissions: Emissions, structure: Structure) -> float:
        """Return the log-likelihood of all sequences, nats."""
        return sum(self._each(Batch.log_likelihood, emissions, structure))

    def gains(self, emissions: Emissions, structure: Structure) -> Floats:
        """Return the log-likelihood of each frame given those before it in its sequence, (n_frames,), nats."""
        increments = np.empty(len(self.x))
        for _ in self._each(lambda batch: batch.filter(increments[batch.frames]), emissions, structure):
            pass
        return increments

    def _each(
        self, function: Callable[[Batch], Result], emissions: Emissions, structure: Structure
    ) -> Iterator[Result]:
        batches = [Batch(self, *ends, emissions, structure) for ends in self._batches()]
        if len(batches) == 1:  # then the threads share its frames
            return map(function, batches)
        alone = replace(self, n_jobs=None)
        return ordered_map(function, (replace(batch, sequences=alone) for batch in batches), self.n_jobs)

    def _batches(self) -> Iterator[tuple[int, int]]:
        """Yield first and last + 1 of the sequences to take together: few frames in all, or one sequence."""
        start = 0
        while start < len(self.edges) - 1:
            stop = int(np.searchsorted(self.edges, self.edges[start] + BATCH_FRAMES, side="right")) - 1
            yield start, max(stop, start + 1)
            start = max(stop, start + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some consecutive sequences and the model they are looked at with.

    Parameters
    ----------
    sequences : Sequences
        Those and others.
    first, last : int
        The first sequence, and the last plus one.
    emissions : Emissions
        Mixtures of the states.
    structure : Structure
        Which state may follow which.
    """

    sequences: Sequences
    first: int
    last: int
    emissions: Emissions
    structure: Structure

    @property
    def frames(self) -> slice:
        """Frames of the batch."""
        return slice(int(self.sequences.edges[self.first]), int(self.sequences.edges[self.last]))

    def expect(self, kernel: Kernel) -> Expected:
        """Run the E step."""
        x, n_jobs = self.sequences.x[self.frames], self.sequences.n_jobs
        if self._long:
            smoothing = self._smoothing()
            parts = (collect(kernel, [(x[rows], share)], n_jobs=n_jobs) for rows, share in smoothing.backward())
            statistics = reduce(add, parts)
            return Expected(
                smoothing.log_evidence, smoothing.start, smoothing.entries, smoothing.transitions, statistics
            )
        shares = self._evaluate(slice(None))
        counts = []
        for rows in self._rows():
            one = forward_backward(shares[rows], self.structure)
            shares[rows] = one.posterior
            counts.append((one.log_evidence, one.start, one.entries, one.transitions))
        evidence, start, entries, transitions = zip(*counts, strict=True)
        moved = None if transitions[0] is None else np.sum(transitions, axis=0)
        statistics = collect(kernel, [(x, shares)], n_jobs=n_jobs)
        return Expected(sum(evidence), np.sum(start, axis=0), np.sum(entries, axis=0), moved, statistics)

    def smooth(self, out: Floats) -> None:
        """Write the probability of each state at each frame."""
        if self._long:
            for rows, shares in self._smoothing().backward():
                out[rows] = shares
            return
        likelihoods = self._evaluate(slice(None))
        for rows in self._rows():
            out[rows] = forward_backward(likelihoods[rows], self.structure).posterior

    def best(self, out: npt.NDArray[np.intp]) -> float:
        """Write the most probable path of each sequence, and return the log probability of all."""
        if self._long:
            out[:], log_probability = viterbi_blocks(self._evaluate, len(out), self.structure)
            return log_probability
        likelihoods, total = self._evaluate(slice(None)), 0.0
        for rows in self._rows():
            out[rows], log_probability = viterbi(likelihoods[rows], self.structure)
            total += log_probability
        return total

    def log_likelihood(self) -> float:
        """Return the log-likelihood, nats."""
        if self._long:
            return self._smoothing().log_evidence
        likelihoods = self._evaluate(slice(None))
        return sum(forward_backward(likelihoods[rows], self.structure).log_evidence for rows in self._rows())

    def filter(self, out: Floats) -> None:
        """Write the log-likelihood of each frame given those before it."""
        from diarize.hmm.gmmhmm.filtering import Filter

        likelihoods = None if self._long else self._evaluate(slice(None))
        for rows in self._rows():
            past = Filter(self.structure)
            for first in range(rows.start, rows.stop, BATCH_FRAMES):
                block = slice(first, min(first + BATCH_FRAMES, rows.stop))
                out[block] = past.gains(self._evaluate(block) if likelihoods is None else likelihoods[block])

    @property
    def _long(self) -> bool:
        return int(self.frames.stop - self.frames.start) * self.emissions.n_states > KEPT_VALUES

    def _rows(self) -> Iterator[slice]:
        """Yield the frames of each sequence, counted from the first of the batch."""
        edges = (self.sequences.edges[self.first : self.last + 1] - self.frames.start).tolist()
        return map(slice, edges[:-1], edges[1:])

    def _evaluate(self, rows: slice) -> Floats:
        """Return the log-likelihoods of frames, counted from the first of the batch, under each state."""
        likelihoods = self.emissions.log_likelihood(self.sequences.x[self.frames][rows], self.sequences.n_jobs)
        if likelihoods.min() == -np.inf:
            lost = np.flatnonzero((likelihoods == -np.inf).all(axis=1))
            if len(lost):
                row = self.frames.start + (rows.start or 0) + int(lost[0])
                raise ValueError(f"row {row} of X is so far from every state that it has no density; is it a mistake?")
        return likelihoods

    def _smoothing(self) -> Smoothing:
        return Smoothing(self._evaluate, self.frames.stop - self.frames.start, self.structure)
