"""Gaussian mixtures: plain arrays in, arrays or fitted estimators out. Knows nothing of audio."""

from diarize.gmm.adaptation import map_adapt
from diarize.gmm.em import Fit, em, maximise
from diarize.gmm.growth import fit_blocks, split
from diarize.gmm.mixture import GaussianMixture
from diarize.gmm.moments import (
    Statistics,
    accumulate,
    log_likelihood,
    most_likely,
    responsibilities,
    statistics,
)
from diarize.gmm.parameters import MixtureParameters, precision_cholesky
from diarize.gmm.sampling import draw
from diarize.gmm.segments import segment_statistics

__all__ = [
    "Fit",
    "GaussianMixture",
    "MixtureParameters",
    "Statistics",
    "accumulate",
    "draw",
    "em",
    "fit_blocks",
    "log_likelihood",
    "map_adapt",
    "maximise",
    "most_likely",
    "precision_cholesky",
    "responsibilities",
    "segment_statistics",
    "split",
    "statistics",
]
