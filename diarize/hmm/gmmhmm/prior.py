"""Conjugate priors on the mixtures of an HMM's states."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from diarize.gmm.covariance import covariance_kind
from diarize.hmm.gmmhmm.emissions import Emissions, covars_shape
from diarize.hmm.structures import Floats

_LEAST = {"weights": 1.0, "means_weight": 0.0, "covars_weight": 0.0}


@dataclass(frozen=True, slots=True, eq=False)
class MixturePrior:
    """Dirichlet prior on weights, normal-Wishart (for variances normal-gamma) prior on means and covariances.

    Its log density is, up to a constant and with S the covariance of a component::

        sum of (a - 1) log w  -  t/2 (m - mu)' S^-1 (m - mu)  -  c/2 (log det S + trace S^-1 p)

    This is the prior of Gauvain and Lee (1994) with nu = a, tau = t, alpha = c + n_features and u = c p: t and c are
    numbers of frames that the prior counts for. With one matrix for a state, the last term counts once a state.

    Parameters
    ----------
    weights : array (n_states, n_mix)
        Dirichlet parameters a, at least 1; 1 says nothing.
    means : array (n_states, n_mix, n_features)
        mu.
    means_weight : array (n_states, n_mix)
        t; 0 says nothing.
    covars : array
        p, in the shape of the covariances.
    covars_weight : array (n_states, n_mix), of tied covariances (n_states,)
        c; 0 says nothing.

    Raises
    ------
    ValueError
        When a number is not finite or out of range.

    References
    ----------
    J.-L. Gauvain, C.-H. Lee. Maximum a posteriori estimation for multivariate Gaussian mixture observations of Markov
    chains. IEEE Transactions on Speech and Audio Processing 2, 1994. doi:10.1109/89.279278
    """

    weights: Floats
    means: Floats
    means_weight: Floats
    covars: Floats
    covars_weight: Floats

    def __post_init__(self) -> None:
        for name in ("weights", "means", "means_weight", "covars", "covars_weight"):
            values, least = getattr(self, name), _LEAST.get(name, -np.inf)
            if not (np.isfinite(values).all() and (values >= least).all()):
                bound = f" and {least:g} or more" if name in _LEAST else ""
                raise ValueError(f"the prior's {name} must be finite{bound}, got {values.tolist()}")

    @classmethod
    def flat(cls, covariance_type: str, shape: tuple[int, ...]) -> MixturePrior:
        """Return the prior that says nothing, for mixtures of a shape (n_states, n_mix, n_features)."""
        covars = np.zeros(covars_shape(covariance_type, *shape))
        per_covariance = np.zeros(shape[: 1 if covariance_kind(covariance_type).shared else 2])
        return cls(np.ones(shape[:2]), np.zeros(shape), np.zeros(shape[:2]), covars, per_covariance)

    def log_density(self, emissions: Emissions) -> float:
        """Return the log density of mixtures up to a constant, nats."""
        density = 0.0
        informed = self.weights != 1
        if informed.any():
            with np.errstate(divide="ignore"):
                density += float(((self.weights - 1)[informed] * np.log(emissions.weights[informed])).sum())
        if not (self.means_weight.any() or self.covars_weight.any()):
            return density
        kind = covariance_kind(emissions.covariance_type)
        distance, log_det, trace = kind.prior_terms(emissions.covars, self.covars, emissions.means - self.means)
        density -= 0.5 * float((self.means_weight * distance).sum())
        return density - 0.5 * float((self.covars_weight * (log_det + trace)).sum())


def make_prior(covariance_type: str, shape: tuple[int, ...], given: dict[str, npt.ArrayLike]) -> MixturePrior:
    """Return the prior that users describe by numbers or arrays.

    Parameters
    ----------
    covariance_type : {'diag', 'full', 'spherical', 'tied'}
        What the covariances are.
    shape : (n_states, n_mix, n_features)
        Of the mixtures.
    given : dict
        Fields of `MixturePrior` by name, each of a shape that broadcasts to the field's; a single number for covariance
        matrices is a multiple of the identity. What is not given says nothing.

    Raises
    ------
    ValueError
        When a shape does not fit or a number is out of range.
    """
    nothing, values = MixturePrior.flat(covariance_type, shape), dict(given)
    if "covars" in values and np.ndim(values["covars"]) == 0:
        variance = np.asarray(values["covars"], np.float64)
        values["covars"] = covariance_kind(covariance_type).isotropic(variance, shape[2])
    fields: dict[str, Floats] = {}
    for name, value in values.items():
        wanted = getattr(nothing, name).shape
        try:
            fields[name] = np.broadcast_to(np.asarray(value, np.float64), wanted)
        except (TypeError, ValueError):
            raise ValueError(f"the prior's {name} must broadcast to shape {wanted}, got {np.shape(value)}") from None
    return replace(nothing, **fields)
