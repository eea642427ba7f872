"""The face of the toolkit: every public name is there, earlier names too, and nothing heavy comes before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import diarize.gmm
from diarize.gmm.statistics import Statistics


def test_every_public_name_is_handed_out_and_listed() -> None:
    for name in diarize.gmm.__all__:
        assert getattr(diarize.gmm, name) is not None
        assert name in dir(diarize.gmm)


@pytest.mark.parametrize(
    ("earlier", "now"),
    [
        ("fit_blocks", "fit_by_splitting"),
        ("pool", "pool_estimates"),
        ("Calibration", "PITCalibration"),
        ("Source", "SpectralSource"),
    ],
)
def test_earlier_names_stay(earlier: str, now: str) -> None:
    assert getattr(diarize.gmm, earlier) is getattr(diarize.gmm, now)


def test_the_function_statistics_is_not_hidden_by_the_module() -> None:
    zeroth, first, _ = diarize.gmm.statistics([[0.0], [1.0]], diarize.gmm.MixtureParameters([1.0], [[0.0]], [[1.0]]))
    assert (zeroth, first) == ([2.0], [[1.0]])
    assert Statistics.__module__ == "diarize.gmm.statistics"


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        diarize.gmm.nothing  # noqa: B018


def test_mixtures_alone_need_no_estimators() -> None:
    code = (
        "import sys, diarize.gmm as gmm\n"
        "gmm.log_likelihood([[0.0]], gmm.MixtureParameters([1.0], [[0.0]], [[1.0]]))\n"
        "print([name for name in ('sklearn', 'joblib', 'matplotlib', 'scipy.optimize') if name in sys.modules])\n"
        "gmm.GaussianMixture\n"
        "print('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[:2] == ["[]", "True"], done.stderr
