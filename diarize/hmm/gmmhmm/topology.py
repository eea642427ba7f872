"""Which state may follow which: start values, the structure for inference, re-estimation with Dirichlet priors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diarize.hmm.gmmhmm.sequences import Expected
from diarize.hmm.priors import TransitionPrior, dirichlet_mode, log_dirichlet
from diarize.hmm.structures import Ergodic, Floats, LeftRight, MinimumDuration, SpeakerLoop, Structure

STRUCTURES = ("ergodic", "left-right", "speaker-loop")
_LOOP_START = 0.9
_LOOP_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """Kind of transitions, minimum durations and priors; probabilities themselves are handed in and out.

    Parameters
    ----------
    kind : {'ergodic', 'left-right', 'speaker-loop'}
        Any transitions; from each state to itself and the next one; the speaker loop, see `SpeakerLoop`.
    min_duration : int or array_like of int, shape (n_states,)
        Shortest stay in a state, frames.
    start_prior : float or array_like of shape (n_states,)
        Dirichlet parameters, at least 1, of the start; of the weights of a speaker loop.
    transition_prior : float or array_like of shape (n_states, n_states)
        Dirichlet parameters, at least 1, of each row of transitions; of a speaker loop, for going on and drawing, (2,).

    Raises
    ------
    ValueError
        When a prior is less than 1 or not finite.
    """

    kind: str
    min_duration: npt.ArrayLike = 1
    start_prior: npt.ArrayLike = 1.0
    transition_prior: npt.ArrayLike = 1.0

    def __post_init__(self) -> None:
        for name, value in (("startprob_prior", self.start_prior), ("transmat_prior", self.transition_prior)):
            numbers = np.asarray(value, dtype=np.float64)
            if not (np.isfinite(numbers).all() and (numbers >= 1).all()):
                raise ValueError(f"{name} must be finite and 1 or more, 1 for no prior; got {value!r}")

    def initial(self, n_states: int, mean_length: float, start: Floats | None = None) -> tuple[Floats, Floats]:
        """Return start and transition probabilities that say little.

        Parameters
        ----------
        n_states : int
            Number of states.
        mean_length : float
            Of the sequences, frames.
        start : array (n_states,), optional
            Start probabilities that are known, so that a speaker loop agrees with them.
        """
        if self.kind == "left-right":
            ordered = LeftRight(n_states, stay=max(0.5, 1 - n_states / mean_length))
            return ordered.start, ordered.transitions
        even = np.full(n_states, 1 / n_states)
        if self.kind == "speaker-loop":
            loop = SpeakerLoop(even if start is None else start, _LOOP_START).ergodic()
            return loop.start, loop.transitions
        return even, np.tile(even, (n_states, 1))

    def structure(self, start: Floats, transitions: Floats) -> Structure:
        """Return what forward-backward and Viterbi take.

        Raises
        ------
        ValueError
            When probabilities do not sum to one, or are no speaker loop where that is the kind.
        """
        chain: Ergodic | SpeakerLoop = Ergodic(start, transitions)
        if self.kind == "speaker-loop":
            chain = _loop(start, transitions)
        if (np.asarray(self.min_duration) == 1).all():
            return chain
        return MinimumDuration(chain, np.asarray(self.min_duration))

    def countable(self, start: Floats, transitions: Floats) -> Structure:
        """Return the same structure as `structure`, in a form whose expected counts are all that `updated` needs."""
        chain = self.structure(start, transitions)
        if self.kind == "speaker-loop":
            wanted = {"startprob_prior": (self.start_prior, len(start)), "transmat_prior": (self.transition_prior, 2)}
            for name, (value, size) in wanted.items():
                if np.shape(value) not in ((), (size,)):
                    raise ValueError(f"{name} of a speaker loop must have shape ({size},), got {np.shape(value)}")
        if isinstance(chain, MinimumDuration) and isinstance(chain.base, SpeakerLoop):
            return MinimumDuration(Ergodic(start, transitions), chain.frames)
        return chain

    def updated(self, start: Floats, transitions: Floats, expected: Expected, letters: str) -> tuple[Floats, Floats]:
        """Return start and transition probabilities after one M step.

        Parameters
        ----------
        start, transitions : arrays (n_states,) and (n_states, n_states)
            The present ones.
        expected : Expected
            Counts of starts, entries and transitions, from the structure that `countable` gives.
        letters : str
            What is estimated: 's' start (of a speaker loop its weights), 't' transitions (its loop probability).
        """
        if self.kind == "speaker-loop":
            return self._updated_loop(_loop(start, transitions), expected, letters)
        counts = expected.transitions
        if counts is None:
            raise ValueError("no counts of transitions; take those of the structure that `countable` gives")
        before = Ergodic(start, transitions)
        estimate = self._prior().reestimate(before, expected.start, counts)
        return estimate.start if "s" in letters else start, estimate.transitions if "t" in letters else transitions

    def _updated_loop(self, loop: SpeakerLoop, expected: Expected, letters: str) -> tuple[Floats, Floats]:
        draws, going = expected.entries, loop.loop_probability
        n_transitions = float(expected.statistics.zeroth.sum() - expected.start.sum())
        if expected.transitions is not None:  # with minimum durations: part of the free stays are draws
            stays = np.diagonal(expected.transitions)
            drawn = (1 - going) * loop.weights
            again = stays * drawn / np.maximum(going + drawn, np.finfo(np.float64).tiny)
            draws = expected.start + expected.transitions.sum(axis=0) - stays + again
            n_transitions = float(expected.transitions.sum())
        weights = dirichlet_mode(self.start_prior, draws, loop.weights) if "s" in letters else loop.weights
        if "t" in letters:
            redrawn = min(float(draws.sum() - expected.start.sum()), n_transitions)
            choices = np.array([n_transitions - redrawn, max(redrawn, 0.0)])
            going = float(dirichlet_mode(self.transition_prior, choices, np.array([going, 1 - going]))[0])
        written_out = SpeakerLoop(weights, going).ergodic()
        return written_out.start, written_out.transitions

    def log_prior(self, start: Floats, transitions: Floats) -> float:
        """Return the log density of the Dirichlet priors up to a constant, nats."""
        if self.kind != "speaker-loop":
            return self._prior().log_density(Ergodic(start, transitions))
        loop = _loop(start, transitions)
        choices = np.array([loop.loop_probability, 1 - loop.loop_probability])
        return log_dirichlet(self.start_prior, loop.weights) + log_dirichlet(self.transition_prior, choices)

    def _prior(self) -> TransitionPrior:
        return TransitionPrior(np.asarray(self.start_prior, np.float64), np.asarray(self.transition_prior, np.float64))

    def n_parameters(self, n_states: int, letters: str) -> int:
        """Return the number of free parameters among those that are estimated."""
        start = 0 if self.kind == "left-right" else n_states - 1
        transitions = {"ergodic": n_states * (n_states - 1), "left-right": n_states - 1, "speaker-loop": 1}[self.kind]
        return start * ("s" in letters) + transitions * ("t" in letters)


def _loop(start: Floats, transitions: Floats) -> SpeakerLoop:
    """Return the speaker loop that was written out as these probabilities."""
    written = Ergodic(start, transitions)
    n_states = written.n_labels
    going = 1.0
    if n_states > 1:
        going = 1 - (written.transitions.sum() - np.trace(written.transitions)) / (n_states - 1)
    loop = SpeakerLoop(written.start, min(max(going, 0.0), 1.0))
    if np.abs(loop.ergodic().transitions - written.transitions).max() > _LOOP_TOLERANCE:
        raise ValueError(
            "transmat_ is no speaker loop of startprob_; make both by diarize.hmm.SpeakerLoop(weights, "
            "loop_probability).ergodic(), or take structure='ergodic'"
        )
    return loop
