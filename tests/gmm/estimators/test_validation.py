"""scikit-learn's private checks have one door."""

from __future__ import annotations

from numbers import Integral
from pathlib import Path

import diarize
from diarize.gmm.estimators.validation import Interval, Options, StrOptions

PACKAGE = Path(diarize.__file__).parent


def test_only_one_module_imports_the_private_checks() -> None:
    users = [path for path in PACKAGE.rglob("*.py") if "_param_validation" in path.read_text(encoding="utf-8")]
    assert [path.relative_to(PACKAGE).as_posix() for path in users] == ["gmm/estimators/validation.py"]


def test_the_checks_tell_good_values_from_bad_ones() -> None:
    inside = Interval(Integral, 1, None, closed="left")
    assert inside.is_satisfied_by(1)
    assert not inside.is_satisfied_by(0)
    assert StrOptions({"a"}).is_satisfied_by("a")
    assert not Options(Integral, {0}).is_satisfied_by(1)
