"""What the states of an HMM emit: a Gaussian mixture each, evaluated together as one flat mixture of all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.gmm import MixtureParameters
from diarize.gmm.covariance import covariance_kind
from diarize.gmm.inference.mixture_groups import group_log_likelihood
from diarize.hmm.structures import Floats

SUM_TOLERANCE = 1e-4
"""How far weights may be from summing to one."""


def covars_shape(covariance_type: str, n_states: int, n_mix: int, n_features: int) -> tuple[int, ...]:
    """Return the shape of `covars_`, that of hmmlearn's GMMHMM."""
    return n_states, *covariance_kind(covariance_type).shape(n_mix, n_features)


@dataclass(frozen=True, slots=True, eq=False)
class Emissions:
    """Mixtures of all states.

    Parameters
    ----------
    weights : array_like of shape (n_states, n_mix)
        Share of each component in its state; rows sum to one.
    means : array_like of shape (n_states, n_mix, n_features)
        Centres of the components.
    covars : array_like
        (n_states, n_mix, n_features) for diag, (n_states, n_mix, n_features, n_features) for full, (n_states, n_mix)
        for spherical; for tied one matrix for all components of a state, (n_states, n_features, n_features).
    covariance_type : {'diag', 'full', 'spherical', 'tied'}
        What the covariances are.

    Raises
    ------
    ValueError
        When shapes disagree, weights do not sum to one or a covariance is not symmetric positive definite.
    """

    weights: Floats
    means: Floats
    covars: Floats
    covariance_type: str
    flat: MixtureParameters = field(init=False)

    def __post_init__(self) -> None:
        values = {name: np.array(getattr(self, name), dtype=np.float64) for name in ("weights", "means", "covars")}
        if values["means"].ndim != 3:
            raise ValueError(f"means_ must be (n_components, n_mix, n_features), got shape {values['means'].shape}")
        shape = values["means"].shape
        wanted = {"weights": shape[:2], "means": shape, "covars": covars_shape(self.covariance_type, *shape)}
        for name, value in values.items():
            if value.shape != wanted[name]:
                raise ValueError(f"{self.covariance_type} {name}_ must have shape {wanted[name]}, got {value.shape}")
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        sums = self.weights.sum(axis=1)
        if not (np.abs(sums - 1) <= SUM_TOLERANCE).all():
            raise ValueError(f"each row of weights_ must sum to 1, got sums {sums}")
        covariance_kind(self.covariance_type).check(self.covars, "covars_")
        object.__setattr__(self, "flat", self._flat())

    def _flat(self) -> MixtureParameters:
        """Return one mixture of all states' components, each state having the same share of it."""
        n_states, n_mix, n_features = self.means.shape
        covars, kind = self.covars, covariance_kind(self.covariance_type)
        if kind.shared:
            covars, kind = np.repeat(covars, n_mix, axis=0), covariance_kind(kind.unshared)
        weights = self.weights / (n_states * self.weights.sum(axis=1, keepdims=True))
        size = n_states * n_mix
        return MixtureParameters(
            weights.ravel(),
            self.means.reshape(size, n_features),
            covars.reshape(kind.shape(size, n_features)),
            kind.name,
        )

    @property
    def n_states(self) -> int:
        """Number of states."""
        return int(self.means.shape[0])

    @property
    def n_features(self) -> int:
        """Dimension of the frames."""
        return int(self.means.shape[2])

    def log_likelihood(self, x: npt.NDArray[Any], n_jobs: int | None = None) -> Floats:
        """Return the log density of frames x (n, n_features) under each state, (n, n_states), nats.

        Of a frame with NaN entries it is that of the others; 0 where all are NaN.
        """
        likelihoods: Floats = group_log_likelihood(x, self.flat, self.n_states, n_jobs=n_jobs)
        likelihoods += np.log(self.n_states)
        return likelihoods

    def n_parameters(self, letters: str) -> int:
        """Return the number of free parameters among those that the letters 'w', 'm', 'c' stand for."""
        n_states, n_mix, n_features = self.means.shape
        each = covariance_kind(self.covariance_type).n_free(n_mix, n_features)
        sizes = {"w": n_mix - 1, "m": n_mix * n_features, "c": each}
        return int(n_states) * sum(int(size) for letter, size in sizes.items() if letter in letters)

    def draw(self, states: npt.NDArray[np.intp], random_state: np.random.RandomState) -> Floats:
        """Return one frame for each of the states (n,), (n, n_features)."""
        edges = np.cumsum(self.weights, axis=1)
        edges /= edges[:, -1:]
        chances = random_state.uniform(size=len(states))
        noise: Floats = random_state.standard_normal((len(states), self.n_features))
        components = np.empty(len(states), np.intp)
        for state in np.unique(states):
            here = np.flatnonzero(states == state)
            picked = np.searchsorted(edges[state], chances[here], side="right")
            components[here] = state * self.weights.shape[1] + picked
        away = self.flat.kind.coloured(self.flat.covariances, noise, components, random_state)
        rows: Floats = self.flat.means[components] + away
        return rows
