"""Scores against md-eval, dscore, pyannote.metrics and sums done by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diarize.annotation import Annotation, Segment, Turn
from diarize.errors import ConfigError
from diarize.evaluation import scoring
from diarize.evaluation.scoring import Score, best_mapping, pooled, score
from diarize.formats.rttm import read_rttm
from diarize.formats.uem import read_uem

GOLDEN = Path(__file__).parents[1] / "golden" / "scoring"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
REFERENCES, HYPOTHESES = read_rttm(GOLDEN / "reference.rttm"), read_rttm(GOLDEN / "hypothesis.rttm")
REGIONS = read_uem(GOLDEN / "regions.uem")
PARTS = ("total", "missed", "false_alarm", "confusion")


def annotation(*turns: tuple[float, float, str]) -> Annotation:
    return Annotation(Turn(*turn) for turn in turns)


def conversation(seed: int, n_speakers: int = 4) -> tuple[Annotation, Annotation, list[Segment]]:
    """Return a reference with overlap, a hypothesis that errs in every way, and regions."""
    rng = np.random.default_rng(seed)
    reference, hypothesis, time = [], [], 0.0
    for _ in range(40):
        speaker = int(rng.integers(n_speakers))
        start, end = time, time + rng.uniform(0.2, 6.0)
        time = max(0.0, end + rng.uniform(-1.5, 1.0))
        reference.append(Turn(start, end, f"r{speaker}"))
        guess = speaker if rng.random() < 0.85 else int(rng.integers(n_speakers + 2))
        if rng.random() < 0.9:
            early = max(0.0, start + rng.normal(0, 0.2))
            hypothesis.append(Turn(early, max(early + 0.1, end + rng.normal(0, 0.2)), f"h{guess}"))
    regions = [Segment(3.0, 0.4 * time), Segment(0.5 * time, 0.95 * time)]
    return Annotation(reference), Annotation(hypothesis), regions


class TestGolden:
    @pytest.mark.parametrize("golden", EXPECTED["md_eval"], ids=lambda g: f"{g['collar']}-{g['skip_overlap']}")
    def test_md_eval(self, golden: dict[str, Any]) -> None:
        scores = {
            uri: score(
                reference,
                HYPOTHESES.get(uri, Annotation()),
                REGIONS[uri],
                collar=golden["collar"],
                skip_overlap=golden["skip_overlap"],
            )
            for uri, reference in REFERENCES.items()
        }
        scores["ALL"] = pooled(scores.values())
        assert scores.keys() == golden["recordings"].keys()
        for uri, parts in golden["recordings"].items():
            ours = {part: getattr(scores[uri], part) for part in PARTS}
            assert ours == pytest.approx(parts, abs=1e-6), uri

    @pytest.mark.parametrize(("key", "regions"), [("dscore", REGIONS), ("dscore_without_uem", {})])
    def test_dscore(self, key: str, regions: dict[str, list[Segment]]) -> None:
        scores = {
            uri: score(reference, HYPOTHESES.get(uri, Annotation()), regions.get(uri))
            for uri, reference in REFERENCES.items()
        }
        scores["ALL"] = pooled(scores.values())
        assert scores.keys() == EXPECTED[key].keys()
        for uri, rates in EXPECTED[key].items():
            assert 100 * scores[uri].der == pytest.approx(rates["der"], abs=1e-5), uri
            assert 100 * scores[uri].jer == pytest.approx(rates["jer"], abs=0.006), uri


class TestPyannote:
    """pyannote.metrics pairs the speakers after the collar is cut out; in these cases that changes no pair."""

    @staticmethod
    def parts(reference: Annotation, hypothesis: Annotation, regions: list[Segment], **settings: object) -> Score:
        core = pytest.importorskip("pyannote.core")
        diarization = pytest.importorskip("pyannote.metrics.diarization")
        metric = diarization.DiarizationErrorRate(**settings)
        uem = core.Timeline([core.Segment(region.start, region.end) for region in regions])
        parts = metric(reference.to_pyannote(), hypothesis.to_pyannote(), uem=uem, detailed=True)
        return Score(
            parts["total"], parts["missed detection"], parts["false alarm"], parts["confusion"], parts["correct"]
        )

    @pytest.mark.parametrize("seed", range(8))
    def test_no_collar(self, seed: int) -> None:
        reference, hypothesis, regions = conversation(seed)
        ours, theirs = score(reference, hypothesis, regions), self.parts(reference, hypothesis, regions)
        for part in (*PARTS, "correct"):
            assert getattr(ours, part) == pytest.approx(getattr(theirs, part), abs=1e-6), part
        assert ours.confusion > 1
        assert ours.der == pytest.approx(theirs.der)

    @pytest.mark.parametrize("skip_overlap", [False, True])
    @pytest.mark.parametrize("seed", range(4))
    def test_collar_counts_each_side(self, seed: int, skip_overlap: bool) -> None:
        reference, hypothesis, regions = conversation(seed)
        ours = score(reference, hypothesis, regions, collar=0.25, skip_overlap=skip_overlap)
        theirs = self.parts(reference, hypothesis, regions, collar=0.5, skip_overlap=skip_overlap)
        for part in ("total", "missed", "false_alarm", "confusion"):
            assert getattr(ours, part) == pytest.approx(getattr(theirs, part), abs=1e-6), part
        assert ours.total < score(reference, hypothesis, regions).total


class TestByHand:
    def test_perfect_whatever_the_names(self) -> None:
        reference, _, _ = conversation(0)
        result = score(reference, reference.rename({"r0": "r1", "r1": "r2", "r2": "r0"}))
        assert (result.der, result.jer) == (0.0, 0.0)
        assert result.correct == pytest.approx(reference.duration)
        assert (result.n_reference, result.n_hypothesis) == (4, 4)

    def test_silent_hypothesis_is_all_missed(self) -> None:
        result = score(annotation((0, 4, "a"), (2, 6, "b")), Annotation())
        assert result == Score(total=8, missed=8, jaccard_error=2, n_reference=2)
        assert (result.der, result.jer) == (1.0, 1.0)

    def test_empty_reference(self) -> None:
        result = score(Annotation(), annotation((0, 4, "a")))
        assert result == Score(false_alarm=4, n_hypothesis=1)
        assert (result.der, result.jer) == (math.inf, 1.0)

    def test_nothing_at_all(self) -> None:
        result = score(Annotation(), Annotation())
        assert result == Score()
        assert math.isnan(result.der)
        assert math.isnan(result.jer)

    def test_overlap_counts_for_each_speaker(self) -> None:
        result = score(annotation((0, 4, "a"), (2, 6, "b")), annotation((0, 3, "x"), (3, 7, "y")))
        assert result.total == 8
        assert (result.missed, result.false_alarm, result.confusion, result.correct) == (2, 1, 0, 6)
        # a: 3 s of 4 in common; b: 3 s of 5
        assert result.jer == pytest.approx((1 / 4 + 2 / 5) / 2)

    def test_skip_overlap(self) -> None:
        reference, hypothesis = annotation((0, 4, "a"), (2, 6, "b")), annotation((0, 3, "x"), (3, 7, "y"))
        result = score(reference, hypothesis, skip_overlap=True)
        assert (result.total, result.missed, result.false_alarm, result.confusion) == (4, 0, 1, 0)
        assert result.jer == score(reference, hypothesis).jer

    def test_collar(self) -> None:
        # half a second around 0, 4, 6 is left out: 0.5-3.5 of anna, 3.5-4 and 4-4.5 gone, 4.5-5.5 of ben
        result = score(annotation((0, 4, "a"), (4, 6, "b")), annotation((0, 3, "x"), (3, 8, "y")), collar=0.5)
        assert (result.total, result.confusion, result.false_alarm, result.missed) == (4.0, 0.5, 1.5, 0.0)

    def test_speakers_outside_the_regions_do_not_count(self) -> None:
        result = score(annotation((0, 1, "a"), (5, 6, "b")), annotation((5, 6, "x"), (8, 9, "y")), [Segment(4, 7)])
        assert (result.n_reference, result.n_hypothesis, result.der, result.jer) == (1, 1, 0.0, 0.0)

    def test_region_beyond_the_turns(self) -> None:
        assert score(annotation((0, 1, "a")), annotation((0, 1, "x")), [Segment(10, 20)]) == Score()
        assert score(annotation((0, 1, "a")), annotation((0, 1, "x")), []) == Score()

    def test_regions_that_overlap_count_once(self) -> None:
        result = score(annotation((0, 4, "a")), Annotation(), [Segment(0, 2), Segment(1, 3)])
        assert result.missed == 3

    @pytest.mark.parametrize("collar", [-0.1, math.nan, math.inf])
    def test_bad_collar(self, collar: float) -> None:
        with pytest.raises(ConfigError, match="collar"):
            score(Annotation(), Annotation(), collar=collar)


class TestLaws:
    @pytest.mark.parametrize("seed", range(4))
    def test_parts_add_up(self, seed: int) -> None:
        reference, hypothesis, regions = conversation(seed)
        for settings in ({}, {"collar": 0.3}, {"skip_overlap": True}):
            result = score(reference, hypothesis, regions, **settings)
            assert result.missed + result.confusion + result.correct == pytest.approx(result.total)

    @pytest.mark.parametrize("seed", range(4))
    def test_regions_add_up(self, seed: int) -> None:
        reference, hypothesis, _ = conversation(seed)
        cut = 0.5 * max(turn.end for turn in reference)
        halves = [score(reference, hypothesis, [Segment(0, cut)]), score(reference, hypothesis, [Segment(cut, 1e4)])]
        whole, summed = score(reference, hypothesis), pooled(halves)
        for part in ("total", "missed", "false_alarm"):
            assert getattr(summed, part) == pytest.approx(getattr(whole, part)), part
        assert summed.confusion <= whole.confusion + 1e-9  # each half may pair the speakers to its own advantage

    def test_pool_weighs_by_time(self) -> None:
        scores = [score(REFERENCES[uri], HYPOTHESES[uri], REGIONS[uri]) for uri in ("plain", "meeting")]
        whole = pooled(scores)
        assert whole.der == pytest.approx(sum(s.error for s in scores) / sum(s.total for s in scores))
        assert whole.n_reference == 2 + 5
        assert pooled([]) == Score()


def test_best_mapping() -> None:
    reference, hypothesis = annotation((0, 4, "a"), (4, 6, "b")), annotation((0, 3, "x"), (3, 8, "y"), (9, 10, "z"))
    assert best_mapping(reference, hypothesis) == {"x": "a", "y": "b"}
    assert best_mapping(reference, Annotation()) == {}


@pytest.mark.parametrize("seed", range(6))
def test_both_ways_to_pair_agree(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    reference, hypothesis, _ = conversation(seed, n_speakers=6)
    never_at_once = annotation((1000, 1001, "x"), (1001, 1002, "y"))
    for other in (hypothesis, Annotation(), hypothesis.crop(Segment(0, 10)), reference, never_at_once):
        monkeypatch.setattr(scoring, "DENSE", 4_000_000)
        table = score(reference, other), best_mapping(reference, other)
        monkeypatch.setattr(scoring, "DENSE", 0)
        sparse = score(reference, other), best_mapping(reference, other)
        assert sparse[1] == table[1]
        for part in (*PARTS, "correct", "jaccard_error"):
            assert getattr(sparse[0], part) == pytest.approx(getattr(table[0], part), abs=1e-9), part
