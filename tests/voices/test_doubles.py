"""Somebody who is known under two names is said; ratios are given by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from diarize.errors import DiarizeWarning
from diarize.model import Model
from diarize.voices import doubles
from tests.voices.conftest import heard


def test_a_hundred_times_likelier_one_than_two_is_said(monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    people = {"anna": [heard(0)], "ben": [heard(1)], "eve": [heard(2)]}
    ratios = {(0, 2): np.log(150.0), (1, 2): np.log(90.0)}
    monkeypatch.setattr(
        doubles, "log_ratios", lambda several, pairs, model: np.array([ratios[tuple(pair)] for pair in pairs.tolist()])
    )
    with pytest.warns(DiarizeWarning) as said:
        doubles.warn_of_doubles(people, [("anna", "eve"), ("ben", "eve")], model)
    assert [str(one.message) for one in said] == [
        "anna and eve sound like one person, 150 times likelier than two; is somebody known under two names?"
    ]


def test_of_nobody_nothing_is_said(model: Model) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        doubles.warn_of_doubles({}, [], model)
        doubles.warn_of_doubles({"anna": [heard(0)], "ben": [heard(1)]}, [], model)
