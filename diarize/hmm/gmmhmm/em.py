"""EM for HMMs with mixtures: the rounds, their bound, when to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from diarize.gmm.engine.kernel import Kernel, compile_kernel
from diarize.gmm.fitting.em import careful_round
from diarize.hmm.gmmhmm.emissions import Emissions
from diarize.hmm.gmmhmm.maximisation import maximise
from diarize.hmm.gmmhmm.prior import MixturePrior
from diarize.hmm.gmmhmm.sequences import Expected, Sequences
from diarize.hmm.gmmhmm.topology import Topology
from diarize.hmm.structures import Floats

logger = logging.getLogger(__name__)

Callback = Callable[[int, float], object]
"""Called after each round with its number, from 1, and the bound before it, in nats per frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """All parameters of an HMM.

    Parameters
    ----------
    start : array (n_states,)
        Probability of each state at the first frame.
    transitions : array (n_states, n_states)
        Probability of each state after each state.
    emissions : Emissions
        Mixtures of the states.
    """

    start: Floats
    transitions: Floats
    emissions: Emissions


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """How a model is trained.

    Parameters
    ----------
    topology : Topology
        Kind of transitions and their priors.
    prior : MixturePrior
        Of the mixtures.
    letters : str
        What is estimated: 's' start, 't' transitions, 'w' weights, 'm' means, 'c' covariances.
    least : float
        Smallest variance.
    n_iter : int
        Rounds at most.
    tol : float
        Training ends when the bound gains less, in nats per frame.
    callback : callable or None
        See `Callback`.
    """

    topology: Topology
    prior: MixturePrior
    letters: str
    least: float
    n_iter: int
    tol: float
    callback: Callback | None = None

    def run(self, sequences: Sequences, model: Model) -> tuple[Model, list[float], bool]:
        """Train from a given start.

        Returns
        -------
        Model
            After the last round.
        list of float
            Log-likelihood plus log prior (up to a constant) before each round, in nats per frame; never falls.
        bool
            Whether the last gain was below the tolerance.
        """
        bounds: list[float] = []
        dtype = sequences.x.dtype
        kernel = compile_kernel(model.emissions.flat, dtype)
        for iteration in range(1, self.n_iter + 1):
            expected, following, kernel = self._round(sequences, model, kernel)
            bounds.append((expected.log_likelihood + self._log_prior(model)) / len(sequences.x))
            model = following
            logger.debug("round %d: %.6f nats per frame", iteration, bounds[-1])
            if self.callback is not None:
                self.callback(iteration, bounds[-1])
            if iteration > 1 and bounds[-1] - bounds[-2] < self.tol:
                return model, bounds, True
        return model, bounds, False

    def _log_prior(self, model: Model) -> float:
        return self.prior.log_density(model.emissions) + self.topology.log_prior(model.start, model.transitions)

    def _round(self, sequences: Sequences, model: Model, kernel: Kernel) -> tuple[Expected, Model, Kernel]:
        """Run one E and M step; return what was expected, the new model, and its mixtures compiled for sums."""
        structure = self.topology.countable(model.start, model.transitions)
        expected, emissions, following = careful_round(
            lambda kernel: sequences.expect(model.emissions, structure, kernel),
            lambda expected: self._maximise(expected, model),
            lambda emissions, dtype, direct: compile_kernel(emissions.flat, dtype, direct),
            model.emissions,
            kernel,
            sequences.x.dtype,
        )
        start, transitions = self.topology.updated(model.start, model.transitions, expected, self.letters)
        return expected, Model(start, transitions, emissions), following

    def _maximise(self, expected: Expected, model: Model) -> Emissions:
        if not set("wmc") & set(self.letters):
            return model.emissions
        return maximise(expected.statistics, model.emissions, self.prior, letters=self.letters, least=self.least)
