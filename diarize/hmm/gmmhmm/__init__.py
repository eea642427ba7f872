"""Hidden Markov models whose states emit Gaussian mixtures: the estimator and what it is made of."""

from diarize.hmm.gmmhmm.estimator import GMMHMM

__all__ = ["GMMHMM"]
