"""GaussianMixtureClustering: to which groups rows belong, how surely, and how many groups there are."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy
from sklearn.base import ClusterMixin

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.uses.selection import GaussianMixtureSelector

MEASURES = ("entropy", "margin", "uncertainty")


def ambiguity(membership: npt.ArrayLike, measure: str = "entropy") -> Float64:
    """Return how undecided each row is between groups, from 0, surely in one, to 1, in all of them alike.

    Parameters
    ----------
    membership : array (n_samples, n_groups)
        Probabilities of the groups, each row summing to 1.
    measure : {'entropy', 'margin', 'uncertainty'}
        Entropy over that of even odds; 1 minus what the likeliest group is ahead of the second; or the probability that
        the likeliest group is wrong, over that at even odds.

    Raises
    ------
    ValueError
        If these are no probabilities or the measure is unknown.

    Examples
    --------
    >>> membership = [[1.0, 0.0], [0.75, 0.25], [0.5, 0.5]]
    >>> ambiguity(membership).round(3), ambiguity(membership, "margin"), ambiguity(membership, "uncertainty")
    (array([0.   , 0.811, 1.   ]), array([0. , 0.5, 1. ]), array([0. , 0.5, 1. ]))
    """
    shares = np.asarray(membership, dtype=np.float64)
    if shares.ndim != 2 or not shares.shape[1]:
        raise ValueError(f"membership must be (n_samples, n_groups), got shape {shares.shape}")
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}, got {measure!r}")
    if not np.isfinite(shares).all() or (shares < 0).any() or (np.abs(shares.sum(axis=1) - 1) > 1e-3).any():
        raise ValueError("membership must be probabilities, each row summing to 1")
    count = shares.shape[1]
    if count == 1:
        return np.zeros(len(shares))
    if measure == "entropy":
        entropy = -xlogy(shares, shares).sum(axis=1) / np.log(count)
    elif measure == "margin":
        first = np.partition(shares, count - 2, axis=1)
        entropy = 1 - (first[:, -1] - first[:, -2])
    else:
        entropy = (1 - shares.max(axis=1)) * count / (count - 1)
    return np.asarray(np.clip(entropy, 0.0, 1.0) + 0.0, dtype=np.float64)  # 0.0 in place of -0.0


class GaussianMixtureClustering(ClusterMixin, GaussianMixtureSelector):  # type: ignore[misc]
    """Soft clustering by the best mixture of a table of covariance types and sizes.

    It takes the parameters of `GaussianMixtureSelector` and has its attributes and methods, and those below. Each
    component is a group; group 0 is the one with the largest share.

    Attributes
    ----------
    labels_ : array (n_samples,)
        The likeliest group of each row that it was fitted to.
    membership_ : array (n_samples, n_groups)
        Probability of each group.
    n_clusters_ : int
        Number of groups.

    Examples
    --------
    >>> rows = np.array([[0.0], [0.2], [0.1], [0.3], [0.15], [2.6], [5.0], [5.2], [5.1], [5.3], [5.15]])
    >>> clustering = GaussianMixtureClustering(2, covariance_types="tied", random_state=0).fit(rows)
    >>> clustering.n_clusters_, int(clustering.ambiguity(rows).argmax())
    (2, 5)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {**GaussianMixtureSelector._parameter_constraints}
    labels_: npt.NDArray[np.intp]
    membership_: Floats
    n_clusters_: int

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Fill the table, keep the best mixture and tell the groups of the rows.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Rows, NaN where an entry is missing.
        y : object
            Not used.

        Raises
        ------
        ValueError
            As `GaussianMixtureSelector.fit`.
        """
        super().fit(X)
        self.membership_ = self.predict_proba(X)
        self.labels_ = self.membership_.argmax(axis=1)
        self.n_clusters_ = int(self.membership_.shape[1])
        return self

    def ambiguity(self, X: npt.ArrayLike, measure: str = "entropy") -> Float64:
        """Return how undecided each row is between groups, from 0 to 1, see `ambiguity`.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Rows.
        measure : {'entropy', 'margin', 'uncertainty'}
            How it is measured.
        """
        return ambiguity(self.predict_proba(X), measure)
