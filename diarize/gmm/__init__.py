"""Gaussian mixtures: plain arrays in, arrays or fitted estimators out. Knows nothing of audio."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from diarize.gmm.estimators.bayesian import BayesianGaussianMixture
    from diarize.gmm.estimators.mixture import GaussianMixture
    from diarize.gmm.uses.anomaly import GaussianMixtureOutlierDetector
    from diarize.gmm.uses.background import BackgroundSubtractor, PixelMixtures
    from diarize.gmm.uses.calibration import PITCalibration
    from diarize.gmm.uses.calibration import PITCalibration as Calibration
    from diarize.gmm.uses.clustering import GaussianMixtureClustering, ambiguity
    from diarize.gmm.uses.density import GaussianMixtureDensity
    from diarize.gmm.uses.features import GaussianMixtureFeatures
    from diarize.gmm.uses.image import Segmentation, segment_image
    from diarize.gmm.uses.impute import GaussianMixtureImputer
    from diarize.gmm.uses.rubin import Pooled, pool_estimates
    from diarize.gmm.uses.rubin import pool_estimates as pool
    from diarize.gmm.uses.selection import GaussianMixtureSelector
    from diarize.gmm.uses.separation import SpectralSource, combine_sources, fit_source, separate_sources
    from diarize.gmm.uses.separation import SpectralSource as Source

fit_blocks = fit_by_splitting  # an earlier name, which stays, as Calibration, Source and pool below

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

_ESTIMATORS = {
    "BayesianGaussianMixture": ("diarize.gmm.estimators.bayesian", "BayesianGaussianMixture"),
    "GaussianMixture": ("diarize.gmm.estimators.mixture", "GaussianMixture"),
    "GaussianMixtureOutlierDetector": ("diarize.gmm.uses.anomaly", "GaussianMixtureOutlierDetector"),
    "BackgroundSubtractor": ("diarize.gmm.uses.background", "BackgroundSubtractor"),
    "PixelMixtures": ("diarize.gmm.uses.background", "PixelMixtures"),
    "PITCalibration": ("diarize.gmm.uses.calibration", "PITCalibration"),
    "GaussianMixtureClustering": ("diarize.gmm.uses.clustering", "GaussianMixtureClustering"),
    "ambiguity": ("diarize.gmm.uses.clustering", "ambiguity"),
    "GaussianMixtureDensity": ("diarize.gmm.uses.density", "GaussianMixtureDensity"),
    "GaussianMixtureFeatures": ("diarize.gmm.uses.features", "GaussianMixtureFeatures"),
    "Segmentation": ("diarize.gmm.uses.image", "Segmentation"),
    "segment_image": ("diarize.gmm.uses.image", "segment_image"),
    "GaussianMixtureImputer": ("diarize.gmm.uses.impute", "GaussianMixtureImputer"),
    "Pooled": ("diarize.gmm.uses.rubin", "Pooled"),
    "pool_estimates": ("diarize.gmm.uses.rubin", "pool_estimates"),
    "GaussianMixtureSelector": ("diarize.gmm.uses.selection", "GaussianMixtureSelector"),
    "SpectralSource": ("diarize.gmm.uses.separation", "SpectralSource"),
    "combine_sources": ("diarize.gmm.uses.separation", "combine_sources"),
    "fit_source": ("diarize.gmm.uses.separation", "fit_source"),
    "separate_sources": ("diarize.gmm.uses.separation", "separate_sources"),
    "Calibration": ("diarize.gmm.uses.calibration", "PITCalibration"),
    "Source": ("diarize.gmm.uses.separation", "SpectralSource"),
    "pool": ("diarize.gmm.uses.rubin", "pool_estimates"),
}


def __getattr__(name: str) -> Any:
    """Import an estimator when it is asked for: it brings scikit-learn with it, which mixtures alone do not need."""
    if name not in _ESTIMATORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _ESTIMATORS[name]
    globals()[name] = value = getattr(import_module(module), attribute)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
