"""Online EM: statistics that forget, so that a model follows a stream of batches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from diarize.gmm.parameters import MixtureParameters
from diarize.gmm.statistics import Statistics


def step_size(seen: float, batch: float, decay: float, least: float = 0.0) -> float:
    """Return how much of the statistics a batch replaces, gamma = (1 + seen / batch)^-decay, but at least `least`.

    With batches of one size this is t^-decay for the batch number t, as the theory wants it for 0.5 < decay <= 1; a
    small batch after a large one moves the model less. decay = 1 gives each row the same weight.

    Parameters
    ----------
    seen : float
        Rows (their weight) before this batch.
    batch : float
        Rows (their weight) in this batch, above 0.
    decay : float
        Larger values trust old batches more.
    least : float
        Above 0 the past is forgotten at this rate for ever, and the model follows a stream that changes.

    References
    ----------
    O. Cappe, E. Moulines. On-line expectation-maximization algorithm for latent data models. Journal of the Royal
    Statistical Society B 71, 2009, section 2. doi:10.1111/j.1467-9868.2009.00698.x

    Examples
    --------
    >>> step_size(0, 100, 0.7), step_size(900, 100, 1.0), step_size(1e9, 1.0, 1.0, least=0.05)
    (1.0, 0.1, 0.05)
    """
    return float(max(least, (1 + seen / batch) ** -decay))


def blend(running: Statistics | None, batch: Statistics, step: float) -> Statistics:
    """Return (1 - step) times the running statistics plus step times those of the batch, both of one row on average.

    Parameters
    ----------
    running : Statistics or None
        From this function or `implied`; None before the first batch.
    batch : Statistics
        Of the rows of a batch.
    step : float
        Between 0 and 1, from `step_size`.
    """
    total = float(batch.zeroth.sum())
    if running is None:
        return _scaled(batch, 1 / total)
    return _scaled(batch, step / total) + _scaled(running, 1 - step)


def implied(parameters: MixtureParameters, reg_covar: float) -> Statistics:
    """Return the statistics of one row from which `maximise`, with this reg_covar, makes these parameters."""
    weights, means = parameters.weights.astype(np.float64), parameters.means.astype(np.float64)
    second = parameters.kind.implied(parameters.covariances.astype(np.float64), weights, reg_covar)
    second = np.broadcast_to(second, parameters.kind.second_shape(*means.shape))
    return Statistics(weights, np.zeros_like(means), second, means, parameters.covariance_type)


def _scaled(statistics: Statistics, factor: float) -> Statistics:
    return replace(
        statistics,
        zeroth=factor * statistics.zeroth,
        first=factor * statistics.first,
        second=factor * statistics.second,
        log_likelihood=factor * statistics.log_likelihood,
    )
