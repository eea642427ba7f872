"""Where a clean utterance holds speech, by its energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from diarize.training.levels import Range

Samples = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_LEAST_POWER = 1e-10  # keeps the logarithm of digital silence finite


@dataclass(frozen=True, slots=True)
class MarkRecipe:
    """The energy rule. Its frames are so short that their number counts centiseconds.

    Parameters
    ----------
    step : float, s
        Length of a frame.
    power_smoothing, level_smoothing : int, frames
        Widths of the averages over the power and, after the logarithm, over the level: about a pitch period of the
        lowest voices, and a short sound.
    quantiles : (float, float)
        Quantiles of the level that stand for the pauses and for the loud sounds.
    depth : float, dB
        Speech ends so far below the loud sounds, also where the pauses are quieter still.
    above_quiet : float, dB
        In a noisy utterance speech begins so far above the pauses.
    least_depth : float, dB
        It begins so far below the loud sounds at least: an utterance without pauses has no quiet level.
    silence : float, dB
        Relative to 1; what is quieter is digital silence.
    shortest : int, frames
        Shorter stretches are clicks.
    attack, decay : int, frames
        By which a stretch is widened at its start and at its end: sounds fade out more slowly than they set in.
    pause : int, frames
        Shorter pauses, such as stops before plosives, are part of the speech.
    """

    step: float = 0.01
    power_smoothing: int = 3
    level_smoothing: int = 5
    quantiles: Range = (0.05, 0.95)
    depth: float = 34.0
    above_quiet: float = 5.0
    least_depth: float = 12.0
    silence: float = -90.0
    shortest: int = 8
    attack: int = 1
    decay: int = 4
    pause: int = 25


MARKS = MarkRecipe()


def mark_speech(utterance: Samples, sample_rate: int, recipe: MarkRecipe = MARKS) -> Mask:
    """Return where in a clean utterance there is speech, by its energy; pauses under 0.25 s are part of it.

    Parameters
    ----------
    utterance : array of shape (n_samples,)
        Speech of one person, without noise.
    sample_rate : int
        Hz.
    recipe : MarkRecipe

    Returns
    -------
    array of shape (n_samples,)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> word = np.r_[np.zeros(8000), rng.normal(size=8000), np.zeros(8000)].astype(np.float32)
    >>> float(mark_speech(word, 16000).mean().round(1))
    0.4
    """
    step = round(recipe.step * sample_rate)
    n_frames = len(utterance) // step
    if n_frames < recipe.power_smoothing:
        return np.zeros(len(utterance), np.bool_)
    power = np.mean(utterance[: n_frames * step].reshape(n_frames, step).astype(np.float64) ** 2, axis=1)
    decibels = 10 * np.log10(uniform_filter1d(power, recipe.power_smoothing) + _LEAST_POWER)
    level = uniform_filter1d(decibels, recipe.level_smoothing)
    quiet, loud = np.quantile(level, recipe.quantiles)
    threshold = min(quiet + recipe.above_quiet, loud - recipe.least_depth)
    marks = level > max(loud - recipe.depth, threshold, recipe.silence)
    for start, end in _runs(marks):
        if end - start < recipe.shortest:
            marks[start:end] = False
    for start, end in _runs(marks):
        marks[max(start - recipe.attack, 0) : end + recipe.decay] = True
    for start, end in _runs(~marks):
        if end - start < recipe.pause and start > 0 and end < n_frames:
            marks[start:end] = True
    return np.pad(np.repeat(marks, step), (0, len(utterance) - n_frames * step))


def _runs(marks: Mask) -> npt.NDArray[np.intp]:
    """Return first and one past the last of each stretch of true values, shape (n, 2)."""
    return np.flatnonzero(np.diff(marks.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
