"""Limits on the number of speakers, and what the evidence says of speakers put together or left apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from numbers import Integral

import numpy as np
import numpy.typing as npt

from diarize import hmm
from diarize.config import SpeakerConfig
from diarize.errors import ConfigError
from diarize.stages.speakers import View

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many speakers there may be, both ends included."""

    least: int = 1
    most: int = 10**6

    def __contains__(self, number: int) -> bool:
        return self.least <= number <= self.most

    @classmethod
    def of(cls, number: int | None, least: int | None, most: int | None) -> Limits:
        """Check what a caller asks for.

        Raises
        ------
        ConfigError
            A number is no whole number of at least one, or the numbers contradict each other.
        """
        for name, value in (("num_speakers", number), ("min_speakers", least), ("max_speakers", most)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, Integral) or value < 1):
                raise ConfigError(f"{name} must be a whole number of at least 1, got {value!r}")
        limits = cls(least or number or 1, most or number or 10**6)
        if limits.least > limits.most or (number is not None and number not in limits):
            raise ConfigError(
                f"num_speakers {number}, min_speakers {least} and max_speakers {most} contradict each other"
            )
        return limits if number is None else cls(number, number)


UNLIMITED = Limits()
"""One speaker or more."""


def merge_closest(posterior: Floats, view: View, scale: float, prior: float) -> Floats:
    """Put together the two speakers that the evidence supports least as two.

    Parameters
    ----------
    posterior : array of shape (n_blocks, n_speakers)
        Two speakers at least.
    view : View
    scale, prior : float
        F_A and F_B of eq. (15).

    Returns
    -------
    array of shape (n_blocks, n_speakers - 1)
    """
    statistics, voices, _ = view
    pairs = np.array(list(combinations(range(posterior.shape[1]), 2)))
    together = posterior[:, pairs[:, 0]] + posterior[:, pairs[:, 1]]
    apart = voices.evidence_gain(statistics, posterior, scale, prior)
    loss = apart[pairs].sum(axis=1) - voices.evidence_gain(statistics, together, scale, prior)
    first, second = pairs[loss.argmin()]
    merged = np.delete(posterior, second, axis=1)
    merged[:, first] += posterior[:, second]  # first < second: its place is still the same
    return merged


def support(posterior: Floats, views: Sequence[View], config: SpeakerConfig, prior: float) -> float:
    """Return how well all models explain the speech with these speakers: the mean evidence bound, eq. (21).

    Results with the same number of speakers can be compared, whatever prior and model they come from.
    """
    chain = hmm.SpeakerLoop(posterior.mean(axis=0), config.loop_probability)
    total = 0.0
    for statistics, voices, _ in views:
        speakers = voices.posterior(statistics, posterior, config.acoustic_scale, prior)
        evidence = voices.log_likelihood(statistics, speakers, config.acoustic_scale)
        total += hmm.forward_backward(evidence, chain).log_evidence - prior * speakers.divergence
    return total / len(views)
