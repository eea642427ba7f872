"""The E step where entries of rows are missing (NaN): exact, nothing is imputed.

What is observed of a row decides on its component; sums count a missing entry by its conditional mean and covariance
given the observed ones, which makes EM climb the likelihood of the observed entries.

References
----------
Z. Ghahramani, M. I. Jordan. Supervised learning from incomplete data via an EM approach. Advances in Neural Information
Processing Systems 6, 1994, 120-127.
R. J. A. Little, D. B. Rubin. Statistical Analysis with Missing Data, third edition, 2019, chapter 11.
doi:10.1002/9781119482260
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.engine.rows import check_rows
from diarize.gmm.parameters import MixtureParameters, precision_cholesky
from diarize.gmm.statistics import Statistics

# A component that holds less than this share of a row changes no digit of the sums.
_NEGLIGIBLE = 1e-14
# Largest precision of a component, in units of the whole mixture's, for which matrix products keep enough digits.
_RESOLVED = 1e5
_LEAST_WEIGHT = 1e-300
_LOG_TWO_PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """A mixture compiled for rows with missing entries; made by `compile_partial`.

    Parameters
    ----------
    parameters : MixtureParameters
        The mixture, in float64.
    log_weights : array (n_components,)
        What the density of each component is multiplied by, as a logarithm.
    densities : Products or Matrices
        The Gaussians, prepared by kind of covariance.
    """

    parameters: MixtureParameters
    log_weights: Float64
    densities: Products | Matrices

    def log_joint(self, x: npt.ArrayLike) -> Float64:
        """Return log weight plus log density of the observed entries of each row under each component.

        Parameters
        ----------
        x : array (n, n_features)
            Rows, NaN where an entry is missing. A row of nothing else gets the log weights.

        Returns
        -------
        array (n, n_components)
            float64, in nats; -inf for a row so far away that numbers overflow.

        Raises
        ------
        ValueError
            If x does not fit the mixture or holds infinity.

        Examples
        --------
        >>> pair = MixtureParameters([0.5, 0.5], [[0.0, 0.0], [9.0, 9.0]], [[1.0, 1.0], [1.0, 4.0]])
        >>> compile_partial(pair).log_joint([[0.0, np.nan], [np.nan, np.nan]]).round(3)
        array([[ -1.612, -42.112],
               [ -0.693,  -0.693]])
        """
        return self.densities.log_joint(_writeable(check_partial(x, self.parameters)), self.log_weights)

    def statistics(self, x: npt.ArrayLike, posterior: npt.ArrayLike) -> Statistics:
        """Return the expected sums over rows, about the means of the components.

        Parameters
        ----------
        x : array (n, n_features)
            Rows, NaN where an entry is missing.
        posterior : array (n, n_components)
            How much each row counts for each component: its posterior times the row's weight.

        Returns
        -------
        Statistics
            With a log-likelihood of 0, which posteriors do not tell.

        Raises
        ------
        ValueError
            If x or the posteriors do not fit the mixture, or x holds infinity.

        Examples
        --------
        >>> even = MixtureParameters([1.0], [[0.0, 0.0]], [[[1.0, 0.5], [0.5, 1.0]]], "full")
        >>> sums = compile_partial(even).statistics([[2.0, np.nan]], [[1.0]])
        >>> sums.first, sums.second
        (array([[2., 1.]]), array([[[4.  , 2.  ],
                [2.  , 1.75]]]))
        """
        rows = _writeable(check_partial(x, self.parameters))
        shares = self._shares(rows, posterior)
        first, second = self.densities.sums(rows, shares)
        origin = self.parameters.means.astype(np.float64)
        zeroth, covariances = shares.sum(axis=0), np.asarray(self.parameters.covariances, np.float64)
        second = self.parameters.kind.of_scatter(zeroth, first, second, covariances)
        return Statistics(zeroth, first, second, origin, self.parameters.covariance_type)

    def expected(self, x: npt.ArrayLike, posterior: npt.ArrayLike) -> Float64:
        """Return rows (n, n_features) with missing entries replaced by their conditional means.

        Parameters and errors are those of `statistics`; the posteriors of a row sum to one.
        """
        rows = _writeable(check_partial(x, self.parameters))
        completed: Float64 = np.where(np.isnan(rows), 0.0, rows)
        self.densities.add_expected(rows, self._shares(rows, posterior), completed)
        return completed

    def _shares(self, rows: Float64, posterior: npt.ArrayLike) -> Float64:
        shares = _writeable(posterior)
        wanted = (len(rows), self.parameters.n_components)
        if shares.shape != wanted:
            raise ValueError(f"posterior must be {wanted}, one for each row and component, got shape {shares.shape}")
        return shares


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """Gaussians without correlation: log densities are linear in [z^2, z, o], o being 1 where x is observed, else 0.

    z is x, centred and scaled by the moments of the whole mixture, 0 where x is missing. Components too narrow for the
    precision of products are evaluated directly.
    """

    centre: Float64  # (d,)
    scale: Float64  # (d,)
    means: Float64  # (k, d)
    variances: Float64  # (k, d)
    coefficients: Float64  # (3 d, k)
    narrow: npt.NDArray[np.intp]  # components

    def _moments(self, x: Float64) -> tuple[Float64, npt.NDArray[np.bool_]]:
        missing = np.isnan(x)
        with np.errstate(over="ignore"):
            white = np.where(missing, 0.0, (x - self.centre) / self.scale)
            return np.concatenate([white * white, white, ~missing], axis=1), missing

    def _away(self, x: Float64, missing: npt.NDArray[np.bool_], k: int) -> Float64:
        return np.where(missing, 0.0, x - self.means[k])

    def log_joint(self, x: Float64, log_weights: Float64) -> Float64:
        moments, missing = self._moments(x)
        with np.errstate(over="ignore", invalid="ignore"):
            joint: Float64 = moments @ self.coefficients
            for k in self.narrow:
                distance = (self._away(x, missing, k) ** 2 / self.variances[k]).sum(axis=1)
                joint[:, k] = -0.5 * (distance + ~missing @ (_LOG_TWO_PI + np.log(self.variances[k])))
            joint += log_weights
        joint[np.isnan(joint)] = -np.inf  # infinite squares
        return joint

    def sums(self, x: Float64, shares: Float64) -> tuple[Float64, Float64]:
        """Return the first and second order sums (k, d) about the means."""
        moments, missing = self._moments(x)
        white = (self.means - self.centre) / self.scale
        with np.errstate(over="ignore", invalid="ignore"):
            square, linear, count = np.split(shares.T @ moments, 3, axis=1)
            first = self.scale * (linear - count * white)
            second = self.scale**2 * (square - white * (2 * linear - count * white))
            for k in self.narrow:
                away = self._away(x, missing, k)
                first[k], second[k] = shares[:, k] @ away, shares[:, k] @ away**2
            second += (shares.T @ missing) * self.variances
        return first, second

    def add_expected(self, x: Float64, shares: Float64, out: Float64) -> None:
        """Add the mean of the components, weighted by their shares, to out where x is missing."""
        out += np.where(np.isnan(x), shares @ self.means, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Matrices:
    """Gaussians with covariance matrices, one each or one for all; the work is done in `missing_matrix`."""

    gaussians: tuple[Float64, Float64, Float64, Float64]
    shared: bool

    def log_joint(self, x: Float64, log_weights: Float64) -> Float64:
        from diarize.gmm.engine import missing_matrix

        joint = np.empty((len(x), len(log_weights)))
        missing_matrix.log_joint(x, *_by_pattern(x), log_weights, self.gaussians, joint)
        return joint

    def sums(self, x: Float64, shares: Float64) -> tuple[Float64, Float64]:
        """Return the first (k, d) and second order sums, (k, d, d) or (d, d) for one covariance, about the means."""
        from diarize.gmm.engine import missing_matrix

        first, second = missing_matrix.statistics(x, *_by_pattern(x), shares, _least(shares), self.gaussians)
        second += np.swapaxes(np.triu(second, 1), 1, 2)
        return first, second[0] if self.shared else second

    def add_expected(self, x: Float64, shares: Float64, out: Float64) -> None:
        """Add the conditional mean under each component, weighted by its share, to out where x is missing."""
        from diarize.gmm.engine import missing_matrix

        missing_matrix.expected(x, *_by_pattern(x), shares, _least(shares), self.gaussians, out)


def _by_pattern(x: Float64) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return an order in which rows that miss the same entries follow each other, and where such runs begin."""
    patterns = np.packbits(np.isnan(x), axis=1)
    order = np.lexsort(patterns.T).astype(np.int64, copy=False)
    fresh = np.ones(len(x), dtype=np.bool_)
    fresh[1:] = (patterns[order[1:]] != patterns[order[:-1]]).any(axis=1)
    return order, fresh


