"""Transition structures: which label may follow which, how probably, and for how long a label must last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from diarize.errors import ConfigError

Floats: TypeAlias = npt.NDArray[np.float64]

SUM_TOLERANCE = 1e-6
"""How far probabilities may be from summing to one; float32 input stays well inside."""


@dataclass(frozen=True, slots=True, eq=False)
class Ergodic:
    """Ordinary topology: any matrix of transition probabilities, zeros (left-right, say) included.

    Parameters
    ----------
    start : array_like of shape (n_labels,)
        Probability of each label at the first frame.
    transitions : array_like of shape (n_labels, n_labels)
        ``transitions[i, j]`` is the probability that label j follows label i; rows sum to one.

    Raises
    ------
    ConfigError
        When the shapes disagree, or probabilities are negative, not finite or do not sum to one.

    Examples
    --------
    >>> Ergodic(start=[1, 0], transitions=[[0.9, 0.1], [0, 1]]).n_labels
    2
    """

    start: Floats
    transitions: Floats

    def __post_init__(self) -> None:
        start = _probabilities("start", self.start, 1)
        transitions = _probabilities("transitions", self.transitions, 2)
        if transitions.shape != (len(start), len(start)):
            raise ConfigError(
                f"transitions must have shape ({len(start)}, {len(start)}) to go with start, got {transitions.shape}"
            )
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "transitions", transitions)

    @property
    def n_labels(self) -> int:
        """Number of labels."""
        return len(self.start)


class LeftRight(Ergodic):
    """Left-right topology: labels follow one another in their order, and the last one lasts to the end.

    A label stays with its probability; otherwise one of the `width` labels after it follows, all equally probable. The
    first label is label 0. It is an `Ergodic` structure whose matrix holds zeros, which re-estimation keeps.

    Parameters
    ----------
    n_labels : int
        Number of labels, at least 1.
    stay : float or array_like of shape (n_labels,), default=0.5
        Probability that a label stays, below 1; the last label always stays.
    width : int, default=1
        How far a change may go: 1 is to the next label only, 2 may leave out one label.

    Raises
    ------
    ConfigError
        When the number of labels, `stay` or `width` is out of range.

    References
    ----------
    L. R. Rabiner: A tutorial on hidden Markov models. Proc. IEEE 77 (1989), 257-286, doi:10.1109/5.18626 (section IV.A)

    Examples
    --------
    >>> LeftRight(4, stay=0.8, width=2).transitions
    array([[0.8, 0.1, 0.1, 0. ],
           [0. , 0.8, 0.1, 0.1],
           [0. , 0. , 0.8, 0.2],
           [0. , 0. , 0. , 1. ]])
    """

    __slots__ = ()

    def __init__(self, n_labels: int, *, stay: npt.ArrayLike = 0.5, width: int = 1) -> None:
        if n_labels < 1 or width < 1:
            raise ConfigError(f"n_labels and width must be at least 1, got {n_labels!r} and {width!r}")
        staying = _frozen(stay, np.float64)
        if staying.shape not in ((), (n_labels,)):
            raise ConfigError(f"stay must be a number or have shape ({n_labels},), got shape {staying.shape}")
        if not ((staying >= 0.0) & (staying < 1.0)).all():
            raise ConfigError(f"stay must be from 0 to below 1, got {staying.tolist()}")
        transitions = np.eye(n_labels)
        for label, share in enumerate(np.broadcast_to(staying, n_labels)[:-1]):
            following = transitions[label, label + 1 : label + 1 + width]
            following[:] = (1.0 - share) / len(following)
            transitions[label, label] = share
        Ergodic.__init__(self, np.eye(n_labels)[0], transitions)


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerLoop:
    """Speaker loop: the same speaker continues, or a new speaker is drawn.

    With probability `loop_probability` the label stays; otherwise the next one is drawn from `weights`, whoever spoke
    before (so the same label may be drawn again): p(j | i) = loop [i = j] + (1 - loop) weights[j], eq. (14). The first
    label is drawn from `weights` too. The cost of inference is linear in the number of labels.

    Parameters
    ----------
    weights : array_like of shape (n_labels,)
        Probability of each label when one is drawn; zeros are allowed.
    loop_probability : float
        Probability to stay without a draw, 0 to 1.

    Raises
    ------
    ConfigError
        When the weights are no probabilities or `loop_probability` is out of range.

    References
    ----------
    M. Diez, L. Burget, F. Landini, J. Cernocky: Analysis of speaker diarization based on Bayesian HMM with eigenvoice
    priors. IEEE/ACM TASLP 28 (2020), 355-368, doi:10.1109/TASLP.2019.2955293

    Examples
    --------
    >>> SpeakerLoop([0.5, 0.5], 0.9).ergodic().transitions
    array([[0.95, 0.05],
           [0.05, 0.95]])
    """

    weights: Floats
    loop_probability: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", _probabilities("weights", self.weights, 1))
        if not 0.0 <= self.loop_probability <= 1.0:
            raise ConfigError(f"loop_probability must be between 0 and 1, got {self.loop_probability!r}")
        object.__setattr__(self, "loop_probability", float(self.loop_probability))

    @property
    def n_labels(self) -> int:
        """Number of labels."""
        return len(self.weights)

    def ergodic(self) -> Ergodic:
        """Return the same transitions written out as a matrix."""
        jump = (1.0 - self.loop_probability) * np.tile(self.weights, (self.n_labels, 1))
        return Ergodic(self.weights, jump + self.loop_probability * np.eye(self.n_labels))


@dataclass(frozen=True, slots=True, eq=False)
class MinimumDuration:
    """Labels that last at least so many frames.

    Each label becomes a left-right chain of as many states as its duration, all with the label's emissions; only the
    last state may be stayed in or left, with the probabilities that `base` gives for the label: staying with
    p(i | i), the first state of another label j with p(j | i). The cost of inference does not depend on the durations.

    Parameters
    ----------
    base : Ergodic or SpeakerLoop
        Transition probabilities between labels.
    frames : int or array_like of int, shape (n_labels,)
        Shortest stay in each label, frames, at least 1.
    open_end : bool, default=True
        Whether the last stay may be cut short by the end of the recording. Without it a recording shorter than every
        minimum has no path.

    Raises
    ------
    ConfigError
        When `frames` does not fit `base` or holds anything but whole numbers from 1.

    References
    ----------
    L. R. Rabiner: A tutorial on hidden Markov models. Proc. IEEE 77 (1989), 257-286, doi:10.1109/5.18626

    Examples
    --------
    >>> MinimumDuration(SpeakerLoop([0.5, 0.5], 0.9), frames=20).frames
    array([20, 20])
    """

    base: Ergodic | SpeakerLoop
    frames: npt.NDArray[np.int64]
    open_end: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.base, Ergodic | SpeakerLoop):
            raise ConfigError(f"base must be an Ergodic or a SpeakerLoop, got {type(self.base).__name__}")
        frames = np.asarray(self.frames)
        n_labels = self.base.n_labels
        if frames.shape not in ((), (n_labels,)):
            raise ConfigError(f"frames must be a number or have shape ({n_labels},), got shape {frames.shape}")
        if not np.issubdtype(frames.dtype, np.integer) or (frames < 1).any():
            raise ConfigError(f"frames must be whole numbers from 1, got {self.frames!r}")
        object.__setattr__(self, "frames", _frozen(np.broadcast_to(frames, n_labels), np.int64))
        object.__setattr__(self, "open_end", bool(self.open_end))

    @property
    def n_labels(self) -> int:
        """Number of labels."""
        return self.base.n_labels


Structure: TypeAlias = Ergodic | SpeakerLoop | MinimumDuration


def _probabilities(name: str, values: Any, n_dimensions: int) -> Floats:
    array = _frozen(values, np.float64)
    if array.ndim != n_dimensions or array.size == 0:
        raise ConfigError(f"{name} must have {n_dimensions} dimension(s) and a label at least, got shape {array.shape}")
    sums = array.sum(axis=-1)
    # Written so that NaN is caught as well.
    if not ((array >= 0.0).all() and (np.abs(sums - 1.0) <= SUM_TOLERANCE).all()):
        raise ConfigError(f"{name} must be probabilities that sum to one, got {array.tolist()}")
    return array


def _frozen(values: Any, dtype: Any) -> npt.NDArray[Any]:
    try:
        array = np.array(values, dtype=dtype, order="C")
    except (TypeError, ValueError) as error:
        raise ConfigError(f"expected an array of numbers, got {values!r}") from error
    array.setflags(write=False)
    return array
