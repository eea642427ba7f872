"""Ordinary topologies by hmmlearn's compiled recursions, fed with our emissions.

The only module that imports hmmlearn. Import it inside functions only, since hmmlearn brings scikit-learn with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from hmmlearn.base import BaseHMM

from diarize.hmm.structures import Ergodic, Floats


class _Emissions(BaseHMM):  # type: ignore[misc]
    """An hmmlearn model whose log-likelihoods are given: its observations are the frame numbers.

    hmmlearn checks that observations are finite, which log-likelihoods need not be.
    """

    def __init__(self, emissions: Floats, structure: Ergodic) -> None:
        # No random initialisation, one E step at most.
        super().__init__(structure.n_labels, params="st", init_params="", n_iter=1)
        self.emissions = emissions
        self.startprob_ = structure.start
        self.transmat_ = structure.transitions
        self.frames = np.arange(len(emissions))[:, None]

    def _compute_log_likelihood(self, X: npt.NDArray[np.intp]) -> Floats:
        frames: Floats = self.emissions[X[:, 0]]
        return frames

    def _get_n_fit_scalars_per_param(self) -> None:
        return None

    def _accumulate_sufficient_statistics(
        self, stats: Any, X: Any, lattice: Any, posteriors: Any, fwdlattice: Any, bwdlattice: Any
    ) -> None:
        super()._accumulate_sufficient_statistics(stats, X, lattice, posteriors, fwdlattice, bwdlattice)
        self.posterior = posteriors

    def _do_mstep(self, stats: Any) -> None:
        self.transition_counts = stats["trans"]  # and the parameters stay as they are


def forward_backward(emissions: Floats, structure: Ergodic) -> tuple[float, Floats, Floats]:
    """Return log evidence, posterior (n_frames, n_labels) and expected entries (n_labels,)."""
    model = _Emissions(emissions, structure)
    with np.errstate(invalid="ignore"):  # when no path is possible: the evidence, -inf, tells
        model.fit(model.frames)
    changes = model.transition_counts.sum(axis=0) - np.diagonal(model.transition_counts)
    return float(model.monitor_.history[-1]), model.posterior, model.posterior[0] + changes


def viterbi(emissions: Floats, structure: Ergodic) -> tuple[float, npt.NDArray[np.intp]]:
    """Return the log probability of the best path and its labels."""
    model = _Emissions(emissions, structure)
    log_probability, labels = model.decode(model.frames)
    return float(log_probability), labels
