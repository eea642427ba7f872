"""Known people: who is enrolled, who is named; ratios are given by hand, but for one recording."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from diarize.annotation import Annotation, Turn
from diarize.audio import Excerpt
from diarize.diarization import Diarization
from diarize.errors import ConfigError, DiarizeWarning, ModelError
from diarize.model import Model
from diarize.pipeline import Diarizer
from diarize.voices import Voices
from diarize.voices.people import Voices as People
from tests.voices.conftest import SAMPLES, heard

Halves = tuple[Diarization, Diarization]


@pytest.fixture(scope="module")
def known(halves: Halves) -> Voices:
    """Return anna and duncan, known from the first half."""
    return Voices().enroll("anna", halves[0]).enroll("dun can", halves[0], "duncan")


def talk(halves: Halves, *speakers: str) -> Diarization:
    turns = [Turn(float(place), place + 1.0, name) for place, name in enumerate(speakers)]
    return replace(halves[0], annotation=Annotation(turns, "talk"), names=speakers)


def given(monkeypatch: pytest.MonkeyPatch, ratios: Mapping[str, Mapping[str, float]]) -> Voices:
    """Return voices that are found with these ratios."""
    monkeypatch.setattr(People, "identify", lambda self, diarization: ratios)
    names = dict.fromkeys(name for row in ratios.values() for name in row)
    return Voices({name: [heard(0)] for name in names})


def test_people_of_one_half_are_named_in_the_other(known: Voices, halves: Halves) -> None:
    second = halves[1].renamed({"anna": "speaker2", "duncan": "speaker1"})
    named = known.name(second)
    assert named.annotation == halves[1].annotation.rename({"duncan": "dun can"})
    assert sorted(named.ratios) == ["anna", "dun can"]
    ratios = known.identify(second)
    assert named.ratios["anna"] == pytest.approx(np.exp(ratios["speaker2"]["anna"]))
    assert ratios["speaker2"]["anna"] > 0 > ratios["speaker2"]["dun can"]


def test_strangers_keep_their_labels(known: Voices, halves: Halves) -> None:
    alone = known.remove("anna").name(halves[1].renamed({"anna": "speaker2", "duncan": "speaker1"}))
    assert alone.annotation.labels == ["dun can", "speaker2"]
    assert Voices().name(halves[1]) is halves[1]


def test_a_name_is_given_once_and_all_together_are_as_likely_as_can_be(
    monkeypatch: pytest.MonkeyPatch, halves: Halves
) -> None:
    voices = given(
        monkeypatch, {"s1": {"anna": 5.0, "ben": 4.0}, "s2": {"anna": 4.5, "ben": -2.0}, "s3": {"anna": 3.0}}
    )
    named = voices.name(talk(halves, "s1", "s2", "s3"))
    assert [turn.speaker for turn in named.annotation] == ["ben", "anna", "s3"]
    assert named.ratios == pytest.approx({"ben": np.exp(4.0), "anna": np.exp(4.5)})


def test_more_known_people_ask_for_more_evidence(monkeypatch: pytest.MonkeyPatch, halves: Halves) -> None:
    row = {"anna": 2.0} | {f"other{number}": -9.0 for number in range(9)}
    assert given(monkeypatch, {"s1": dict(list(row.items())[:2])}).name(talk(halves, "s1")).annotation.labels == [
        "anna"
    ]
    assert given(monkeypatch, {"s1": row}).name(talk(halves, "s1")).annotation.labels == ["s1"]  # e^2 < 10


@pytest.mark.parametrize(("ratio", "name"), [(2.9, "s1"), (3.1, "anna")])
def test_of_a_few_known_people_three_times_likelier_is_the_least(
    monkeypatch: pytest.MonkeyPatch, halves: Halves, ratio: float, name: str
) -> None:
    voices = given(monkeypatch, {"s1": {"anna": float(np.log(ratio))}})
    assert voices.name(talk(halves, "s1")).annotation.labels == [name]


def test_a_stranger_with_the_label_of_a_known_person_gets_another(
    monkeypatch: pytest.MonkeyPatch, halves: Halves
) -> None:
    voices = given(monkeypatch, {"s1": {"s2": 9.0}, "s2": {"s2": -9.0}})
    named = voices.name(talk(halves, "s1", "s2", "s2-2"))
    assert [turn.speaker for turn in named.annotation] == ["s2", "s2-3", "s2-2"]


def test_whom_hints_name_keeps_that_name(monkeypatch: pytest.MonkeyPatch, halves: Halves) -> None:
    voices = given(monkeypatch, {"s1": {"anna": 5.0, "ben": 0.5}, "eve": {"anna": -9.0, "ben": 6.0}})
    fixed = replace(talk(halves, "s1", "eve"), given=("eve",))
    with pytest.warns(DiarizeWarning, match="talk: hints say eve, the voice is 403 times likelier ben than a stranger"):
        assert voices.name(fixed).annotation.labels == ["anna", "eve"]
    taken = replace(talk(halves, "s1", "ben"), given=("ben",))
    voices = given(monkeypatch, {"s1": {"anna": -5.0, "ben": 4.0}, "ben": {"anna": -9.0, "ben": -3.0}})
    assert voices.name(taken).annotation.labels == ["ben", "s1"]  # there is one ben, and a person said who


def test_hints_name_before_voices_do(known: Voices, halves: Halves) -> None:
    diarizer = Diarizer("fast")
    second = diarizer.diarize(Excerpt(SAMPLES / "dialogue.flac", 27), num_speakers=2)
    first = next(turn for turn in halves[1].annotation if turn.speaker == "anna" and turn.duration > 1)
    corrected = diarizer.correct(second, [Turn(first.start, first.end, "Eve")])
    with pytest.warns(DiarizeWarning, match="hints say Eve, the voice is .* likelier anna"):
        named = known.name(corrected)
    assert named.annotation.labels == ["Eve", "dun can"]
    assert list(named.ratios) == ["dun can"]
    again = diarizer.correct(known.name(second), [Turn(first.start, first.end, "Eve")])
    assert again.annotation.labels == ["Eve", "dun can"]
    assert list(again.ratios) == ["dun can"]


def test_people_of_another_band_cannot_be_looked_for_in_what_was_kept(
    monkeypatch: pytest.MonkeyPatch, halves: Halves
) -> None:
    monkeypatch.setattr(People, "identify", lambda self, diarization: {"s1": {"anna": 5.0}})
    with pytest.warns(DiarizeWarning, match="talk: ben cannot be looked for, being known in another band"):
        Voices({"anna": [heard(0)], "ben": [heard(1)]}).name(talk(halves, "s1"))


def test_one_person_with_two_names_is_said(known: Voices, halves: Halves) -> None:
    with pytest.warns(DiarizeWarning, match=r"Eve and anna sound like one person, \d+ times likelier than two"):
        twice = known.enroll("Eve", halves[0], "anna")
    with pytest.warns(DiarizeWarning, match="is somebody known under two names"):
        twice.name(halves[1])


def test_sums_of_everybody_for_the_diarizer(known: Voices, halves: Halves) -> None:
    twice = known.enroll("anna", halves[1])
    people = list(twice.people.values())
    sums = twice.sums("wide")
    assert len(sums) == len(halves[0].model.bands["wide"].voices)
    for place, rows in enumerate(sums):
        assert rows.counts.shape == (2, rows.counts.shape[1])
        for row, several in enumerate(people):
            own = [one.bands["wide"][place] for one in several]
            weight = min(1.0, 30.0 / sum(one.seconds for one in several))
            assert rows.counts[row] == pytest.approx(weight * sum(one.counts[0] for one in own), rel=1e-4)
            assert rows.projected[row] == pytest.approx(
                weight * sum(one.projected[0] for one in own), rel=1e-3, abs=1e-3
            )
    assert Voices().sums("wide") == Voices({"anna": [heard(0, bands=("narrow",))]}).sums("wide") == ()


def test_names_that_voices_gave_are_given_anew(monkeypatch: pytest.MonkeyPatch, halves: Halves) -> None:
    voices = given(monkeypatch, {"speaker2": {"anna": -5.0}, "speaker1": {"anna": 5.0}})
    before = replace(talk(halves, "anna", "speaker1"), ratios={"anna": 20.0})
    assert [turn.speaker for turn in voices.name(before).annotation] == ["speaker2", "anna"]


def test_a_further_recording_is_one_more_session(known: Voices, halves: Halves) -> None:
    more = known.enroll("anna", halves[1])
    assert [len(more.people[name]) for name in more.names] == [2, 1]
    assert [len(known.people[name]) for name in known.names] == [1, 1]
    assert more.rename("anna", "Änne").names == ["Änne", "dun can"]
    assert len(more.remove("anna")) == 1


@pytest.mark.parametrize(
    ("name", "speaker", "what"),
    [
        ("eve", None, r"who is eve\? there are several speakers \(anna, duncan\)"),
        ("eve", "ann", "no speaker 'ann'"),
        ("", "anna", "one line of text"),
        ("a\nb", "anna", "one line of text"),
    ],
)
def test_who_is_meant_must_be_clear(halves: Halves, name: str, speaker: str | None, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        Voices().enroll(name, halves[0], speaker)


def test_names_are_not_taken_twice_nor_from_nobody(known: Voices, halves: Halves) -> None:
    with pytest.raises(ConfigError, match="known already"):
        known.rename("anna", "dun can")
    with pytest.raises(ConfigError, match="nobody is called 'eve'"):
        known.remove("eve")
    with pytest.raises(ConfigError, match="nobody speaks"):
        known.enroll("eve", replace(halves[0], annotation=Annotation()))
    with pytest.raises(ConfigError, match="hardly heard alone"):
        known.enroll("eve", replace(halves[0], annotation=Annotation([Turn(0.0, 0.1, "eve")])))


def test_little_speech_is_said(halves: Halves) -> None:
    short = replace(halves[0], annotation=halves[0].annotation.crop(halves[0].annotation.turns[1].segment))
    with pytest.warns(DiarizeWarning, match=r"only \d\.\d s of eve"):
        Voices().enroll("eve", short, short.annotation.labels[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Voices().enroll("anna", halves[0])


def test_voices_of_another_model_are_refused(known: Voices, model: Model) -> None:
    with pytest.raises(ModelError, match="another model"):
        known.check(model)
    broken = Voices({"anna": [heard(0)]}, known.models)
    from diarize.model import builtin_model

    with pytest.raises(ModelError, match="damaged"):
        broken.check(builtin_model())


def test_nothing_of_a_voice_is_shown() -> None:
    assert repr(Voices({"anna": (heard(0),)}, {})) == "<Voices: anna>"
    assert repr(heard(0)).startswith("<Voiceprint: ")
    assert len(repr(heard(0))) < 60
