"""Drawing rows from a mixture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.gmm.arrays import Float64
from diarize.gmm.parameters import MixtureParameters


def draw(
    parameters: MixtureParameters, n_samples: int, random_state: np.random.Generator | np.random.RandomState
) -> tuple[Float64, npt.NDArray[np.int64]]:
    """Return rows (n_samples, n_features) drawn from a mixture, ordered by component, and the component of each."""
    weights = parameters.weights.astype(np.float64)
    counts = random_state.multinomial(n_samples, weights / weights.sum())
    labels = np.repeat(np.arange(len(weights)), counts)
    return draw_from(parameters, labels, random_state), labels.astype(np.int64)


def draw_from(
    parameters: MixtureParameters,
    labels: npt.NDArray[np.integer],
    random_state: np.random.Generator | np.random.RandomState,
) -> Float64:
    """Return a row (n, n_features) drawn from each of the components named by labels (n,)."""
    noise: Float64 = random_state.standard_normal((len(labels), parameters.n_features))
    noise = parameters.kind.coloured(parameters.covariances, noise, labels, random_state)
    noise += parameters.means[labels]
    return noise
