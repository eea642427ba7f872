"""GMMHMM: hidden Markov models with Gaussian mixtures as a scikit-learn estimator with hmmlearn's attributes."""

from __future__ import annotations

import logging
import math
import warnings
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from diarize.gmm.covariance import COVARIANCE_TYPES
from diarize.gmm.estimators.checks import check_n_samples
from diarize.gmm.estimators.storage import Stored
from diarize.gmm.estimators.validation import Interval, StrOptions
from diarize.hmm.gmmhmm.em import Callback, Model, Training
from diarize.hmm.gmmhmm.emissions import Emissions
from diarize.hmm.gmmhmm.initialise import initial_emissions, overall_moments
from diarize.hmm.gmmhmm.prior import MixturePrior, make_prior
from diarize.hmm.gmmhmm.sampling import draw_states
from diarize.hmm.gmmhmm.sequences import Sequences
from diarize.hmm.gmmhmm.topology import STRUCTURES, Topology
from diarize.hmm.structures import Floats, Structure

logger = logging.getLogger(__name__)

_LETTERS = {"s": "startprob_", "t": "transmat_", "m": "means_", "c": "covars_", "w": "weights_"}
_PRIORS = {
    "weights": "weights_prior",
    "means": "means_prior",
    "means_weight": "means_weight",
    "covars": "covars_prior",
    "covars_weight": "covars_weight",
}
_NOT_CONVERGED = (
    "EM did not converge in {rounds} iterations: the last gain was {gain:.3g} nats per frame (tol={tol:g}). Increase "
    "n_iter or tol, or look for degenerate data."
)


