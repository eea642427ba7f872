"""What is believed of transitions beforehand, and their re-estimation from expected counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.errors import ConfigError
from diarize.hmm.structures import Ergodic, Floats


@dataclass(frozen=True, slots=True, eq=False)
class TransitionPrior:
    """Independent Dirichlet priors on the start and on every row of the transition matrix.

    Parameters
    ----------
    start : float or array_like of shape (n_labels,), default=1
        Parameters of the prior on the start, at least 1; each acts like `start - 1` recordings seen to begin so. 1 says
        nothing: then the most probable values are those of maximum likelihood.
    transitions : float or array_like of shape (n_labels, n_labels), default=1
        The same for transitions, row by row.

    Raises
    ------
    ConfigError
        When a parameter is below 1 or not finite: the density of such a prior has no highest point.

    References
    ----------
    J.-L. Gauvain, C.-H. Lee: Maximum a posteriori estimation for multivariate Gaussian mixture observations of Markov
    chains. IEEE Trans. Speech and Audio Processing 2 (1994), 291-298, doi:10.1109/89.279278 (section IV)

    Examples
    --------
    >>> before = Ergodic([0.5, 0.5], [[0.9, 0.1], [0, 1]])
    >>> TransitionPrior(transitions=2).reestimate(before, start=[1, 0], transitions=[[6, 2], [0, 3]]).transitions
    array([[0.7, 0.3],
           [0. , 1. ]])
    """

    start: Floats | float = 1.0
    transitions: Floats | float = 1.0

    def __post_init__(self) -> None:
        for name, n_dimensions in (("start", 1), ("transitions", 2)):
            try:
                values = np.array(getattr(self, name), np.float64)
            except (TypeError, ValueError) as error:
                raise ConfigError(f"{name} must be numbers, got {getattr(self, name)!r}") from error
            if values.ndim not in (0, n_dimensions):
                raise ConfigError(f"{name} must be a number or have {n_dimensions} dimension(s), got {values.shape}")
            if not ((values >= 1.0) & np.isfinite(values)).all():
                raise ConfigError(f"{name} of a transition prior must be finite and at least 1, got {values.tolist()}")
            values.setflags(write=False)
            object.__setattr__(self, name, values)

    def reestimate(self, structure: Ergodic, start: npt.ArrayLike, transitions: npt.ArrayLike) -> Ergodic:
        """Return the most probable start and transitions, given expected counts.

        They are (parameter - 1 + count), divided by the sum over the row: the M step of EM for the mode of the
        posterior (Gauvain and Lee 1994, section IV). What is zero stays zero; a row without any counts stays
        as it is.

        Parameters
        ----------
        structure : Ergodic
            What there was before.
        start : array_like of shape (n_labels,)
            Expected number of recordings that begin with each label.
        transitions : array_like of shape (n_labels, n_labels)
            Expected number of transitions from each label to each.

        Raises
        ------
        ConfigError
            When shapes do not fit, or counts are negative or not finite.
        """
        alpha, beta = self._fitted(structure)
        return Ergodic(
            _mode("start", alpha, start, structure.start),
            _mode("transitions", beta, transitions, structure.transitions),
        )

    def log_density(self, structure: Ergodic) -> float:
        """Return the log density of start and transitions under this prior, up to a constant, nats.

        It is the sum of (parameter - 1) log probability over what is not zero. EM with `reestimate` never lowers the
        log evidence plus this.

        Raises
        ------
        ConfigError
            When shapes do not fit.
        """
        alpha, beta = self._fitted(structure)
        return log_dirichlet(alpha, structure.start) + log_dirichlet(beta, structure.transitions)

    def _fitted(self, structure: Ergodic) -> tuple[Floats, Floats]:
        n_labels = structure.n_labels
        for name, shape in (("start", (n_labels,)), ("transitions", (n_labels, n_labels))):
            given = np.shape(getattr(self, name))
            if given not in ((), shape):
                raise ConfigError(f"{name} of the transition prior must have shape {shape}, got {given}")
        return np.broadcast_to(self.start, n_labels), np.broadcast_to(self.transitions, (n_labels, n_labels))


def _mode(name: str, parameters: Floats, counts: npt.ArrayLike, before: Floats) -> Floats:
    counted: npt.NDArray[Any] = np.asarray(counts, np.float64)
    if counted.shape != before.shape or not ((counted >= 0.0) & np.isfinite(counted)).all():
        raise ConfigError(
            f"counts of {name} must have shape {before.shape} and be finite and not negative, "
            f"got shape {counted.shape}, from {counted.min(initial=np.inf)} to {counted.max(initial=-np.inf)}"
        )
    return dirichlet_mode(parameters, counted, before)


def dirichlet_mode(parameters: npt.ArrayLike, counts: Floats, before: Floats) -> Floats:
    """Return the modes of Dirichlet posteriors, row by row of counts and of the probabilities before.

    What was zero stays zero; a row without any counts stays as it is.
    """
    weight = np.where(before > 0.0, np.asarray(parameters, np.float64) - 1.0 + counts, 0.0)
    total = weight.sum(axis=-1, keepdims=True)
    known = total > 0.0
    mode: Floats = np.where(known, weight / np.where(known, total, 1.0), before)
    return mode


def log_dirichlet(parameters: npt.ArrayLike, probabilities: Floats) -> float:
    """Return the log density of probabilities under Dirichlet priors up to a constant, nats, over what is not zero."""
    extra = np.broadcast_to(np.asarray(parameters, np.float64) - 1.0, probabilities.shape)
    possible = probabilities > 0.0
    return float((extra[possible] * np.log(probabilities[possible])).sum())
