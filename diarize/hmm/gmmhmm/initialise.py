"""Where training of the states' mixtures starts: states by k-means or by position, then k-means in each of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans

from diarize.gmm.covariance import covariance_kind
from diarize.gmm.engine.missing import filled
from diarize.gmm.engine.threads import no_openmp_pool
from diarize.gmm.fitting.initialise import label_statistics
from diarize.hmm.gmmhmm.emissions import Emissions, covars_shape
from diarize.hmm.gmmhmm.maximisation import maximise
from diarize.hmm.gmmhmm.prior import MixturePrior
from diarize.hmm.structures import Floats

MOST_ROWS = 1 << 17
"""Of more frames than this a part, evenly spaced, is enough to start from."""
OVERALL_FRAMES = 1.0
"""How many frames the covariance of all frames counts for in each component: even one of a single frame is wide."""


def initial_emissions(
    x: npt.NDArray[Any],
    edges: npt.NDArray[np.intp],
    shape: tuple[int, int],
    covariance_type: str,
    in_order: bool,
    least: float,
    random_state: np.random.RandomState,
) -> Emissions:
    """Return mixtures to start EM from.

    Parameters
    ----------
    x : array (n_frames, n_features)
        Frames; NaN is a missing entry, for which the mean of its column stands in.
    edges : array (n_sequences + 1,) of int
        Where sequences begin and end.
    shape : (n_states, n_mix)
        Of the mixtures.
    covariance_type : {'diag', 'full', 'spherical', 'tied'}
        What the covariances are.
    in_order : bool
        Whether states are equal parts of each sequence, in this order, instead of clusters.
    least : float
        Smallest variance.
    random_state : numpy.random.RandomState
        Seed or generator of random numbers.

    Raises
    ------
    ValueError
        When a column has no value at all, or `least` is 0 and a column is constant.

    References
    ----------
    L. R. Rabiner: A tutorial on hidden Markov models. Proc. IEEE 77 (1989), section V.C, doi:10.1109/5.18626
    """
    n_states, n_mix = shape
    chosen = np.arange(len(x)) if len(x) <= MOST_ROWS else np.linspace(0, len(x) - 1, MOST_ROWS).astype(np.intp)
    if np.isnan(x.min()):
        valued = ~np.isnan(np.fmin.reduce(x, axis=1))
        chosen = chosen[valued[chosen]] if valued[chosen].any() else np.flatnonzero(valued)
        x = filled(x)
    rows = x[chosen]
    states = _parts(chosen, edges, n_states) if in_order else _clusters(rows, n_states, random_state)
    labels = np.zeros(len(rows), np.intp)
    for state in range(n_states):
        here = np.flatnonzero(states == state)
        labels[here] = state * n_mix + _clusters(rows[here], n_mix, random_state)
    return _from_labels(rows, labels, shape, covariance_type, least)


def _clusters(rows: npt.NDArray[Any], count: int, random_state: np.random.RandomState) -> npt.NDArray[np.integer]:
    count = min(count, len(rows))
    if count < 2:
        return np.zeros(len(rows), np.intp)
    with no_openmp_pool():
        labels: npt.NDArray[np.integer] = KMeans(count, n_init=1, random_state=random_state).fit(rows).labels_
    return labels


def _parts(frames: npt.NDArray[np.intp], edges: npt.NDArray[np.intp], n_states: int) -> npt.NDArray[np.intp]:
    """Return in which of n_states equal parts of its sequence each frame is."""
    sequence = np.searchsorted(edges, frames, side="right") - 1
    return (frames - edges[sequence]) * n_states // np.diff(edges)[sequence]


def _from_labels(
    rows: npt.NDArray[Any], labels: npt.NDArray[np.intp], shape: tuple[int, int], covariance_type: str, least: float
) -> Emissions:
    """Return the mixtures of frames that belong to one component each."""
    (n_states, n_mix), kind = shape, covariance_kind(covariance_type)
    centre, spread = overall_moments(rows, covariance_type, least)
    means = np.tile(centre, (n_states, n_mix, 1))
    covars = np.broadcast_to(spread, covars_shape(covariance_type, *means.shape))
    per_covariance = np.full(means.shape[: 1 if kind.shared else 2], OVERALL_FRAMES)
    # one frame more for each weight: none starts, and so remains, at zero
    prior = MixturePrior(np.full(shape, 2.0), means, np.zeros(shape), covars, per_covariance)
    blank = Emissions(np.full(shape, 1 / n_mix), means, covars, covariance_type)
    sums = label_statistics(rows, labels, n_states * n_mix, kind.unshared)
    return maximise(sums, blank, prior, letters="wmc", least=least)


def overall_moments(x: npt.NDArray[Any], covariance_type: str, least: float) -> tuple[Floats, Floats]:
    """Return mean and covariance of all frames, in the shape that one Gaussian has; parameters as above."""
    rows, kind = filled(x) if np.isnan(x.min()) else x, covariance_kind(covariance_kind(covariance_type).unshared)
    together = label_statistics(rows, np.zeros(len(rows), np.intp), 1, kind)
    centre = together.origin[0] + together.first[0] / len(rows)
    spread = kind.reduced(together.about(centre).second[:1] / len(rows))
    return centre, kind.at_least(spread, centre[None], least)[0]
