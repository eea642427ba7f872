"""Drawing rows from a mixture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.gmm.parameters import Float64, MixtureParameters


def draw(
    parameters: MixtureParameters, n_samples: int, random_state: np.random.Generator | np.random.RandomState
) -> tuple[Float64, npt.NDArray[np.int64]]:
    """Return rows (n_samples, n_features) drawn from a mixture, ordered by component, and the component of each."""
    weights = parameters.weights.astype(np.float64)
    counts = random_state.multinomial(n_samples, weights / weights.sum())
    labels = np.repeat(np.arange(len(weights)), counts)
    noise = random_state.standard_normal((n_samples, parameters.n_features))
    if parameters.covariance_type in ("full", "tied"):
        root = np.linalg.cholesky(parameters.covariances.astype(np.float64))
        for k in range(len(weights)):
            chosen = root[k] if parameters.covariance_type == "full" else root
            noise[labels == k] = noise[labels == k] @ chosen.T
    else:
        noise *= np.sqrt(parameters.variances)[labels]
    return parameters.means[labels] + noise, labels.astype(np.int64)
