"""Recordings whose log-likelihoods are in memory: forward-backward, best path, most probable labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.errors import ConfigError
from diarize.hmm.blocks import Smoothing, viterbi_blocks
from diarize.hmm.structures import Floats, Structure

BLOCK_VALUES = 1 << 20  # frames x labels of a block: a few times 8 MB are in use at once


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What forward-backward finds out.

    Attributes
    ----------
    log_evidence : float
        Log of the summed probability of all paths, nats.
    posterior : ndarray of shape (n_frames, n_labels), float64
        Probability of each label at each frame, given the whole recording; rows sum to one.
    entries : ndarray of shape (n_labels,), float64
        Expected number of times that each label is entered, the first frame included. Over a speaker loop it is the
        expected number of draws of the label, a draw of the label that spoke already included, so that
        ``entries / entries.sum()`` is the update of the weights (Diez et al. 2020). Over a matrix, where no draw can be
        told from a stay, only changes of label count.
    start : ndarray of shape (n_labels,), float64
        Probability of each label at the first frame; zeros where there are no frames.
    transitions : ndarray of shape (n_labels, n_labels), float64, or None
        Expected number of transitions from each label to each, for an `Ergodic` structure. With minimum durations over
        one, of the changes from label to label, and on the diagonal of the stays beyond the minimum, which are the
        counts that re-estimate its matrix. None over a speaker loop: ``entries.sum() - 1`` of the ``n_frames - 1``
        transitions are draws there, which is all that re-estimates it.
    """

    log_evidence: float
    posterior: Floats
    entries: Floats
    start: Floats
    transitions: Floats | None


def forward_backward(log_likelihood: npt.ArrayLike, structure: Structure) -> Posterior:
    """Sum over all paths of labels.

    Parameters
    ----------
    log_likelihood : array_like of shape (n_frames, n_labels)
        Log-likelihood of each frame under each label, nats; finite or -inf. No frames give an empty result.
    structure : Ergodic, SpeakerLoop or MinimumDuration
        Which label may follow which.

    Returns
    -------
    Posterior
        Evidence, posteriors and expected counts.

    Raises
    ------
    ConfigError
        When the shape does not fit, values are NaN or +inf, or every path is impossible.

    References
    ----------
    L. R. Rabiner: A tutorial on hidden Markov models. Proc. IEEE 77 (1989), 257-286, doi:10.1109/5.18626

    Examples
    --------
    >>> import numpy as np
    >>> from diarize.hmm import SpeakerLoop
    >>> blip = np.log([[0.8, 0.2], [0.4, 0.6], [0.8, 0.2]])
    >>> forward_backward(blip, SpeakerLoop([0.5, 0.5], loop_probability=0.8)).posterior[:, 0].round(2)
    array([0.87, 0.84, 0.87])
    """
    given = _checked(log_likelihood, structure)
    chain = Smoothing(_rows(given), len(given), structure, block_frames=_block_frames(structure))
    posterior = np.empty((0, structure.n_labels))
    for rows, values in chain.backward():
        if len(values) == len(given):
            posterior = values
            continue
        if not len(posterior):
            posterior = np.empty((len(given), structure.n_labels))
        posterior[rows] = values
    return Posterior(chain.log_evidence, posterior, chain.entries, chain.start, chain.transitions)


def viterbi(log_likelihood: npt.ArrayLike, structure: Structure) -> tuple[npt.NDArray[np.intp], float]:
    """Find the most probable path of labels.

    Parameters
    ----------
    log_likelihood : array_like of shape (n_frames, n_labels)
        Log-likelihood of each frame under each label, nats; finite or -inf. No frames give an empty path.
    structure : Ergodic, SpeakerLoop or MinimumDuration
        Which label may follow which.

    Returns
    -------
    labels : ndarray of shape (n_frames,), intp
        Label of each frame.
    log_probability : float
        Joint log probability of this path and the frames, nats.

    Raises
    ------
    ConfigError
        When the shape does not fit, values are NaN or +inf, or every path is impossible.

    References
    ----------
    L. R. Rabiner: A tutorial on hidden Markov models. Proc. IEEE 77 (1989), 257-286, doi:10.1109/5.18626

    Examples
    --------
    >>> import numpy as np
    >>> from diarize.hmm import SpeakerLoop
    >>> blip = np.log([[0.8, 0.2], [0.4, 0.6], [0.8, 0.2]])
    >>> labels, _ = viterbi(blip, SpeakerLoop([0.5, 0.5], loop_probability=0.8))
    >>> labels
    array([0, 0, 0])
    """
    given = _checked(log_likelihood, structure)
    return viterbi_blocks(_rows(given), len(given), structure, block_frames=_block_frames(structure))


def max_posterior(log_likelihood: npt.ArrayLike, structure: Structure) -> tuple[npt.NDArray[np.intp], float]:
    """Find the most probable label of each frame by itself.

    Of all labellings this one has the most frames right in expectation. As a path it may be improbable, or even
    impossible: then `viterbi` is what is wanted.

    Parameters
    ----------
    log_likelihood : array_like of shape (n_frames, n_labels)
        Log-likelihood of each frame under each label, nats; finite or -inf. No frames give an empty result.
    structure : Ergodic, SpeakerLoop or MinimumDuration
        Which label may follow which.

    Returns
    -------
    labels : ndarray of shape (n_frames,), intp
        Label of each frame; of equally probable ones the first.
    expected_correct : float
        Expected number of frames whose label is right: the sum of the labels' posteriors.

    Raises
    ------
    ConfigError
        When the shape does not fit, values are NaN or +inf, or every path is impossible.

    References
    ----------
    L. R. Rabiner: A tutorial on hidden Markov models. Proc. IEEE 77 (1989), 257-286, doi:10.1109/5.18626 (equation 29)

    Examples
    --------
    >>> import numpy as np
    >>> from diarize.hmm import SpeakerLoop
    >>> blip = np.log([[0.8, 0.2], [0.1, 0.9], [0.8, 0.2]])
    >>> labels, expected_correct = max_posterior(blip, SpeakerLoop([0.5, 0.5], loop_probability=0.5))
    >>> labels, round(expected_correct, 2)
    (array([0, 1, 0]), 2.06)
    """
    given = _checked(log_likelihood, structure)
    labels, expected_correct = np.empty(len(given), np.intp), 0.0
    chain = Smoothing(_rows(given), len(given), structure, block_frames=_block_frames(structure))
    for rows, posterior in chain.backward():
        labels[rows] = posterior.argmax(axis=1)
        expected_correct += float(posterior.max(axis=1).sum())
    return labels, expected_correct


def _checked(log_likelihood: npt.ArrayLike, structure: Structure) -> npt.NDArray[Any]:
    given = np.asarray(log_likelihood)
    if given.ndim != 2 or given.shape[1] != structure.n_labels:
        raise ConfigError(
            f"log_likelihood must have shape (n_frames, {structure.n_labels}) to go with the structure, "
            f"got {given.shape}"
        )
    return given


def _rows(given: npt.NDArray[Any]) -> Callable[[slice], npt.NDArray[Any]]:
    return lambda rows: given[rows]


def _block_frames(structure: Structure) -> int:
    return max(BLOCK_VALUES // structure.n_labels, 1024)
