"""Confidence that means something: a map of two parameters makes probabilities agree with how often they are right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

Floats = npt.NDArray[np.float64]

_CLIP = 0.01  # beyond it a posterior says no more: models that are wrong are as sure as those that are right


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map of probabilities: a straight line on their log-odds.

    Parameters
    ----------
    slope : float
        Below 1 for probabilities that are too near to 0 and 1; never negative, so the order stays.
    offset : float, nats
        What is added to all log-odds.

    References
    ----------
    Platt, "Probabilistic outputs for support vector machines and comparisons to regularized likelihood methods",
    Advances in Large Margin Classifiers, MIT Press 1999, pp. 61-74.

    Examples
    --------
    >>> Calibration(slope=0.5, offset=0.0).apply([0.1, 0.5, 0.9]).round(2)
    array([0.25, 0.5 , 0.75])
    """

    slope: float = 1.0
    offset: float = 0.0

    def apply(self, probability: npt.ArrayLike) -> Floats:
        """Return the calibrated probabilities.

        Parameters
        ----------
        probability : array_like
            Of any shape; what lies beyond 0.01 and 0.99 counts as these.
        """
        return np.asarray(expit(self.slope * log_odds(probability) + self.offset))


def log_odds(probability: npt.ArrayLike) -> Floats:
    """Return the log-odds of probabilities of any shape, in nats; what lies beyond 0.01 and 0.99 counts as these."""
    return np.asarray(logit(np.clip(np.asarray(probability, dtype=np.float64), _CLIP, 1 - _CLIP)))
