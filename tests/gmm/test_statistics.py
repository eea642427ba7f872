"""Sums add, and move to other origins."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from diarize.gmm import accumulate, draw

KINDS = ("full", "tied", "diag", "spherical")


@pytest.mark.parametrize("kind", KINDS)
def test_statistics_add_over_recordings(oracle: SimpleNamespace, kind: str) -> None:
    parameters = oracle.mixture(kind)
    x, _ = draw(parameters, 400, np.random.default_rng(1))
    whole = accumulate(x, parameters)
    parts = accumulate(x[:150], parameters) + accumulate(x[150:], parameters).about(7.0)
    for name in ("zeroth", "first", "second"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-9, atol=1e-9)
    assert parts.log_likelihood == pytest.approx(whole.log_likelihood)