class GMMHMM(Stored, DensityMixin, BaseEstimator):  # type: ignore[misc]
    """Hidden Markov model whose states emit Gaussian mixtures, trained by exact EM.

    Parameters, attributes and methods are those of hmmlearn's GMMHMM as far as scikit-learn's conventions allow:
    `lengths` is given by keyword, and `score_samples` gives one number a frame. float32 frames are evaluated by
    float32 products, everything else in float64. NaN entries are missing: the others of the frame decide, and a
    frame that is all NaN tells nothing. Long sequences are gone through in blocks.

    Parameters
    ----------
    n_components : int
        Number of states.
    n_mix : int
        Gaussians in each state.
    covariance_type : {'diag', 'full', 'spherical', 'tied'}
        Variances or a matrix for each Gaussian, one variance for each, or one matrix for all Gaussians of a state.
    structure : {'ergodic', 'left-right', 'speaker-loop'}
        Any transition; from each state to itself and the next one, beginning with the first; the same state continues,
        or any is drawn by weights that do not depend on the last one (`diarize.hmm.SpeakerLoop`).
    min_duration : int or array_like of int, shape (n_components,)
        Shortest stay in a state, frames; only the end of a sequence may cut it short.
    startprob_prior : float or array_like of shape (n_components,)
        Dirichlet parameters, 1 or more, of the start; with a speaker loop, of its weights.
    transmat_prior : float or array_like of shape (n_components, n_components)
        Dirichlet parameters, 1 or more, of each row; with a speaker loop, for going on and drawing, shape (2,).
    weights_prior : float or array_like of shape (n_components, n_mix)
        Dirichlet parameters a, 1 or more, of the mixtures' weights.
    means_prior : array_like that broadcasts to (n_components, n_mix, n_features), optional
        Means mu that the prior draws towards; by default the mean of all frames.
    means_weight : float or array_like of shape (n_components, n_mix)
        How many frames t that counts for.
    covars_prior : float or array_like that broadcasts to the shape of `covars_`, optional
        Covariances p that the prior draws towards, a number being a multiple of the identity; by default that of all
        frames.
    covars_weight : float or array_like of shape (n_components, n_mix), with 'tied' (n_components,)
        How many frames c that counts for.
    reg_covar : float
        Smallest variance, of matrices smallest eigenvalue. It is a floor, and EM is exact under this condition.
    n_iter : int
        EM iterations at most.
    tol : float
        Training ends when log-likelihood plus log prior gain less, in nats per frame.
    params : str
        What `fit` estimates: 's' `startprob_`, 't' `transmat_`, 'm' `means_`, 'c' `covars_`, 'w' `weights_`.
    init_params : str
        What `fit` gives a start value; set the attributes of other letters before. The start is k-means into states
        (left-right: sequences cut into equal parts) and k-means within each.
    random_state : int, RandomState or None
        Seed or generator of random numbers.
    algorithm : {'viterbi', 'map'}
        What `predict` and `decode` find: the most probable path, or the most probable state of each frame.
    n_jobs : int or None
        Threads over sequences; -1 for all processors. Results do not depend on it.
    callback : callable or None
        Called after each iteration with its number, from 1, and the bound that it began with, nats per frame.
    verbose : int
        Above 0, training is logged.

    Attributes
    ----------
    startprob_ : array (n_components,)
        Probability of each state at the first frame of a sequence.
    transmat_ : array (n_components, n_components)
        Probability of each state (column) after each state (row); with a minimum duration, once this is over.
    weights_ : array (n_components, n_mix)
        Shares of the Gaussians in each state.
    means_ : array (n_components, n_mix, n_features)
        Their means.
    covars_ : array
        (n_components, n_mix, n_features) for diag, (n_components, n_mix, n_features, n_features) for full,
        (n_components, n_mix) for spherical, (n_components, n_features, n_features) for tied.
    converged_ : bool
        Whether training ended by `tol`.
    n_iter_ : int
        Iterations of the last training.
    lower_bounds_ : list of float
        Log-likelihood plus log prior before each iteration, nats per frame; never falls.
    n_features_in_ : int
        Number of features.

    Notes
    -----
    With n the expected frames x of a Gaussian, the M step takes the mode of the posterior under a Dirichlet and a
    normal-Wishart prior [1]_::

        w = (a - 1 + n) / sum over the state of (a - 1 + n)
        m = (t mu + sum x) / (t + n)
        S = (c p + t (m - mu)(m - mu)' + sum (x - m)(x - m)') / (c + n)

    The defaults say nothing, which is maximum likelihood.

    References
    ----------
    .. [1] J.-L. Gauvain, C.-H. Lee. Maximum a posteriori estimation for multivariate Gaussian mixture observations of
       Markov chains. IEEE Transactions on Speech and Audio Processing 2, 1994. doi:10.1109/89.279278

    Examples
    --------
    >>> frames = np.repeat([[0.0], [5.0], [0.0]], 50, axis=0) + np.random.default_rng(0).normal(size=(150, 1))
    >>> model = GMMHMM(n_components=2, random_state=0).fit(frames)
    >>> states = model.predict(frames)
    >>> [int(frame) for frame in np.flatnonzero(np.diff(states)) + 1]
    [50, 100]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "n_mix": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions(set(COVARIANCE_TYPES))],
        "structure": [StrOptions(set(STRUCTURES))],
        "min_duration": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "startprob_prior": [Interval(Real, 1, None, closed="left"), "array-like"],
        "transmat_prior": [Interval(Real, 1, None, closed="left"), "array-like"],
        "weights_prior": [Interval(Real, 1, None, closed="left"), "array-like"],
        "means_prior": [Real, "array-like", None],
        "means_weight": [Interval(Real, 0, None, closed="left"), "array-like"],
        "covars_prior": [Interval(Real, 0, None, closed="neither"), "array-like", None],
        "covars_weight": [Interval(Real, 0, None, closed="left"), "array-like"],
        "reg_covar": [Interval(Real, 0, None, closed="left")],
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "params": [str],
        "init_params": [str],
        "random_state": ["random_state"],
        "algorithm": [StrOptions({"viterbi", "map"})],
        "n_jobs": [Integral, None],
        "callback": [callable, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        n_components: int = 1,
        n_mix: int = 1,
        *,
        covariance_type: str = "diag",
        structure: str = "ergodic",
        min_duration: int | npt.ArrayLike = 1,
        startprob_prior: npt.ArrayLike = 1.0,
        transmat_prior: npt.ArrayLike = 1.0,
        weights_prior: npt.ArrayLike = 1.0,
        means_prior: npt.ArrayLike | None = None,
        means_weight: npt.ArrayLike = 0.0,
        covars_prior: npt.ArrayLike | None = None,
        covars_weight: npt.ArrayLike = 0.0,
        reg_covar: float = 1e-6,
        n_iter: int = 100,
        tol: float = 1e-4,
        params: str = "stmcw",
        init_params: str = "stmcw",
        random_state: int | np.random.RandomState | None = None,
        algorithm: str = "viterbi",
        n_jobs: int | None = None,
        callback: Callback | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.n_mix = n_mix
        self.covariance_type = covariance_type
        self.structure = structure
        self.min_duration = min_duration
        self.startprob_prior = startprob_prior
        self.transmat_prior = transmat_prior
        self.weights_prior = weights_prior
        self.means_prior = means_prior
        self.means_weight = means_weight
        self.covars_prior = covars_prior
        self.covars_weight = covars_weight
        self.reg_covar = reg_covar
        self.n_iter = n_iter
        self.tol = tol
        self.params = params
        self.init_params = init_params
        self.random_state = random_state
        self.algorithm = algorithm
        self.n_jobs = n_jobs
        self.callback = callback
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: npt.ArrayLike, y: object = None, *, lengths: npt.ArrayLike | None = None) -> Self:
        """Train the model.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Frames of all sequences, one after the other; NaN where an entry is missing.
        y : object
            Not used.
        lengths : array_like of int, shape (n_sequences,), optional
            Frames of each sequence; by default X is one sequence.

        Raises
        ------
        ValueError
            When X holds infinity, a column without any value or fewer frames than Gaussians, `lengths` do not sum to
            the number of frames, or a parameter is out of range.
        """
        self._validate_params()
        for name in ("params", "init_params"):
            unknown = sorted(set(getattr(self, name)) - set(_LETTERS))
            if unknown:
                raise ValueError(f"{name} must hold letters of 'stmcw', got {''.join(unknown)!r}")
        sequences = self._sequences(X, lengths, fit=True)
        self._check_amount(sequences.x)
        topology, model = self._topology(), self._start(sequences)
        training = Training(
            topology,
            self._prior(sequences),
            self.params,
            float(self.reg_covar),
            int(self.n_iter),
            float(self.tol),
            self.callback,
        )
        model, self.lower_bounds_, self.converged_ = training.run(sequences, model)
        self.n_iter_ = len(self.lower_bounds_)
        self._keep(model)
        if self.verbose:
            logger.info("%d iterations, converged: %s", self.n_iter_, self.converged_)
        if not self.converged_ and self.n_iter > 0:
            gain = self.lower_bounds_[-1] - self.lower_bounds_[-2] if self.n_iter_ > 1 else math.inf
            message = _NOT_CONVERGED.format(rounds=self.n_iter_, gain=gain, tol=self.tol)
            warnings.warn(message, ConvergenceWarning, stacklevel=2)
        return self

    def _check_amount(self, rows: npt.NDArray[Any]) -> None:
        """Check that there is enough in frames to start from, and nothing that overflows when squared."""
        valued = len(rows) - int(np.isnan(np.fmin.reduce(rows, axis=1)).sum())
        wanted = self.n_components * self.n_mix
        if not valued:
            raise ValueError("X holds nothing but NaN; there is nothing to learn from")
        if valued < wanted:
            raise ValueError(
                f"Expected n_samples >= n_components * n_mix = {wanted}, got n_samples = {valued}"
                f"{'' if valued == len(rows) else ' with any value'}; take fewer states or Gaussians"
            )
        if max(np.nanmax(rows), -np.nanmin(rows)) > 1e-3 * np.sqrt(np.finfo(rows.dtype).max):
            raise ValueError("the values of X are too large to square; scale them down")

    def _keep(self, model: Model) -> None:
        self.startprob_, self.transmat_ = np.array(model.start), np.array(model.transitions)
        self.weights_, self.means_ = np.array(model.emissions.weights), np.array(model.emissions.means)
        self.covars_ = np.array(model.emissions.covars)

    def _start(self, sequences: Sequences) -> Model:
        """Return the start of EM: attributes where no start value is asked for, and they are there."""
        wanted = {_LETTERS[letter] for letter in self.init_params}
        wanted |= {name for name in _LETTERS.values() if not hasattr(self, name)}
        given = {name: getattr(self, name) for name in _LETTERS.values() if name not in wanted}
        if wanted & {"means_", "covars_", "weights_"}:
            mixtures = initial_emissions(
                sequences.x,
                sequences.edges,
                (int(self.n_components), int(self.n_mix)),
                self.covariance_type,
                self.structure == "left-right",
                float(self.reg_covar),
                check_random_state(self.random_state),
            )
            given = {"weights_": mixtures.weights, "means_": mixtures.means, "covars_": mixtures.covars} | given
        emissions = Emissions(given["weights_"], given["means_"], given["covars_"], self.covariance_type)
        wanted_shape = (self.n_components, self.n_mix, sequences.x.shape[1])
        if emissions.means.shape != wanted_shape:
            raise ValueError(
                f"means_ must be (n_components, n_mix, n_features) = {wanted_shape}, got {emissions.means.shape}"
            )
        start = np.asarray(given["startprob_"], np.float64) if "startprob_" in given else None
        mean_length = float(np.diff(sequences.edges).mean())
        likely, transitions = self._topology().initial(emissions.n_states, mean_length, start)
        start = likely if start is None else start
        transitions = np.asarray(given.get("transmat_", transitions), np.float64)
        return Model(start, transitions, emissions)

    def _topology(self) -> Topology:
        return Topology(self.structure, self.min_duration, self.startprob_prior, self.transmat_prior)

    def _prior(self, sequences: Sequences) -> MixturePrior:
        given = {field: getattr(self, name) for field, name in _PRIORS.items() if getattr(self, name) is not None}
        for field in ("means", "covars"):
            if field not in given and np.any(np.asarray(given[f"{field}_weight"])):
                centre, spread = overall_moments(sequences.x, self.covariance_type, float(self.reg_covar))
                given[field] = centre if field == "means" else spread
        shape = (int(self.n_components), int(self.n_mix), sequences.x.shape[1])
        return make_prior(self.covariance_type, shape, given)

    def _sequences(self, X: npt.ArrayLike, lengths: npt.ArrayLike | None, fit: bool = False) -> Sequences:
        rows = validate_data(
            self,
            X,
            reset=fit,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
            ensure_min_samples=2 if fit else 1,
        )
        return Sequences(rows, _edges(lengths, len(rows)), self.n_jobs)

    def _model(self) -> tuple[Emissions, Structure]:
        """Return what the attributes say."""
        missing = [name for name in _LETTERS.values() if not hasattr(self, name)]
        if missing:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' first, or set {', '.join(missing)}."
            )
        emissions = Emissions(self.weights_, self.means_, self.covars_, self.covariance_type)
        return emissions, self._topology().structure(self.startprob_, self.transmat_)

    def _ready(self, X: npt.ArrayLike, lengths: npt.ArrayLike | None) -> tuple[Sequences, Emissions, Structure]:
        emissions, structure = self._model()
        sequences = self._sequences(X, lengths)
        if sequences.x.shape[1] != emissions.n_features:
            raise ValueError(
                f"X has {sequences.x.shape[1]} features, but {type(self).__name__} is expecting {emissions.n_features} "
                "features as input"
            )
        return sequences, emissions, structure

    def score(self, X: npt.ArrayLike, y: object = None, *, lengths: npt.ArrayLike | None = None) -> float:
        """Return the log-likelihood of all sequences together, in nats; parameters are those of `fit`."""
        sequences, emissions, structure = self._ready(X, lengths)
        return sequences.log_likelihood(emissions, structure)

    def score_samples(self, X: npt.ArrayLike, *, lengths: npt.ArrayLike | None = None) -> Floats:
        """Return the log-likelihood of each frame given those before it, (n_samples,), in nats; they sum to `score`.

        A low value marks a frame that the past does not lead to expect. For what hmmlearn's method of this name gives,
        call `score` and `predict_proba`.
        """
        sequences, emissions, structure = self._ready(X, lengths)
        return sequences.gains(emissions, structure)

    def decode(
        self, X: npt.ArrayLike, *, lengths: npt.ArrayLike | None = None, algorithm: str | None = None
    ) -> tuple[float, npt.NDArray[np.intp]]:
        """Find states.

        Parameters
        ----------
        X : array (n_samples, n_features)
            Frames.
        lengths : array_like of int, shape (n_sequences,), optional
            Frames of each sequence.
        algorithm : {'viterbi', 'map'}, optional
            Instead of that of the constructor.

        Returns
        -------
        log_prob : float
            viterbi: joint log probability of frames and paths, nats. map: expected number of frames with the right
            state, as in hmmlearn.
        states : array (n_samples,)
            State of each frame.
        """
        chosen = self.algorithm if algorithm is None else algorithm
        if chosen not in ("viterbi", "map"):
            raise ValueError(f"algorithm must be 'viterbi' or 'map', got {chosen!r}")
        sequences, emissions, structure = self._ready(X, lengths)
        if chosen == "viterbi":
            return sequences.paths(emissions, structure)
        posterior = sequences.posterior(emissions, structure)
        return float(posterior.max(axis=1).sum()), posterior.argmax(axis=1)

    def predict(self, X: npt.ArrayLike, *, lengths: npt.ArrayLike | None = None) -> npt.NDArray[np.intp]:
        """Return the state of each frame, (n_samples,), by `algorithm`; parameters are those of `decode`."""
        return self.decode(X, lengths=lengths)[1]

    def predict_proba(self, X: npt.ArrayLike, *, lengths: npt.ArrayLike | None = None) -> Floats:
        """Return the probability of each state at each frame given the whole sequence, (n_samples, n_components)."""
        sequences, emissions, structure = self._ready(X, lengths)
        return sequences.posterior(emissions, structure)

    def sample(
        self, n_samples: int = 1, random_state: int | np.random.RandomState | None = None
    ) -> tuple[Floats, npt.NDArray[np.intp]]:
        """Draw one sequence.

        Parameters
        ----------
        n_samples : int
            Its frames.
        random_state : int, RandomState or None
            Seed or generator of random numbers; by default that of the constructor.

        Returns
        -------
        X : array (n_samples, n_features)
            Frames.
        states : array (n_samples,)
            State of each.
        """
        check_n_samples(n_samples)
        emissions, structure = self._model()
        generator = check_random_state(self.random_state if random_state is None else random_state)
        states = draw_states(structure, int(n_samples), generator)
        return emissions.draw(states, generator), states

    def aic(self, X: npt.ArrayLike, *, lengths: npt.ArrayLike | None = None) -> float:
        """Return Akaike's information criterion on X; lower is better."""
        return -2 * self.score(X, lengths=lengths) + 2 * self._n_parameters()

    def bic(self, X: npt.ArrayLike, *, lengths: npt.ArrayLike | None = None) -> float:
        """Return the Bayesian information criterion on X; lower is better."""
        return -2 * self.score(X, lengths=lengths) + self._n_parameters() * math.log(len(np.asarray(X)))

    def _n_parameters(self) -> int:
        """Return the number of free parameters among those that `fit` estimates."""
        emissions, _ = self._model()
        chain = self._topology().n_parameters(emissions.n_states, self.params)
        return chain + emissions.n_parameters(self.params)


def _edges(lengths: npt.ArrayLike | None, n_frames: int) -> npt.NDArray[np.intp]:
    """Return where sequences begin, and where the last one ends."""
    if lengths is None:
        return np.array([0, n_frames], np.intp)
    given = np.asarray(lengths)
    if given.ndim != 1 or not len(given) or not np.issubdtype(given.dtype, np.integer) or (given < 1).any():
        raise ValueError(f"lengths must be whole numbers from 1, one for each sequence, got {lengths!r}")
    if given.sum() != n_frames:
        raise ValueError(f"lengths must sum to the number of frames of X, {n_frames}, got a sum of {given.sum()}")
    return np.concatenate([[0], np.cumsum(given)]).astype(np.intp)