def _least(shares: Float64) -> Float64:
    least: Float64 = _NEGLIGIBLE * shares.sum(axis=1)
    return least


def compile_partial(parameters: MixtureParameters, *, log_weights: npt.ArrayLike | None = None) -> Partial:
    """Prepare a mixture for rows with missing entries.

    Parameters
    ----------
    parameters : MixtureParameters
        The mixture.
    log_weights : array (n_components,), optional
        In place of the logarithms of the mixture's weights; they need not sum to one.

    Raises
    ------
    ValueError
        If a covariance is not positive definite or the log weights have another shape.
    """
    exact = parameters.astype(np.float64)
    if log_weights is None:
        logs: Float64 = np.log(np.maximum(exact.weights, _LEAST_WEIGHT))
    else:
        logs = np.array(log_weights, dtype=np.float64)
        if logs.shape != exact.weights.shape:
            raise ValueError(f"log_weights must be {exact.weights.shape}, got shape {logs.shape}")
    return Partial(exact, logs, _products(exact) if exact.kind.independent else _matrices(exact))


def _matrices(parameters: MixtureParameters) -> Matrices:
    shape = parameters.n_components, parameters.n_features
    covariances = parameters.kind.dense(_writeable(parameters.covariances), shape)
    roots = np.ascontiguousarray(precision_cholesky(covariances, "full"))
    precisions = np.ascontiguousarray(roots @ np.swapaxes(roots, 1, 2))
    return Matrices((_writeable(parameters.means), roots, precisions, covariances), parameters.kind.shared)


