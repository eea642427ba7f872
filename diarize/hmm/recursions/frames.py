"""Log-likelihoods of frames made fit for the recursions: checked, and relative to the best label of each frame."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.errors import ConfigError
from diarize.hmm.structures import Floats

FLOOR = -1e8  # nats behind the best label of a frame; keeps sums over millions of frames exact to less than one nat
SAFE = 1e-60
"""Where every label can follow every label with at least this probability, no sum of scaled probabilities underflows.

Let the forward probabilities of a frame sum to one. Then what is predicted for a label at the next frame is at least
SAFE, so is the next sum, since the best label of a frame counts as 1, and backward values lie between SAFE and
1 / SAFE. What is lost where a label more than `_FAINT` behind counts as impossible is below exp(_FAINT) / SAFE^2, or
1e-80, of what it would have been added to.
"""
_FAINT = -460.0  # nats; exp of it is 1e-200
_FEW = 48  # up to so many labels it is faster to go through columns


def relative(given: npt.ArrayLike, n_labels: int, first: int) -> tuple[Floats, Floats]:
    """Return the value of each frame's best label, and a new array of all values relative to it.

    Values more than FLOOR behind are raised to FLOOR, -inf stays.

    Raises
    ------
    ConfigError
        When values are NaN or +inf, or a frame is impossible; `first` is the number of the first frame for messages.
    """
    values = np.array(given, np.float64, order="C")
    if n_labels <= _FEW:
        best = np.array(values[:, 0])
        for column in values.T[1:]:
            np.maximum(best, column, out=best)
    else:
        best = values.max(axis=1)
    if not np.isfinite(best).all():
        _complain(values, best, first)
    with np.errstate(over="ignore"):
        values -= best[:, None]
    if values.min(initial=0.0) < FLOOR:
        # a difference may overflow to -inf: what was finite stays possible
        values[(values < FLOOR) & (np.asarray(given) > -np.inf)] = FLOOR
    return best, values


def probabilities(values: Floats) -> Floats:
    """Turn relative log-likelihoods into probabilities, in place; only for structures that are SAFE."""
    if values.min(initial=0.0) < _FAINT:
        values[values < _FAINT] = -np.inf  # numbers that are almost too small are slow
    return np.exp(values, out=values)


def impossible() -> ConfigError:
    """Return the error to raise when no path is possible."""
    return ConfigError(
        "the structure allows no path through this log_likelihood; look for zero probabilities, minimum durations "
        "longer than the recording with open_end=False, and -inf entries"
    )


def _complain(values: Floats, best: Floats, first: int) -> None:
    wrong = np.isnan(values) | (values == np.inf)
    if wrong.any():
        frame, label = np.argwhere(wrong)[0]
        raise ConfigError(
            f"log_likelihood must be finite or -inf, got {values[frame, label]} at frame {first + frame}, "
            f"label {label} ({wrong.sum()} such values)"
        )
    frame = first + int(np.argmin(best))
    raise ConfigError(f"log_likelihood is -inf for every label at frame {frame}; one label at least must be possible")
