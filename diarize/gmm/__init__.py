"""Gaussian mixtures: plain arrays in, arrays or fitted estimators out. Knows nothing of audio."""

from diarize.gmm.estimators.bayesian import BayesianGaussianMixture
from diarize.gmm.estimators.mixture import GaussianMixture
from diarize.gmm.fitting.adaptation import map_adapt
from diarize.gmm.fitting.em import Fit, em, maximise
from diarize.gmm.fitting.splitting import fit_by_splitting, grow, split
from diarize.gmm.inference.conditional import condition, conditional_mean
from diarize.gmm.inference.conditional_draws import conditional_draw, conditional_quantiles
from diarize.gmm.inference.expectation import accumulate, statistics
from diarize.gmm.inference.marginals import marginal, marginal_cdf, marginal_quantiles, rosenblatt
from diarize.gmm.inference.mixture_groups import accumulate_groups, group_log_likelihood
from diarize.gmm.inference.posteriors import log_likelihood, most_likely, responsibilities
from diarize.gmm.inference.sampling import draw
from diarize.gmm.inference.segments import segment_statistics
from diarize.gmm.parameters import MixtureParameters, precision_cholesky
from diarize.gmm.statistics import Statistics
from diarize.gmm.uses.anomaly import GaussianMixtureOutlierDetector
from diarize.gmm.uses.background import BackgroundSubtractor, PixelMixtures
from diarize.gmm.uses.calibration import PITCalibration
from diarize.gmm.uses.clustering import GaussianMixtureClustering, ambiguity
from diarize.gmm.uses.density import GaussianMixtureDensity
from diarize.gmm.uses.features import GaussianMixtureFeatures
from diarize.gmm.uses.image import Segmentation, segment_image
from diarize.gmm.uses.impute import GaussianMixtureImputer
from diarize.gmm.uses.rubin import Pooled, pool_estimates
from diarize.gmm.uses.selection import GaussianMixtureSelector
from diarize.gmm.uses.separation import SpectralSource, combine_sources, fit_source, separate_sources

# earlier names, which stay
Calibration = PITCalibration
Source = SpectralSource
fit_blocks = fit_by_splitting
pool = pool_estimates

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
    "PITCalibration",
    "PixelMixtures",
    "Pooled",
    "Segmentation",
    "Source",
    "SpectralSource",
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
    "fit_by_splitting",
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
    "pool_estimates",
    "precision_cholesky",
    "responsibilities",
    "rosenblatt",
    "segment_image",
    "segment_statistics",
    "separate_sources",
    "split",
    "statistics",
]
