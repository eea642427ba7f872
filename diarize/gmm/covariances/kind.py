"""What a kind of covariance is: the questions that mixtures ask, each answered by one object a kind.

Shapes: k components, d features, n rows. `covariances` is the array of a mixture in the kind's own shape; `one` of them
is that of a single component. A root is what `root` makes of a covariance to whiten rows by; second moments are sums
over rows of what re-estimates the covariance, in the kind's own form.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Flags, Float64, Floats, Places

RandomSource = np.random.Generator | np.random.RandomState


class Wisharts(NamedTuple):
    """Wishart distributions of precisions; gamma distributions are those of 1 x 1 matrices."""

    rows: Float64  # degrees of freedom, an entry for each distribution
    prior_rows: float
    size: int  # of the matrices
    roots: Float64  # of the expected matrices: (k, d, d), (1, d, d), (k, d), (k, 1)


class CovarianceKind(ABC):
    """One kind of covariance; a new kind is a subclass and a row of `COVARIANCE_KINDS`."""

    name: ClassVar[str]
    loop: ClassVar[int]
    """Moments that the E step's compiled loops make of rows: VARIANCES, MATRICES or ONE_MATRIX of `engine.loops`."""
    shared: ClassVar[bool] = False
    """Whether all components have the same covariance."""
    independent: ClassVar[bool] = False
    """Whether the features of a component do not depend on each other."""
    n_factors: int = 1
    """Number of factors; of no meaning for kinds without them."""
    unshared: ClassVar[str]
    """The kind that has such a covariance for each component: mostly the kind itself."""

    def lacks(self, what: str) -> NoReturn:
        """Raise the error that says what this kind does not have."""
        raise ValueError(f"covariance_type {self.name!r} has no {what}; take 'full', 'tied', 'diag' or 'spherical'")

    # The array of covariances.

    def of_size(self, n_factors: int) -> CovarianceKind:
        """Return this kind with so many factors; kinds without factors are what they are."""
        return self

    def like(self, covariances: npt.NDArray[np.generic]) -> CovarianceKind:
        """Return this kind with as many factors as these covariances, or second moments, have."""
        return self

    @abstractmethod
    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Return the shape of the covariances of a mixture."""

    @abstractmethod
    def n_free(self, n_components: int, n_features: int) -> int:
        """Return the number of free parameters of the covariances of a mixture."""

    def check(self, covariances: Float64, name: str) -> None:
        """Raise ValueError, naming what they are, where covariances are not finite, symmetric and positive definite."""
        if not np.isfinite(covariances).all():
            raise ValueError(f"{name} must be finite")

    @abstractmethod
    def variances(self, covariances: Floats) -> Floats:
        """Return the variance of each component in each dimension; broadcasts to (k, d)."""

    @abstractmethod
    def dense(self, covariances: Float64, shape: tuple[int, int]) -> Float64:
        """Return covariance matrices (k, d, d), or (1, d, d) of a shared one; shape is (k, d)."""

    @abstractmethod
    def of_variances(self, variances: Float64) -> Float64:
        """Return the covariances of a mixture of one component, given the variances (d,)."""

    def one(self, values: Float64, k: int) -> Float64:
        """Return the covariance, or the root, of a component."""
        return np.asarray(values[k])

    def chosen(self, covariances: Floats, places: Places) -> Floats:
        """Return the covariances of some components, in the order of their places."""
        return covariances[places]

    def appended(self, covariances: Float64, places: Places) -> Float64:
        """Return covariances with those at some places once more at the end."""
        return np.concatenate([covariances, covariances[places]])

    def isotropic(self, value: Float64, n_features: int) -> Float64:
        """Return what stands for a number as a covariance of no preferred direction."""
        return value

    @abstractmethod
    def scaled(self, covariances: Float64, spread: Float64, *, per_feature: bool) -> tuple[Float64, str]:
        """Return the covariances of features multiplied by spread (d,), and their kind.

        One variance for all features becomes one each where spreads differ, or where it is so wanted.
        """

    # Roots: what rows are whitened by.

    @abstractmethod
    def root(self, covariances: Float64) -> Float64:
        """Return the roots of precisions; raises IllDefinedError where a covariance is not positive definite."""

    @abstractmethod
    def of_root(self, root: Float64) -> Float64:
        """Return the covariances that have these roots."""

    @abstractmethod
    def precisions(self, root: Float64) -> Float64:
        """Return the precisions that have these roots."""

    @abstractmethod
    def of_precisions(self, precisions: Float64) -> Float64:
        """Return the covariances of given precisions; raises ValueError where these are not positive definite."""

    def per_feature(self, root: Float64, shape: tuple[int, int]) -> Float64:
        """Return the roots with one entry for each feature where they are variances; shape is (k, d)."""
        return root

    @abstractmethod
    def log_determinants(self, root: Float64, shape: tuple[int, int]) -> Float64:
        """Return half the log determinant of each component's precision, (k,); shape is (k, d)."""

    @abstractmethod
    def whitened(self, away: Float64, root: Float64) -> Float64:
        """Return rows minus the mean (n, d) in units of a component's standard deviations, by its root."""

    def squared_distances(self, away: Float64, root: Float64) -> Float64:
        """Return the squared Mahalanobis distances (n,) of rows from a component's mean, by its root."""
        white = self.whitened(away, root)
        return np.asarray(np.einsum("nd,nd->n", white, white))

    # Drawing and splitting.

    @abstractmethod
    def coloured(self, covariances: Floats, noise: Float64, labels: Places, random_state: RandomSource) -> Float64:
        """Turn standard normal noise (n, d) into rows minus their mean, of the components with these labels (n,)."""

    @abstractmethod
    def spread_along(self, covariances: Floats, places: Places, direction: Float64) -> Float64:
        """Return steps (n, d) from the means of components at some places, of their own spread along directions."""

    # Second moments and their maximum of likelihood.

    @abstractmethod
    def second_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Return the shape of second moments."""

    @abstractmethod
    def moved(self, second: Float64, first: Float64, new_first: Float64, zeroth: Float64, step: Float64) -> Float64:
        """Return second moments about an origin `step` (k, d) before the old one; both have their first moments."""

    def prepared(self, away: Float64) -> CovarianceKind:
        """Return the kind ready to add up rows like these (n, d), taken about their centres; see `add_rows`."""
        return self

    @abstractmethod
    def add_rows(self, second: Float64, shares: Float64, away: Float64, weight: Float64) -> None:
        """Add rows about their origin, (n, d), with shares (n, k) that sum to the weights (n,), to second moments."""

    @abstractmethod
    def near_moments(self, away: Float64, share: Float64, root: Float64) -> Float64:
        """Return the second moments of rows about a component's mean, by their shares (n,) of it."""

    @abstractmethod
    def of_products(self, products: Float64, scatter: Float64, backward: Float64) -> Float64:
        """Return second moments from sums of whitened moments, (k, m), or scatter, (d, d); backward unwhitens."""

    def of_scatter(self, zeroth: Float64, first: Float64, scatter: Float64, covariances: Float64) -> Float64:
        """Return second moments from what rows with missing entries are expected to scatter about the means."""
        return scatter

    def reduced(self, squares: Float64) -> Float64:
        """Return what a covariance takes of squares summed over rows: all of them, or their mean over features."""
        return squares

    @abstractmethod
    def estimated(self, centred: Float64, count: Float64, total: float) -> Float64:
        """Return covariances from second moments about the means, of components of count (k,) rows, total in all."""

    @abstractmethod
    def overall(self, second: Float64, total: float) -> Float64:
        """Return one covariance from second moments that are all about the same mean."""

    @abstractmethod
    def overall_at_least(self, second: Float64, total: float, least: float) -> Float64:
        """Return one covariance as `overall` does, its variances least or more."""

    @abstractmethod
    def regularised(self, covariances: Float64, means: Float64, kept: Flags, reg_covar: float) -> Float64:
        """Return covariances with reg_covar added but where `kept` (k,), positive definite despite rounding."""

    @abstractmethod
    def implied(self, covariances: Float64, weights: Float64, reg_covar: float) -> Float64:
        """Return the second moments of one row from which these covariances are estimated, with this reg_covar."""

    @abstractmethod
    def adapted(self, prior: Float64, centred: Float64, moved: Float64, count: Float64, relevance: float) -> Float64:
        """Return prior covariances mixed with second moments about the new means, `moved` (k, d) from the prior's."""

    def least_rows(self, n_features: int) -> int:
        """Return how many rows a component needs for a covariance of its own."""
        return 2

    @abstractmethod
    def narrowest(self, covariances: Float64, total: Float64) -> tuple[Float64, Float64]:
        """Return variances of components along axes, and those of all rows, of covariance total (d, d), along these."""

    # Part of the features.

    @abstractmethod
    def marginal(self, covariances: Floats, places: Places) -> Floats:
        """Return the covariances of some features."""

    @abstractmethod
    def conditioned(
        self, covariances: Float64, means: Float64, values: Float64, unknown: Flags
    ) -> tuple[Float64, Float64]:
        """Return means and covariances of the unknown features given the values (d,) of the others."""

    @abstractmethod
    def in_order(self, covariances: Float64, away: Float64) -> tuple[Float64, Float64]:
        """Return rows minus the means, (n, k, d), white in the order of the features, and the scales (k, d).

        A feature is whitened given those before it; its scale is its conditional standard deviation.
        """

    # The moment form of the E step.

    @abstractmethod
    def whitening(
        self, covariances: Floats, weights: Float64, away: Float64, dtype: npt.DTypeLike
    ) -> tuple[Float64, Float64]:
        """Return what whitens rows by the moments of the whole mixture, and its inverse; away (k, d) are the means."""

    @abstractmethod
    def natural(
        self, root: Float64, backward: Float64, forward: Float64, away: Float64
    ) -> tuple[Float64, Float64, Float64]:
        """Return linear (k, d) and quadratic coefficients of white rows, and how sharp components are there, (k,)."""

    @abstractmethod
    def expected_squares(self, covariances: Floats, forward: Float64, white: Float64) -> Float64:
        """Return the mean second moments (k, m) of rows that a component would draw; white (k, d) are its means."""

    # The conjugate prior on precisions: normal-Wishart, or normal-gamma for variances.

    def with_noise(self, covariances: Float64, noise: float) -> Float64:
        """Return covariances with noise added to variances, positive definite despite rounding."""
        self.lacks("conjugate prior")

    def posterior_mean(
        self, prior: tuple[Float64, float, float], count: Float64, scatter: Float64, step: Float64
    ) -> tuple[Float64, Float64]:
        """Return degrees of freedom and expected covariances, without noise, given rows.

        The prior has a scale, degrees of freedom and a precision of the mean; the scatter is about means that are
        `step` (k, d) away from the prior's.
        """
        self.lacks("conjugate prior")

    def wisharts(self, rows: Float64, prior_rows: float, roots: Float64, shape: tuple[int, int]) -> Wisharts:
        """Return the distributions of precisions; degrees of freedom are rows (k,) or (1,), shape is (k, d)."""
        self.lacks("conjugate prior")

    # Mixtures with one more axis before the components: those of the states of a hidden Markov model.

    def weighted_squares(self, weight: Float64, away: Float64) -> Float64:
        """Return weight (...) times squares, or products, of rows (..., d)."""
        self.lacks("form for the states of a hidden Markov model")

    def at_least(self, covariances: Float64, means: Float64, least: float) -> Float64:
        """Return covariances with no variance, or eigenvalue, below least; raises IllDefinedError where that is 0."""
        self.lacks("form for the states of a hidden Markov model")

    def prior_terms(self, covariances: Float64, prior: Float64, away: Float64) -> tuple[Float64, Float64, Float64]:
        """Return distances of means from the prior's, log determinants, and traces of prior over covariance."""
        self.lacks("form for the states of a hidden Markov model")


def data_share(count: npt.ArrayLike, relevance: float) -> Float64:
    """Return n / (n + relevance), 0 where there is nothing to adapt to."""
    rows = np.asarray(count, dtype=np.float64)
    if np.isinf(relevance):
        return np.zeros_like(rows)
    return np.where(rows > 0, rows / np.where(rows > 0, rows + relevance, 1.0), 0.0)


ADAPTED_FLOOR = 1e-6
"""A component adapted to identical rows keeps this share of the background's variance."""
