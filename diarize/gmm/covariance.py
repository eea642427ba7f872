"""The kinds of covariance: one row each. A new kind is a class in `covariances/` and a row here."""

from __future__ import annotations

from diarize.gmm.covariances.factor import Factor
from diarize.gmm.covariances.kind import CovarianceKind
from diarize.gmm.covariances.matrices import Full, Tied
from diarize.gmm.covariances.variances import Diagonal, Spherical

COVARIANCE_KINDS: dict[str, CovarianceKind] = {
    "full": Full(),
    "tied": Tied(),
    "diag": Diagonal(),
    "spherical": Spherical(),
    "factor": Factor(),
}

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
"""Kinds that need no further parameter, which every estimator takes."""


def covariance_kind(covariance_type: str | CovarianceKind) -> CovarianceKind:
    """Return the kind of a name; a kind is what it is already.

    Raises
    ------
    ValueError
        If there is no such kind.

    Examples
    --------
    >>> covariance_kind("diag").shape(3, 2)
    (3, 2)
    """
    if isinstance(covariance_type, CovarianceKind):
        return covariance_type
    if covariance_type not in COVARIANCE_KINDS:
        names = ", ".join(COVARIANCE_KINDS)
        raise ValueError(f"covariance_type must be one of {names}, got {covariance_type!r}")
    return COVARIANCE_KINDS[covariance_type]
