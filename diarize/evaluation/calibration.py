"""How sure the diarizer is against how often it is right, and the map of confidence that makes them agree.

Everything here is about stretches of time, each with a probability, a length and the share of it that is right; not
about speakers or frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from diarize.stages.confidence import Calibration, log_odds

Floats = npt.NDArray[np.float64]

_RIDGE = 1.0  # the prior on the map is worth about so many seconds; it keeps the fit finite where all is right


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """How often probabilities of about the same height are right.

    Parameters
    ----------
    edges : array of shape (n_bins + 1,)
        From 0 to 1; a bin holds its lower edge, the last one both.
    seconds : array of shape (n_bins,)
        The time in each bin.
    probability, right : array of shape (n_bins,)
        The mean probability and the share of the time that is right; nan where a bin is empty.
    """

    edges: Floats
    seconds: Floats
    probability: Floats
    right: Floats

    @property
    def error(self) -> float:
        """Expected calibration error, 0 to 1: the mean gap between probability and share, weighted by time.

        References
        ----------
        Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015,
        pp. 2901-2907.
        """
        filled = self.seconds > 0
        gaps = np.abs(self.probability[filled] - self.right[filled])
        return float(gaps @ self.seconds[filled] / self.seconds.sum())


def fit_calibration(probability: npt.ArrayLike, right: npt.ArrayLike, seconds: npt.ArrayLike) -> Calibration:
    """Fit the map of confidence by maximum likelihood, with a weak prior on no change.

    Parameters
    ----------
    probability : array_like of shape (n_stretches,)
    right : array_like of shape (n_stretches,)
        Share of each stretch that is right, 0 to 1.
    seconds : array_like of shape (n_stretches,)
        Lengths, not negative.

    Raises
    ------
    ValueError
        The arrays are empty, differ in shape, or hold values out of range.

    Examples
    --------
    >>> fit_calibration([0.99, 0.5], right=[0.9, 0.5], seconds=[1e6, 1e6]).apply([0.99, 0.5]).round(3)
    array([0.9, 0.5])
    """
    p, truth, weight = _checked(probability, right, seconds)
    x = log_odds(p)

    def cost(parameters: Floats) -> tuple[float, Floats]:
        slope, offset = parameters
        log_odds = slope * x + offset
        residual = weight * (expit(log_odds) - truth)
        away = parameters - (1.0, 0.0)
        # cross-entropy of the shares; log(1 + exp) through logaddexp, which does not overflow
        value = weight @ (np.logaddexp(0, log_odds) - truth * log_odds) + 0.5 * _RIDGE * away @ away
        return float(value) / total, (np.array([residual @ x, residual.sum()]) + _RIDGE * away) / total

    total = weight.sum() + _RIDGE
    bounds = [(0.0, None), (None, None)]
    best = minimize(
        cost, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-10}
    )
    return Calibration(float(best.x[0]), float(best.x[1]))


def reliability(
    probability: npt.ArrayLike, right: npt.ArrayLike, seconds: npt.ArrayLike, n_bins: int = 10
) -> Reliability:
    """Return the reliability curve over bins of equal width.

    Parameters
    ----------
    probability, right, seconds : array_like of shape (n_stretches,)
        As for `fit_calibration`.
    n_bins : int

    Raises
    ------
    ValueError
        As for `fit_calibration`, there is no time at all, or `n_bins` is below 1.

    Examples
    --------
    >>> curve = reliability([0.95, 0.97, 0.55], right=[1.0, 0.8, 0.5], seconds=[1.0, 3.0, 1.0])
    >>> curve.right[[5, 9]].round(3), round(curve.error, 3)
    (array([0.5 , 0.85]), 0.102)
    """
    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1, got {n_bins!r}")
    p, truth, weight = _checked(probability, right, seconds)
    if not weight.sum() > 0:
        raise ValueError("there is no time to judge: all seconds are 0")
    edges = np.linspace(0, 1, n_bins + 1)
    index = np.minimum(np.searchsorted(edges, p, side="right") - 1, n_bins - 1)
    sums = np.zeros((3, n_bins))
    np.add.at(sums.T, index, np.stack([weight, weight * p, weight * truth], axis=1))
    held = sums[0]
    with np.errstate(invalid="ignore"):  # 0 / 0 in empty bins is the nan that stands for nothing
        return Reliability(edges, held, sums[1] / held, sums[2] / held)


def _checked(*arrays: npt.ArrayLike) -> list[Floats]:
    values = [np.asarray(array, dtype=np.float64) for array in arrays]
    shapes = {array.shape for array in values}
    if len(shapes) > 1 or values[0].ndim != 1 or not values[0].size:
        raise ValueError(f"probability, right and seconds must be one value a stretch each, got shapes {shapes}")
    for name, array, high in zip(("probability", "right", "seconds"), values, (1, 1, np.inf), strict=True):
        if not (np.isfinite(array).all() and (array >= 0).all() and (array <= high).all()):
            raise ValueError(f"{name} must lie from 0 to {high:g}, got {array.min()} to {array.max()}")
    return values
