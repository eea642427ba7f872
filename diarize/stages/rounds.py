"""One inference from one starting point: variational Bayes over speakers and their chain, eq. (15) to (21)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize import hmm
from diarize.config import SpeakerConfig
from diarize.progress import checkpoint
from diarize.stages.beliefs import Beliefs
from diarize.stages.speakers import View

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

_CONVERGED = 0.05  # nats; when the bound rises by less the inference has settled
_FAINT = 1e-5  # share of the draws below which a speaker has vanished
_SURE = 0.7  # share of a block that its cluster gets at the start; the others divide the rest


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What the inference settled on.

    Parameters
    ----------
    posterior : array of shape (n_blocks, n_speakers)
    labels : array of int, shape (n_blocks,)
        The speaker of each block; every speaker has one at least.
    bounds : tuple of float
        Evidence bound after each round since the last speaker vanished, nats. Empty if the last round took one away,
        and where the limits forced the outcome without any inference.
    origins : tuple of int
        The group at the start that each speaker came from; known people come after the groups.
    candidates : tuple of arrays of int, each of shape (n_blocks,)
        The labels of the single outcomes whose mean this is, in the order of the models.
    n_named : int
        The first so many speakers are those whom a person named.
    """

    posterior: Floats
    labels: Labels
    bounds: tuple[float, ...] = ()
    origins: tuple[int, ...] = ()
    candidates: tuple[Labels, ...] = ()
    n_named: int = 0

    @property
    def n_speakers(self) -> int:
        """How many speakers there are."""
        return int(self.posterior.shape[1])

    @property
    def certainty(self) -> Floats:
        """The probability of each block's label, shape (n_blocks,)."""
        return np.asarray(self.posterior[np.arange(len(self.labels)), self.labels])

    def arrays(self, prefix: str = "") -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """Yield plain arrays with their names."""
        yield f"{prefix}posterior", self.posterior
        yield f"{prefix}labels", self.labels.astype(np.int32)
        yield f"{prefix}bounds", np.array(self.bounds, np.float64)
        yield f"{prefix}origins", np.array(self.origins, np.int32)
        yield f"{prefix}candidates", np.array(self.candidates, np.int32).reshape(-1, len(self.labels))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], prefix: str = "") -> Outcome:
        """Build an outcome in which nobody was named from what `arrays` gave.

        Raises
        ------
        KeyError, ValueError
            An array is missing, or the arrays do not fit together.
        """
        posterior = np.asarray(arrays[f"{prefix}posterior"], np.float64)
        labels, candidates = (np.asarray(arrays[f"{prefix}{name}"], np.intp) for name in ("labels", "candidates"))
        shape = (len(labels), int(labels.max()) + 1)
        if posterior.shape != shape or labels.min() < 0 or len(np.unique(labels)) != shape[1]:
            raise ValueError(f"labels of {len(labels)} blocks do not fit probabilities of shape {posterior.shape}")
        if (
            candidates.ndim != 2
            or candidates.shape[1] != len(labels)
            or not 0 <= candidates.min() <= candidates.max() < len(labels)
        ):
            raise ValueError(f"single outcomes of shape {candidates.shape} do not fit {len(labels)} blocks")
        if not (np.isfinite(posterior).all() and 0 <= posterior.min() <= posterior.max() <= 1 + 1e-9):
            raise ValueError("probabilities lie from 0 to 1")
        bounds, origins = (arrays[f"{prefix}{name}"].tolist() for name in ("bounds", "origins"))
        return cls(posterior, labels, tuple(bounds), tuple(origins), tuple(candidates))


def prior_weight(seconds: float, config: SpeakerConfig) -> float:
    """Return F_B of eq. (15) for so many seconds of speech: it grows with them, up to a limit."""
    growth = max(config.prior - config.min_prior, 0.0) / config.reference
    return min(config.min_prior + growth * seconds, max(config.max_prior, config.min_prior))


def run_rounds(view: View, shares: Floats, prior: float, config: SpeakerConfig) -> Outcome:
    """Alternate between the speakers and their chain until the evidence bound stands still, eq. (15) to (21).

    Known people are speakers too, after the groups. They begin with nothing of the recording but what was heard of
    them before, and whoever is not in it vanishes as other speakers do.

    Parameters
    ----------
    view : View
    shares : array of shape (n_blocks, n_groups)
        How much of each block belongs to each speaker at the start.
    prior : float
        F_B.
    config : SpeakerConfig
    """
    _, voices, known = view
    beliefs = None
    if known is not None and len(known):
        beliefs = Beliefs.of(known, shares.shape[1], voices, config.acoustic_scale)
        shares = np.concatenate([shares, np.zeros((len(shares), len(known)))], axis=1)
    return run_together(view, [Course(shares)], prior, config, beliefs)[0]