def _products(parameters: MixtureParameters) -> Products:
    means, variances = _writeable(parameters.means), _writeable(parameters.variances)
    weights = parameters.weights / parameters.weights.sum()
    centre = weights @ means
    scale = np.sqrt(weights @ (variances + (means - centre) ** 2))
    white, precision = (means - centre) / scale, scale**2 / variances
    constant = -0.5 * (precision * white**2 + np.log(variances) + _LOG_TWO_PI)
    coefficients = np.concatenate([-0.5 * precision, precision * white, constant], axis=1)
    narrow = np.flatnonzero((precision > _RESOLVED).any(axis=1))
    return Products(centre, scale, means, variances, np.ascontiguousarray(coefficients.T), narrow)


def check_partial(x: npt.ArrayLike, parameters: MixtureParameters) -> Floats:
    """Return x as float32 or float64 rows that fit the mixture, NaN where an entry is missing.

    Raises
    ------
    ValueError
        If x does not fit the mixture, or a row holds infinity.
    """
    rows = check_rows(x, parameters)
    infinite = np.isinf(rows)
    if infinite.any():
        row = int(infinite.any(axis=1).argmax())
        raise ValueError(f"Input X contains infinity: row {row}; remove the row, or put NaN where a value is missing")
    return rows


def _writeable(values: npt.ArrayLike) -> Float64:
    """Return float64 values as compiled code takes them, copied only where they have to be."""
    return np.require(values, np.float64, ["C", "W"])


def filled(x: npt.ArrayLike) -> Floats:
    """Return rows with missing entries replaced by the mean of their column, to start k-means from.

    Parameters
    ----------
    x : array (n, n_features)
        Rows, NaN where an entry is missing.

    Returns
    -------
    array (n, n_features)
        A copy, float32 for float32, else float64.

    Raises
    ------
    ValueError
        If a column has no value at all.

    Examples
    --------
    >>> filled([[1.0, 5.0], [3.0, np.nan]])
    array([[1., 5.],
           [3., 5.]])
    """
    rows = np.asarray(x)
    completed: Floats = np.array(rows, dtype=rows.dtype if rows.dtype == np.float32 else np.float64)
    missing = np.isnan(completed)
    empty = np.flatnonzero(missing.all(axis=0))
    if len(empty):
        raise ValueError(f"column {empty[0]} of X has no value at all: nothing can be learnt about it; drop the column")
    count = len(completed) - missing.sum(axis=0)
    means = np.where(missing, 0.0, completed).sum(axis=0, dtype=np.float64) / count
    np.copyto(completed, means, where=missing, casting="same_kind")
    return completed
