"""Rows, or segments of rows, as seen by a mixture: features for whatever learns from them next."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from diarize.gmm.arrays import Float64
from diarize.gmm.covariance import COVARIANCE_TYPES
from diarize.gmm.estimators.mixture import GaussianMixture
from diarize.gmm.estimators.validation import Interval, StrOptions
from diarize.gmm.fitting.initialise import INITIALISATIONS
from diarize.gmm.inference.posteriors import responsibilities
from diarize.gmm.inference.segments import segment_statistics
from diarize.gmm.parameters import MixtureParameters

BLOCKS = ("input", "responsibilities", "log_likelihoods", "mahalanobis", "euclidean", "fisher", "zeroth", "first")
HELD_ENTRIES = 2_000_000  # features held at a time while rows are averaged
_LOG_TWO_PI = float(np.log(2 * np.pi))


class GaussianMixtureFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fit a mixture to rows and describe rows by it; with these features a linear classifier draws curved borders.

    Parameters
    ----------
    n_components : int
        Number of Gaussians.
    blocks : str or sequence of str
        What to put side by side, in this order; k runs over components and j over features:

        - 'input': the features themselves
        - 'responsibilities': posterior of each component
        - 'log_likelihoods': log density under each component, in nats
        - 'mahalanobis', 'euclidean': distance from the mean of each component, in its standard deviations or in the
          units of the features
        - 'fisher': Fisher vector, the gradient of the log-likelihood, by means (k, j) and then by standard deviations
          (k, j), in units of its spread under the mixture; features are whitened by the Cholesky factor of the
          component's precision, which gives the gradient exactly if they are uncorrelated within the component
        - 'zeroth', 'first': Baum-Welch statistics, posteriors and posteriors times the distance from the mean (k, j)
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        As `GaussianMixture` has it.
    power : float in (0, 1]
        Fisher vectors are raised to this power, signs kept, and, below 1, scaled to length 1; 0.5 is usual where
        they describe whole segments.
    reg_covar : float
        Added to every variance; the default suits standardised features.
    max_iter, tol, n_init, init_params, random_state, n_jobs
        As `GaussianMixture` has them.

    Attributes
    ----------
    mixture_ : GaussianMixture
        The fitted mixture.
    n_iter_ : int
        EM iterations of its best start.

    References
    ----------
    F. Perronnin, J. Sanchez, T. Mensink. Improving the Fisher kernel for large-scale image classification. ECCV 2010.
    doi:10.1007/978-3-642-15561-1_11
    P. Kenny, G. Boulianne, P. Dumouchel. Eigenvoice modeling with sparse training data. IEEE Transactions on Speech and
    Audio Processing 13, 2005. doi:10.1109/TSA.2004.840940

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [8.0], [9.0]])
    >>> features = GaussianMixtureFeatures(2, blocks=("input", "responsibilities"), random_state=0)
    >>> features.fit_transform(X).shape
    (4, 3)
    >>> features.get_feature_names_out().tolist()
    ['x0', 'responsibility_0', 'responsibility_1']
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "blocks": [StrOptions(set(BLOCKS)), list, tuple],
        "covariance_type": [StrOptions(set(COVARIANCE_TYPES))],
        "power": [Interval(Real, 0, 1, closed="right")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left")],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "init_params": [StrOptions(set(INITIALISATIONS))],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        n_components: int = 10,
        *,
        blocks: str | Iterable[str] = ("input", "responsibilities", "mahalanobis"),
        covariance_type: str = "diag",
        power: float = 1.0,
        reg_covar: float = 1e-3,
        max_iter: int = 100,
        tol: float = 1e-3,
        n_init: int = 1,
        init_params: str = "kmeans",
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.blocks = blocks
        self.covariance_type = covariance_type
        self.power = power
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.tol = tol
        self.n_init = n_init
        self.init_params = init_params
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Fit the mixture.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Rows.
        y : object
            Not used.

        Raises
        ------
        ValueError
            If X holds NaN or infinity, has fewer rows than there are components, or a parameter is out of range.
        """
        self._validate_params()
        self._wanted()
        rows = self._validated(X, reset=True)
        self.mixture_ = GaussianMixture(
            self.n_components,
            covariance_type=self.covariance_type,
            reg_covar=self.reg_covar,
            max_iter=self.max_iter,
            tol=self.tol,
            n_init=self.n_init,
            init_params=self.init_params,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
        ).fit(rows)
        self.n_iter_ = self.mixture_.n_iter_
        return self

    def transform(self, X: npt.ArrayLike) -> Float64:
        """Return the features of each row, (n_samples, n_features_out)."""
        check_is_fitted(self)
        rows = self._validated(X, reset=False)
        parameters = self.mixture_.parameters_
        parts = [(group, _rowwise(group, rows, parameters)) for group in self._wanted()]
        return np.hstack([self._powered(part) if group == "fisher" else part for group, part in parts])

    def transform_segments(self, X: npt.ArrayLike, boundaries: npt.ArrayLike) -> Float64:
        """Return the features of consecutive segments of rows.

        Baum-Welch statistics are summed over the rows of a segment, everything else is averaged, Fisher vectors before
        they are raised to a power.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Rows.
        boundaries : array (n_segments + 1,) of int
            Segment s is X[boundaries[s]:boundaries[s + 1]].

        Returns
        -------
        array (n_segments, n_features_out)
            With the names of `get_feature_names_out`.

        Raises
        ------
        ValueError
            If the boundaries decrease or lie outside X, or a segment is empty.

        Examples
        --------
        >>> X = np.array([[0.0], [1.0], [8.0], [9.0]])
        >>> features = GaussianMixtureFeatures(2, blocks="input").fit(X)
        >>> features.transform_segments(X, [0, 3, 4]).tolist()
        [[3.0], [9.0]]
        """
        check_is_fitted(self)
        rows = self._validated(X, reset=False)
        parameters = self.mixture_.parameters_
        zeroth, first = segment_statistics(rows, parameters, boundaries)
        marks = np.asarray(boundaries)
        empty = np.flatnonzero(np.diff(marks) == 0)
        if len(empty):
            raise ValueError(f"segment {empty[0]} has no rows: there is nothing to describe; leave it out")
        central = (first - zeroth[:, :, None] * parameters.means).reshape(len(first), -1)
        summed = {"zeroth": zeroth.astype(np.float64), "first": central.astype(np.float64)}
        parts = []
        for group in self._wanted():
            averages = summed[group] if group in summed else _averaged(group, rows, parameters, marks)
            parts.append(self._powered(averages) if group == "fisher" else averages)
        return np.hstack(parts)

    def get_feature_names_out(self, input_features: npt.ArrayLike | None = None) -> npt.NDArray[np.object_]:
        """Return the names of the features, as transformers of scikit-learn do.

        Parameters
        ----------
        input_features : array of str, optional
            Names of the features of X; those that `fit` saw, or x0, x1, ...
        """
        check_is_fitted(self)
        inputs = _input_names(self, input_features)
        singular = {"responsibilities": "responsibility", "log_likelihoods": "log_likelihood"}
        titles: list[str] = []
        for group in self._wanted():
            stem, components = singular.get(group, group), range(self.mixture_.n_components)
            if group == "input":
                titles += inputs
            elif group == "fisher":
                titles += [f"fisher_{by}_{k}_{name}" for by in ("mean", "scale") for k in components for name in inputs]
            elif group == "first":
                titles += [f"first_{k}_{name}" for k in components for name in inputs]
            else:
                titles += [f"{stem}_{k}" for k in components]
        return np.array(titles, dtype=object)

    def _wanted(self) -> tuple[str, ...]:
        names = (self.blocks,) if isinstance(self.blocks, str) else tuple(self.blocks)
        wrong = [name for name in names if name not in BLOCKS]
        if wrong or not names or len(set(names)) < len(names):
            raise ValueError(f"blocks must be some of {', '.join(BLOCKS)}, each once; got {names!r}")
        return names

    def _validated(self, X: npt.ArrayLike, *, reset: bool) -> Float64:
        rows: Float64 = validate_data(self, X, reset=reset, dtype=np.float64, ensure_min_samples=2 if reset else 1)
        return rows

    def _powered(self, fisher: Float64) -> Float64:
        if self.power == 1:
            return fisher
        powers: Float64 = np.sign(fisher) * np.abs(fisher) ** self.power
        length = np.linalg.norm(powers, axis=1, keepdims=True)
        return powers / np.where(length > 0, length, 1.0)