def run_together(
    view: View, courses: Sequence[Course], prior: float, config: SpeakerConfig, beliefs: Beliefs | None = None
) -> list[Outcome]:
    """Run the inference from several starts side by side: the statistics are gone through once a round for all.

    `beliefs` are those of the speakers of each start, where they are no mere strangers.
    """
    statistics, voices, _ = view
    for _ in range(config.iterations):
        going = [course for course in courses if not course.settled]
        if not going:
            break
        checkpoint()
        edges = np.cumsum([0, *(len(course.origins) for course in going)])
        # arrays of this size fill the memory in long recordings: as few as possible at a time
        shares = [course.take() for course in going]
        together = shares[0] if len(going) == 1 else np.hstack(shares)
        if beliefs is None:
            speakers = voices.posterior(statistics, together, config.acoustic_scale, prior)
        else:
            those = beliefs.some(np.concatenate([course.origins for course in going]))
            speakers = those.updated(statistics, together, voices, config.acoustic_scale, prior)
        del shares, together
        likelihood = voices.log_likelihood(statistics, speakers, config.acoustic_scale)
        for course, (first, last) in zip(going, pairwise(edges), strict=True):
            course.go_on(
                likelihood[:, first:last],
                prior * float(speakers.divergences[first:last].sum()),
                config.loop_probability,
            )
    return [course.outcome() for course in courses]


class Course:
    """An inference on its way.

    Parameters
    ----------
    shares : array of shape (n_blocks, n_groups)
        How much of each block belongs to each speaker at the start.
    allowed : array of bool, shape (n_blocks, n_groups), optional
        Who may speak in each block; one at least. Without it, everybody may. Who alone may speak somewhere stays.
    """

    def __init__(self, shares: Floats, allowed: Mask | None = None) -> None:
        self.settled, self.origins = False, np.arange(shares.shape[1])
        self._shares, self._weights = shares, np.full(len(self.origins), 1 / len(self.origins))
        self._bounds: list[float] = []
        self._allowed = allowed
        self._needed = None if allowed is None else allowed[allowed.sum(axis=1) == 1].any(axis=0)

    def take(self) -> Floats:
        """Return the shares, and keep none."""
        shares, self._shares = self._shares, np.zeros((0, 0))
        return shares

    def go_on(self, likelihood: Features, penalty: float, loop_probability: float) -> None:
        """Find new shares by the log-likelihood of each block under each speaker; those who have vanished go.

        `penalty` is what the evidence bound (21) takes off for the speakers, nats.
        """
        if self._allowed is not None:
            likelihood[~self._allowed[:, self.origins]] = -np.inf
        chain = hmm.forward_backward(likelihood, hmm.SpeakerLoop(self._weights, loop_probability))
        shares, weights = chain.posterior, chain.entries / chain.entries.sum()
        self._bounds.append(chain.log_evidence - penalty)  # eq. (21)
        alive = weights > _FAINT
        if self._needed is not None:
            alive |= self._needed[self.origins]
        if not alive.all():
            del chain
            shares, self.origins = shares[:, alive], self.origins[alive]
            shares, weights, self._bounds = normalised(shares), weights[alive] / weights[alive].sum(), []
        elif len(self._bounds) > 3 and self._bounds[-1] - self._bounds[-2] < _CONVERGED:
            self.settled = True
        self._shares, self._weights = shares, weights

    def outcome(self) -> Outcome:
        """Return what it has come to."""
        heard, labels = np.unique(self._shares.argmax(axis=1), return_inverse=True)
        origins, bounds = self.origins[heard].tolist(), tuple(self._bounds)
        return Outcome(normalised(self._shares[:, heard]), labels.astype(np.intp), bounds, tuple(origins))


def summed_columns(shares: Floats, groups: npt.ArrayLike, count: int) -> Floats:
    """Return the sums of the columns of each group, (n_blocks, count)."""
    total = np.zeros((len(shares), count))
    for column, group in enumerate(np.asarray(groups)):
        total[:, group] += shares[:, column]
    return total


def shares_of(labels: Labels, count: int | None = None) -> Floats:
    """Return the shares of the blocks that a labelling stands for, (n_blocks, n_groups)."""
    count = int(labels.max()) + 1 if count is None else count
    if count == 1:
        return np.ones((len(labels), 1))
    shares = np.full((len(labels), count), (1 - _SURE) / (count - 1))
    shares[np.arange(len(labels)), labels] = _SURE
    return shares


def normalised(shares: Floats) -> Floats:
    """Return shares whose sum is one in each block; none is zero."""
    shares = shares + 1e-100
    shares /= shares.sum(axis=1, keepdims=True)
    return shares
