"""What the page computes by itself is what the package computes; needs Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from diarize.annotation import Annotation, Turn
from diarize.evaluation.scoring import score
from diarize.features import log_mel
from diarize.report.document import document
from diarize.report.soundscape import _SPECTRUM, listen

SOURCE = Path(__file__).resolve().parents[2] / "web" / "src"
node = shutil.which("node")
pytestmark = pytest.mark.skipif(node is None, reason="needs Node 20 or later")


def computed(code: str, value: object) -> Any:
    """Return what a module gives for a value; it has `value` and writes its result with `give`."""
    head = "const value = JSON.parse(require('fs').readFileSync(0)), give = (x) => console.log(JSON.stringify(x));\n"
    script = (
        f"{head}const load = (name) => import({json.dumps(SOURCE.as_uri())} + '/' + name);\n(async () => {{{code}}})();"
    )
    result = subprocess.run(
        [str(node), "-e", script], input=json.dumps(value), capture_output=True, text=True, check=True
    )
    return json.loads(result.stdout)


def test_the_assignment_is_as_good_as_scipys() -> None:
    rng = np.random.default_rng(0)
    tables = [
        np.round(rng.random(shape) * (rng.random(shape) > empty), 2)
        for shape in ((1, 1), (3, 3), (2, 5), (6, 3), (12, 12), (30, 20))
        for empty in (0.0, 0.5, 0.9)
    ]
    code = "const { assignment } = await load('assignment.js'); give(value.map(assignment));"
    for table, pairs in zip(tables, computed(code, [table.tolist() for table in tables]), strict=True):
        best = table[linear_sum_assignment(table, maximize=True)].sum()
        assert sum(table[row, column] for row, column in pairs) == pytest.approx(best)
        for side in zip(*pairs, strict=True):
            assert len(set(side)) == len(side)
        assert all(table[row, column] > 0 for row, column in pairs)


def test_a_close_up_has_the_shades_of_the_whole() -> None:
    rng = np.random.default_rng(1)
    sound = (rng.normal(0, 0.05, 32000) + 0.3 * np.sin(np.arange(32000) ** 2 / 20000)).astype(np.float32)
    scape = listen((sound, 16000))
    code = """const { Mel } = await load('sound/mel.js'); const { sound, ...picture } = value;
    const mel = new Mel(picture, 16000, 1), found = [];
    for (let i = 0; i < 90; i += 1) {
      found.push(new Float64Array(64));
      mel.column(Float32Array.from(sound), 320 * i + 512, found.at(-1)); }
    give(found.map((column) => [...column]));"""
    own = np.array(computed(code, {"sound": sound.tolist(), "edges": scape.edges, "white": scape.white}))
    decibels = log_mel([sound], _SPECTRUM)[:90] * (10 / np.log(10))
    np.testing.assert_allclose(own, (decibels - scape.white + 60) * 255 / 60, atol=0.01)


def random_turns(rng: np.random.Generator, names: str) -> list[Turn]:
    starts = rng.uniform(0, 90, 40)
    return [Turn(start, start + rng.uniform(0.3, 6), rng.choice(list(names))) for start in starts]


def test_errors_are_those_of_scoring_whatever_is_edited() -> None:
    rng = np.random.default_rng(2)
    reference = Annotation(random_turns(rng, "ABCD"), "talk")
    hypothesis = Annotation(random_turns(rng, "123"), "talk")
    page = document(hypothesis, reference=reference, recording={"duration": 100.0})
    code = """const { opened } = await load('document.js'), turns = await load('edits/turns.js');
    const speakers = await load('edits/speakers.js'), { differences, totals } = await load('errors.js');
    let now = opened(value), number = 7;
    const below = (n) => (number = (number * 48271) % 2147483647) % n, found = [];
    for (let step = 0; step < 60; step += 1) {
      const turn = now.turns[below(now.turns.length)], who = now.speakers[below(now.speakers.length)].id;
      now = [
        () => speakers.split(now, now.turns.filter(() => below(3) === 0).map(({ id }) => id)),
        () => speakers.splitFrom(now, turn.speaker, turn.start),
        () => now.speakers.length > 5 ? speakers.merge(now, turn.speaker, who) : now,
        () => turns.reassign(now, [turn.id], who),
        () => turns.moveEnd(now, turn.id, turn.end + below(200) / 100),
        () => turns.drawTurn(now, who, below(90), below(90)),
      ][below(6)]();
      found.push({ turns: now.turns, sums: totals(differences(now)) });
    }
    give(found);"""
    states = computed(code, page)
    assert len({json.dumps(state["sums"]) for state in states}) > 30
    for state in states:
        edited = Annotation([Turn(turn["start"], turn["end"], turn["speaker"]) for turn in state["turns"]], "talk")
        parts = score(reference, edited)
        expected = (parts.missed, parts.false_alarm, parts.confusion)
        sums = state["sums"]
        assert (sums["missed"], sums["false alarm"], sums["confusion"]) == pytest.approx(expected, abs=1e-6)