def _input_names(estimator: GaussianMixtureFeatures, given: npt.ArrayLike | None) -> list[str]:
    seen = getattr(estimator, "feature_names_in_", None)
    if given is None:
        return [f"x{j}" for j in range(estimator.n_features_in_)] if seen is None else [str(name) for name in seen]
    names = [str(name) for name in np.asarray(given, dtype=object)]
    if seen is not None and names != [str(name) for name in seen]:
        raise ValueError("input_features is not equal to feature_names_in_")
    if len(names) != estimator.n_features_in_:
        raise ValueError(f"input_features should have length equal to n_features_in_ ({estimator.n_features_in_})")
    return names


def _averaged(group: str, rows: Float64, parameters: MixtureParameters, marks: npt.NDArray[np.integer[Any]]) -> Float64:
    """Return the means of a group over segments, a bounded number of rows at a time."""
    width = 2 * parameters.means.size + parameters.n_features
    step = max(1, HELD_ENTRIES // width)
    means = []
    for start, stop in pairwise(marks.tolist()):
        pieces = [slice(at, min(at + step, stop)) for at in range(start, stop, step)]
        means.append(sum(_rowwise(group, rows[piece], parameters).sum(axis=0) for piece in pieces) / (stop - start))
    return np.array(means)


def _rowwise(group: str, rows: Float64, parameters: MixtureParameters) -> Float64:
    """Return one group of features of each row."""
    if group == "input":
        return rows
    if group in ("responsibilities", "zeroth"):
        return responsibilities(rows, parameters).astype(np.float64)
    if group == "euclidean":
        return np.stack([np.linalg.norm(rows - mean, axis=1) for mean in parameters.means], axis=1)
    if group == "first":
        shares = responsibilities(rows, parameters)
        return (shares[:, :, None] * (rows[:, None] - parameters.means)).reshape(len(rows), -1)
    white, log_scale = _whitened(rows, parameters)
    if group == "fisher":
        return _fisher(white, responsibilities(rows, parameters).astype(np.float64), parameters.weights)
    squared = np.stack([(part * part).sum(axis=1) for part in white], axis=1)
    entries: Float64 = (
        squared**0.5 if group == "mahalanobis" else log_scale - 0.5 * (squared + rows.shape[1] * _LOG_TWO_PI)
    )
    return entries


def _whitened(rows: Float64, parameters: MixtureParameters) -> tuple[list[Float64], Float64]:
    """Return rows in standard deviations from each component's mean, and half the precisions' log determinants."""
    kind, shape = parameters.kind, parameters.means.shape
    roots = kind.root(parameters.covariances.astype(np.float64))
    each = [kind.one(kind.per_feature(roots, shape), k) for k in range(len(parameters.means))]
    white = [kind.whitened(rows - mean, root) for mean, root in zip(parameters.means, each, strict=True)]
    return white, kind.log_determinants(roots, shape)


def _fisher(white: list[Float64], shares: Float64, weights: npt.NDArray[Any]) -> Float64:
    """Return gradients by means and standard deviations in units of their spread: Perronnin et al., section 2.1."""
    scaled = (shares / np.sqrt(np.maximum(weights, np.finfo(np.float64).tiny))).T
    by_mean = [share[:, None] * part for share, part in zip(scaled, white, strict=True)]
    by_scale = [share[:, None] * (part * part - 1) / np.sqrt(2) for share, part in zip(scaled, white, strict=True)]
    return np.hstack([*by_mean, *by_scale])
