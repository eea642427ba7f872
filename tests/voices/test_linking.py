"""Linking: which groups come of which odds, computed by hand; never two speakers of one recording."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from diarize.annotation import Annotation, Turn
from diarize.diarization import Diarization
from diarize.errors import ModelError
from diarize.model import Model
from diarize.voices import linking
from diarize.voices.linking import joined, link, linked_names
from tests.voices.conftest import heard

NEVER = -np.inf


def test_the_likeliest_pair_is_joined_and_means_decide_of_the_rest() -> None:
    odds = np.array([[NEVER, 5.0, 2.0], [5.0, NEVER, -1.0], [2.0, -1.0, NEVER]])
    assert joined(odds, 0.0) == [0, 0, 0]  # (2 - 1) / 2 > 0
    odds[1, 2] = odds[2, 1] = -3.0
    assert joined(odds, 0.0) == [0, 0, 2]


def test_the_mean_over_groups_counts_every_pair_once() -> None:
    odds = np.full((4, 4), NEVER)
    for (first, second), value in {
        (0, 1): 9.0,
        (0, 2): 8.0,
        (1, 2): 8.0,
        (0, 3): -5.0,
        (1, 3): 1.0,
        (2, 3): 3.0,
    }.items():
        odds[first, second] = odds[second, first] = value
    assert joined(odds, 0.0) == [0, 0, 0, 3]  # (-5 + 1 + 3) / 3 < 0, though ((-5 + 1) / 2 + 3) / 2 > 0


def test_rows_that_must_stay_apart_are_not_joined_by_a_third() -> None:
    odds = np.array([[NEVER, 9.0, NEVER], [9.0, NEVER, 9.0], [NEVER, 9.0, NEVER]])
    assert joined(odds) in ([0, 0, 2], [0, 1, 1])
    assert joined(np.zeros((0, 0))) == []


def test_names_count_people_as_they_are_met(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def alike(people: Any, pairs: Any, model: Model) -> Any:
        return np.array([3.5 if people[i][0].seconds == people[j][0].seconds else -3.0 for i, j in pairs])

    monkeypatch.setattr(linking, "log_ratios", alike)
    prints = [{"a": heard(0, 10.0), "b": heard(1, 20.0)}, {"a": heard(2, 20.0), "c": heard(3, 30.0)}]
    names = linked_names([["b", "x", "a"], ["c", "a"]], prints, model)
    assert names == [{"b": "person1", "x": "person2", "a": "person3"}, {"c": "person4", "a": "person1"}]
    assert linked_names([["a"], []], [{}, {}], model) == [{"a": "person1"}, {}]


def test_halves_of_a_recording_are_linked(halves: tuple[Diarization, Diarization]) -> None:
    first, second = halves[0], halves[1].renamed({"anna": "s1", "duncan": "s2"})
    before, after = ([one.annotation for one in link(pair)] for pair in ((first, second), (second, first)))
    spoken = {turn.speaker for turn in first.annotation}
    assert spoken == {"anna", "duncan"}
    mapping = {old.speaker: new.speaker for old, new in zip(first.annotation, before[0], strict=True)}
    assert before[1] == second.annotation.rename({"s1": mapping["anna"], "s2": mapping["duncan"]})
    assert sorted(mapping.values()) == ["person1", "person2"]
    assert after[0].turns[0].speaker == "person1"


def test_known_people_keep_their_names(halves: tuple[Diarization, Diarization]) -> None:
    named = replace(halves[0], ratios={"anna": 9.0})
    assert link([named])[0].annotation.labels == ["anna", "person1"]
    assert link([halves[0]], apart=["duncan"])[0].annotation.labels == ["duncan", "person1"]
    assert link([]) == []


def test_models_are_not_mixed(halves: tuple[Diarization, Diarization], model: Model) -> None:
    other = replace(halves[1], model=model, annotation=Annotation([Turn(0.0, 1.0, "a")]))
    with pytest.raises(ModelError, match="different models"):
        link([halves[0], other])
