"""Hidden Markov models over labels: transition structures, forward-backward, Viterbi.

This part knows nothing of audio. It takes log-likelihoods, one row a frame and one column a label, and a structure that
says which label may follow which. The scale of the log-likelihoods is free in every frame; -inf marks a label that is
impossible there; one that is more than 1e8 nats behind the best of its frame counts as 1e8 behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from diarize.errors import ConfigError
from diarize.hmm.structures import Ergodic, Floats, MinimumDuration, SpeakerLoop, Structure

if TYPE_CHECKING:
    from diarize.hmm.kernels import Chains

__all__ = ["Ergodic", "MinimumDuration", "Posterior", "SpeakerLoop", "forward_backward", "viterbi"]

FLOOR = -1e8  # nats behind the best label of a frame; keeps sums over millions of frames exact to less than one nat


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
    """

    log_evidence: float
    posterior: Floats
    entries: Floats


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
        Evidence, posteriors and expected entries.

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
    >>> blip = np.log([[0.8, 0.2], [0.4, 0.6], [0.8, 0.2]])
    >>> forward_backward(blip, SpeakerLoop([0.5, 0.5], loop_probability=0.8)).posterior[:, 0].round(2)
    array([0.87, 0.84, 0.87])
    """
    peaks, emissions = _relative(log_likelihood, structure)
    if not len(emissions):
        return Posterior(0.0, emissions, np.zeros(structure.n_labels))
    if isinstance(structure, Ergodic):
        from diarize.hmm import ordinary

        evidence, posterior, entries = ordinary.forward_backward(emissions, structure)
        _check_possible(evidence)
    else:
        from diarize.hmm import kernels

        chains, drawn = _chains(structure, len(emissions))
        windows = _windows(emissions, chains[2])
        past = kernels.forward(emissions, windows, chains)
        posterior, entry, base, rest = past
        _check_possible(rest)
        kernels.backward(emissions, windows, chains, past)
        entered, stayed = kernels.occupancy(posterior, entry, chains[2])
        evidence = base[-1] + rest
        entries = entered + drawn * np.maximum(stayed, 0.0)
    return Posterior(float(peaks + evidence), posterior, entries)


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
    >>> blip = np.log([[0.8, 0.2], [0.4, 0.6], [0.8, 0.2]])
    >>> labels, _ = viterbi(blip, SpeakerLoop([0.5, 0.5], loop_probability=0.8))
    >>> labels
    array([0, 0, 0])
    """
    peaks, emissions = _relative(log_likelihood, structure)
    if not len(emissions):
        return np.zeros(0, np.intp), 0.0
    if isinstance(structure, Ergodic):
        from diarize.hmm import ordinary

        log_probability, labels = ordinary.viterbi(emissions, structure)
    else:
        from diarize.hmm import kernels

        chains, _ = _chains(structure, len(emissions))
        log_probability, labels = kernels.viterbi(emissions, _windows(emissions, chains[2]), chains)
    _check_possible(log_probability)
    return labels.astype(np.intp, copy=False), float(peaks + log_probability)


def _relative(log_likelihood: npt.ArrayLike, structure: Structure) -> tuple[float, Floats]:
    """Check the input; return the sum over frames of the best label's value, and all values relative to these."""
    given = np.asarray(log_likelihood)
    if given.ndim != 2 or given.shape[1] != structure.n_labels:
        raise ConfigError(
            f"log_likelihood must have shape (n_frames, {structure.n_labels}) to go with the structure, "
            f"got {given.shape}"
        )
    values = given.astype(np.float64, order="C")
    best = np.array(values[:, 0])
    for column in values.T[1:]:
        np.maximum(best, column, out=best)
    if not np.isfinite(best).all():
        _complain(values, best)
    with np.errstate(over="ignore"):
        values -= best[:, None]
        total = float(best.sum())
    if values.min(initial=0.0) < FLOOR:
        values[(values < FLOOR) & (given > -np.inf)] = FLOOR
    return total, values


def _complain(values: Floats, best: Floats) -> None:
    wrong = np.isnan(values) | (values == np.inf)
    if wrong.any():
        frame, label = np.argwhere(wrong)[0]
        raise ConfigError(
            f"log_likelihood must be finite or -inf, got {values[frame, label]} at frame {frame}, label {label} "
            f"({wrong.sum()} such values)"
        )
    frame = int(np.argmin(best))
    raise ConfigError(f"log_likelihood is -inf for every label at frame {frame}; one label at least must be possible")


def _check_possible(log_probability: float) -> None:
    if log_probability == -np.inf:
        raise ConfigError(
            "the structure allows no path through this log_likelihood; look for zero probabilities, minimum durations "
            "longer than the recording with open_end=False, and -inf entries"
        )


def _chains(structure: SpeakerLoop | MinimumDuration, n_frames: int) -> tuple[Chains, Floats]:
    """Return what the kernels take, and the share of draws in the stays of each label."""
    base = structure.base if isinstance(structure, MinimumDuration) else structure
    n_labels = base.n_labels
    durations, open_end = np.ones(n_labels, np.int64), True
    if isinstance(structure, MinimumDuration):
        # One more than there are frames is as long as any longer duration, and cannot overflow.
        durations, open_end = np.minimum(structure.frames, n_frames + 1), structure.open_end
    links, matrix, drawn = np.full((4, n_labels), -np.inf), np.empty((2, 0, 0)), np.zeros(n_labels)
    with np.errstate(divide="ignore"):
        if isinstance(base, SpeakerLoop):
            jump = (1.0 - base.loop_probability) * base.weights
            stay = base.loop_probability + jump
            np.divide(jump, stay, out=drawn, where=stay > 0.0)
            links[0] = links[3] = np.log(base.weights)
            links[1], links[2] = np.log(stay), np.log1p(-base.loop_probability)
        else:
            links[0], links[1] = np.log(base.start), np.log(np.diagonal(base.transitions))
        if n_labels == 2 or isinstance(base, Ergodic):  # of two labels there is one to come from: nothing to share
            written_out = base.ergodic() if isinstance(base, SpeakerLoop) else base
            between = np.log(written_out.transitions)
            np.fill_diagonal(between, -np.inf)
            matrix = np.stack([between, between.T])
    return (links, matrix, durations, open_end), drawn


def _windows(emissions: Floats, durations: npt.NDArray[np.int64]) -> Floats:
    from diarize.hmm import kernels

    return emissions if durations.max() == 1 else kernels.windows(emissions, durations)
