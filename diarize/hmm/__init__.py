"""Hidden Markov models over labels: transition structures, forward-backward, Viterbi.

This part knows nothing of audio. It takes log-likelihoods, one row a frame and one column a label, and a structure that
says which label may follow which. The scale of the log-likelihoods is free in every frame; -inf marks a label that is
impossible there; one that is more than 1e8 nats behind the best of its frame counts as 1e8 behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diarize.hmm.blocks import Smoothing, viterbi_blocks
from diarize.hmm.paths import Posterior, forward_backward, max_posterior, viterbi
from diarize.hmm.priors import TransitionPrior
from diarize.hmm.structures import Ergodic, LeftRight, MinimumDuration, SpeakerLoop

if TYPE_CHECKING:
    from diarize.hmm.gmmhmm import GMMHMM

__all__ = [
    "GMMHMM",
    "Ergodic",
    "LeftRight",
    "MinimumDuration",
    "Posterior",
    "Smoothing",
    "SpeakerLoop",
    "TransitionPrior",
    "forward_backward",
    "max_posterior",
    "viterbi",
    "viterbi_blocks",
]


def __getattr__(name: str) -> Any:
    """Import the estimator when it is asked for: it brings scikit-learn with it, which labels alone do not need."""
    if name == "GMMHMM":
        from diarize.hmm.gmmhmm import GMMHMM

        return GMMHMM
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
