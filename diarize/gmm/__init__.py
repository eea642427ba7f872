"""Gaussian mixtures: plain arrays in, arrays or fitted estimators out. Knows nothing of audio."""

from diarize.gmm.adaptation import map_adapt
from diarize.gmm.anomaly import GaussianMixtureOutlierDetector
from diarize.gmm.background import BackgroundSubtractor, PixelMixtures
from diarize.gmm.bayesian import BayesianGaussianMixture
from diarize.gmm.clustering import GaussianMixtureClustering, ambiguity
from diarize.gmm.completion import conditional_draw, conditional_quantiles
from diarize.gmm.conditional import condition, conditional_mean
from diarize.gmm.density import GaussianMixtureDensity
from diarize.gmm.em import Fit, em, maximise
from diarize.gmm.embedding import GaussianMixtureFeatures
from diarize.gmm.groups import accumulate_groups, group_log_likelihood
from diarize.gmm.growth import fit_blocks, grow, split
from diarize.gmm.image import Segmentation, segment_image
from diarize.gmm.impute import GaussianMixtureImputer
from diarize.gmm.marginals import marginal, marginal_cdf, marginal_quantiles, rosenblatt
from diarize.gmm.mixture import GaussianMixture
from diarize.gmm.moments import accumulate, statistics
from diarize.gmm.parameters import MixtureParameters, precision_cholesky
from diarize.gmm.pooling import Pooled, pool
from diarize.gmm.posteriors import log_likelihood, most_likely, responsibilities
from diarize.gmm.sampling import draw
from diarize.gmm.segments import segment_statistics
from diarize.gmm.selection import GaussianMixtureSelector
from diarize.gmm.separation import Source, combine_sources, fit_source, separate_sources
from diarize.gmm.sums import Statistics
from diarize.gmm.uniformity import Calibration

__all__ = [
    "BackgroundSubtractor",
    "BayesianGaussianMixture",
    "Calibration",
    "Fit",
    "GaussianMixture",
    "GaussianMixtureClustering",
    "GaussianMixtureDensity",
    "GaussianMixtureFeatures",
    "GaussianMixtureImputer",
    "GaussianMixtureOutlierDetector",
    "GaussianMixtureSelector",
    "MixtureParameters",
    "PixelMixtures",
    "Pooled",
    "Segmentation",
    "Source",
    "Statistics",
    "accumulate",
    "accumulate_groups",
    "ambiguity",
    "combine_sources",
    "condition",
    "conditional_draw",
    "conditional_mean",
    "conditional_quantiles",
    "draw",
    "em",
    "fit_blocks",
    "fit_source",
    "group_log_likelihood",
    "grow",
    "log_likelihood",
    "map_adapt",
    "marginal",
    "marginal_cdf",
    "marginal_quantiles",
    "maximise",
    "most_likely",
    "pool",
    "precision_cholesky",
    "responsibilities",
    "rosenblatt",
    "segment_image",
    "segment_statistics",
    "separate_sources",
    "split",
    "statistics",
]
