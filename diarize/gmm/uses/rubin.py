"""Rubin's rules: one answer, and how sure it is, from the answers to several imputations of the same data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from diarize.gmm.arrays import Float64


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """Estimates pooled over imputations; arrays of the estimates' shape, () for one number.

    Parameters
    ----------
    estimate : array
        Mean over the imputations.
    standard_error : array
        Root of the total variance: that within imputations and, with (1 + 1/m), that between them.
    degrees_of_freedom : array
        Of Student's distribution of the estimate; infinite where the imputations agree and the sample is large.
    low, high : array
        Ends of the confidence interval.
    missing_information : array
        Fraction of the information on the estimate that is lost with the missing entries, 0 to 1.
    """

    estimate: Float64
    standard_error: Float64
    degrees_of_freedom: Float64
    low: Float64
    high: Float64
    missing_information: Float64


def pool_estimates(
    estimates: npt.ArrayLike,
    variances: npt.ArrayLike,
    *,
    complete_degrees_of_freedom: float | None = None,
    level: float = 0.95,
) -> Pooled:
    """Pool the estimates from several imputations into one, by Rubin's rules.

    Parameters
    ----------
    estimates : array (m, ...)
        One estimate, or several side by side, from each of m >= 2 imputations.
    variances : array (m, ...)
        Their squared standard errors, each as if nothing were missing.
    complete_degrees_of_freedom : float, optional
        Those of the analysis if nothing were missing, n - 1 for a mean of n rows; they matter in small samples (Barnard
        and Rubin). Without them the sample is taken to be large.
    level : float
        Of the confidence interval, above 0 and below 1.

    Returns
    -------
    Pooled
        Estimates, standard errors, degrees of freedom and intervals.

    Raises
    ------
    ValueError
        If there are fewer than two imputations, the shapes differ, a number is not finite, a variance is negative, or
        the level or the degrees of freedom are out of range.

    References
    ----------
    D. B. Rubin. Multiple Imputation for Nonresponse in Surveys, 1987, chapter 3. doi:10.1002/9780470316696

    J. Barnard, D. B. Rubin. Small-sample degrees of freedom with multiple imputation. Biometrika 86, 1999, 948-955.
    doi:10.1093/biomet/86.4.948

    Examples
    --------
    >>> mean = pool_estimates([1.0, 2.0, 3.0], [0.5, 0.5, 0.5])
    >>> tuple(round(float(value), 3) for value in (mean.estimate, mean.standard_error, mean.degrees_of_freedom))
    (2.0, 1.354, 3.781)
    """
    values, within = _checked(estimates, variances)
    if not 0 < level < 1:
        raise ValueError(f"level must be above 0 and below 1, got {level}")
    complete = np.inf if complete_degrees_of_freedom is None else float(complete_degrees_of_freedom)
    if not complete > 0:
        raise ValueError(f"complete_degrees_of_freedom must be above 0, got {complete}")
    count = len(values)
    estimate, inside = values.mean(axis=0), within.mean(axis=0)
    between = (1 + 1 / count) * values.var(axis=0, ddof=1)
    total = inside + between
    share = np.divide(between, total, out=np.zeros_like(total), where=total > 0)
    freedom = _degrees_of_freedom(share, count, complete)
    error = np.sqrt(total)
    reach = np.asarray(student.ppf(0.5 + level / 2, freedom)) * error
    # relative increase of the variance r = share / (1 - share), written so that r may be infinite
    lost = np.where(share > 0, share + (1 - share) * 2 / (freedom + 3), 0.0)
    return Pooled(estimate, error, freedom, estimate - reach, estimate + reach, lost)


def _degrees_of_freedom(share: Float64, count: int, complete: float) -> Float64:
    """Return Barnard and Rubin's degrees of freedom; share is that of the variance which the missing entries cause."""
    with np.errstate(divide="ignore"):
        inverse = share**2 / (count - 1)
        if np.isfinite(complete):
            inverse = inverse + 1 / (complete * (complete + 1) / (complete + 3) * (1 - share))
        freedom: Float64 = np.asarray(1 / inverse)
    return np.maximum(freedom, np.finfo(np.float64).tiny)


def _checked(estimates: npt.ArrayLike, variances: npt.ArrayLike) -> tuple[Float64, Float64]:
    values, within = np.asarray(estimates, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    if values.shape != within.shape:
        raise ValueError(f"estimates have the shape {values.shape}, their variances {within.shape}: give one for each")
    if values.ndim == 0 or len(values) < 2:
        raise ValueError("pooling needs the estimates from at least 2 imputations, along the first axis")
    if not (np.isfinite(values).all() and np.isfinite(within).all()):
        raise ValueError("estimates and variances must be finite")
    if (within < 0).any():
        raise ValueError(f"variances must not be negative, got {within.min():g}")
    return values, within
