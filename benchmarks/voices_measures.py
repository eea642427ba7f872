"""How well scores of pairs tell one voice from two: error rates, costs, calibration, intervals over speakers.

Scores are higher for the same voice. Every measure takes a weight for each trial, so that a bootstrap can draw whole
speakers; within each class only ratios of weights matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]
Measure = Callable[[Floats, Mask, Floats], float]

_WEAK = 1e4  # inverse weight of the prior on the slope of a calibration: it only keeps separable scores finite


def error_rates(scores: Floats, same: Mask, weights: Floats | None = None) -> tuple[Floats, Floats]:
    """Return the share of misses and of false alarms at every threshold.

    Parameters
    ----------
    scores : array of shape (n_trials,)
    same : array of bool, shape (n_trials,)
        True where both sides are of one speaker. There must be trials of both kinds.
    weights : array of shape (n_trials,), optional

    Returns
    -------
    misses, false_alarms : array of shape (n_thresholds,)
        From the threshold under all scores, with (0, 1), to the one above all, with (1, 0).

    Raises
    ------
    ValueError
        A kind of trial is missing.
    """
    each = np.ones(len(scores)) if weights is None else np.asarray(weights, dtype=np.float64)
    totals = each[same].sum(), each[~same].sum()
    if not min(totals) > 0:
        raise ValueError(f"trials of one speaker and of two are needed, got weights {totals[0]:g} and {totals[1]:g}")
    order = np.argsort(scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order]) > 0), len(scores) - 1)  # equal scores fall together
    below_same = np.cumsum(np.where(same, each, 0.0)[order])[ends]
    below_other = np.cumsum(np.where(same, 0.0, each)[order])[ends]
    return np.append(0.0, below_same / totals[0]), np.append(1.0, 1.0 - below_other / totals[1])


def equal_error_rate(scores: Floats, same: Mask, weights: Floats | None = None) -> float:
    """Return the rate at which misses and false alarms are equal, between thresholds on the line that joins them."""
    misses, false_alarms = error_rates(scores, same, weights)
    gap = misses - false_alarms  # from -1 to 1, never falling
    after = int(np.argmax(gap >= 0))
    share = -gap[after - 1] / (gap[after] - gap[after - 1])
    return float(misses[after - 1] + share * (misses[after] - misses[after - 1]))


def minimum_cost(scores: Floats, same: Mask, weights: Floats | None = None, prior: float = 0.01) -> float:
    """Return the least detection cost over thresholds, errors of both kinds costing one (minDCF).

    It is 1 where deciding by the prior alone is as good.

    Parameters
    ----------
    scores, same, weights
        As for `error_rates`.
    prior : float
        Probability that a trial is of one speaker.
    """
    misses, false_alarms = error_rates(scores, same, weights)
    return float((prior * misses + (1 - prior) * false_alarms).min() / min(prior, 1 - prior))


def log_likelihood_ratio_cost(scores: Floats, same: Mask, weights: Floats | None = None) -> float:
    """Return Cllr in bits: what is lost when scores are believed as natural log-likelihood ratios, over all priors.

    References
    ----------
    Brümmer and du Preez, "Application-independent evaluation of speaker detection", Computer Speech & Language 20,
    2006. https://doi.org/10.1016/j.csl.2005.08.001
    """
    loss = np.logaddexp(0.0, np.where(same, -scores, scores)) / np.log(2.0)
    each = np.ones(len(scores)) if weights is None else weights
    return float((np.average(loss[same], weights=each[same]) + np.average(loss[~same], weights=each[~same])) / 2)


def minimum_log_likelihood_ratio_cost(scores: Floats, same: Mask, weights: Floats | None = None) -> float:
    """Return Cllr after the best rising map of the scores, found by isotonic regression (min Cllr)."""
    probability = IsotonicRegression().fit(scores, same, _balanced(same, weights)).predict(scores)
    with np.errstate(divide="ignore"):
        return log_likelihood_ratio_cost(logit(probability), same, weights)


def fit_calibration(scores: Floats, same: Mask) -> tuple[float, float]:
    """Return slope and offset of the map from scores to log-likelihood ratios: logistic regression, equal priors."""
    spread = float(scores.std()) or 1.0
    regression = LogisticRegression(C=_WEAK).fit((scores / spread)[:, None], same, _balanced(same, None) * len(same))
    return float(regression.coef_[0, 0]) / spread, float(regression.intercept_[0])


def calibrated(scores: Floats, same: Mask, speakers: Indices, n_parts: int = 5) -> Floats:
    """Return log-likelihood ratios, each by a map that was fitted to trials without either of its speakers.

    Parameters
    ----------
    scores, same
        As for `error_rates`.
    speakers : array of int, shape (n_trials, 2)
        Whose the two sides are.
    n_parts : int
        Parts that the speakers are dealt into; the maps leave out one part or two.

    Raises
    ------
    ValueError
        Too few speakers: without some of them there are no trials of both kinds.
    """
    rank = np.unique(speakers, return_inverse=True)[1].reshape(speakers.shape)
    part = rank % n_parts
    ratios = np.full(len(scores), np.nan)
    for first in range(n_parts):
        for second in range(first, n_parts):
            chosen = (part.min(axis=1) == first) & (part.max(axis=1) == second)
            others = ~np.isin(part, (first, second)).any(axis=1)
            if not chosen.any():
                continue
            if len(np.unique(same[others])) < 2:
                raise ValueError(f"{len(np.unique(speakers))} speakers are too few to calibrate across {n_parts} parts")
            slope, offset = fit_calibration(scores[others], same[others])
            ratios[chosen] = slope * scores[chosen] + offset
    return ratios


def speaker_interval(
    measure: Measure, scores: Floats, same: Mask, speakers: Indices, rng: np.random.Generator, n_draws: int = 200
) -> tuple[float, float]:
    """Return the 95 % interval of a measure by a bootstrap that draws speakers, with all of their trials.

    A trial of two people counts as often as both are drawn: the product of their numbers.

    Parameters
    ----------
    measure : callable
        Of scores, same and weights.
    scores, same, speakers
        As for `calibrated`.
    rng : numpy.random.Generator
    n_draws : int
    """
    names, index = np.unique(speakers, return_inverse=True)
    index = index.reshape(speakers.shape)
    values = []
    for _ in range(n_draws):
        times = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names)).astype(np.float64)
        weights = np.where(same, times[index[:, 0]], times[index[:, 0]] * times[index[:, 1]])
        kept = weights > 0
        if 0 < same[kept].sum() < kept.sum():
            values.append(measure(scores[kept], same[kept], weights[kept]))
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def _balanced(same: Mask, weights: Floats | None) -> Floats:
    """Return weights that give each kind of trial half of the sum, which is one."""
    each = np.ones(len(same)) if weights is None else weights
    halves: Sequence[Any] = each[same].sum(), each[~same].sum()
    return np.asarray(np.where(same, each / halves[0], each / halves[1]) / 2)
