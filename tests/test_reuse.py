"""The toolkit is what the diarizer is made of: what each stage takes from `diarize.gmm` it really uses."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "diarize"

REUSED = {
    "stages/speech.py": {"MixtureParameters", "log_likelihood", "map_adapt"},  # detectors and their adaptation
    "stages/speakers.py": {"MixtureParameters", "segment_statistics"},  # statistics of blocks
    "stages/overlap.py": {"MixtureParameters", "log_likelihood"},  # one voice or two
    "stages/clustering.py": {"kmeans_labels"},  # groups of pieces
    "separation/recipe.py": {"SpectralSource", "separate_sources"},
    "separation/voices.py": {"fit_source"},
    "training/voices.py": {"GaussianMixture", "em"},  # background model
    "training/speech.py": {"fit_by_splitting"},
    "training/overlap.py": {"GaussianMixtureSelector"},  # sizes of mixtures
    "gmm/uses/features.py": {"segment_statistics", "responsibilities"},  # the same statistics as the speakers'
    "hmm/gmmhmm/emissions.py": {"MixtureParameters", "group_log_likelihood"},
}


@pytest.mark.parametrize("module", REUSED)
def test_what_is_imported_from_the_toolkit_is_used(module: str) -> None:
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("diarize.gmm")
        for alias in node.names
    }
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert REUSED[module] <= imported & used


def test_statistics_of_speakers_are_the_features_of_segments() -> None:
    """Blocks of speech as the speaker models see them, and segments of rows as the transformer describes them."""
    from diarize.gmm import GaussianMixtureFeatures
    from diarize.stages.speakers import whitened_statistics

    rng = np.random.default_rng(0)
    rows, marks = rng.normal(size=(300, 3)) + np.repeat([[0.0], [4.0]], 150, axis=0), np.array([0, 40, 170, 300])
    features = GaussianMixtureFeatures(4, blocks=("zeroth", "first"), random_state=0).fit(rows)
    background = features.mixture_.parameters_
    zeroth, first = whitened_statistics(rows.astype(np.float32), background.astype(np.float32), marks)
    centred = first * np.sqrt(background.covariances)
    described = features.transform_segments(rows, marks)
    np.testing.assert_allclose(described, np.hstack([zeroth, centred.reshape(3, -1)]), rtol=1e-3, atol=2e-2)
