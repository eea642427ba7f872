"""Pictures of who speaks when: what is drawn where, and that nothing of matplotlib's is changed."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from diarize import Annotation, Segment, Turn
from diarize.audio import Excerpt
from diarize.errors import MediaError
from diarize.timeline import Wave, _draw_wave, _groups, _paler, draw_timeline, read_wave

pytest.importorskip("matplotlib")


def drawn(path: Path) -> list[str]:
    """Return the texts of an SVG, which matplotlib names in comments."""
    return re.findall(r"<!-- (.*?) -->", path.read_text(encoding="utf-8"))


def test_speakers_in_the_order_of_their_first_words(tmp_path: Path) -> None:
    talk = Annotation([Turn(0, 4, "zoë $x$"), Turn(3, 5, "a" * 30), Turn(6, 7, "zoë $x$")], "call")
    draw_timeline(talk, tmp_path / "call.svg")
    texts = drawn(tmp_path / "call.svg")
    assert texts[-1] == "call"
    assert texts.index("zoë $x$") < texts.index("a" * 17 + "…")
    assert {"0.0 s", "7.0 s"} <= set(texts)
    assert "errors" not in texts


@pytest.mark.parametrize(("seconds", "rows"), [(30, 1), (900, 1), (1000, 2), (3600, 4), (3 * 3600, 6), (16 * 3600, 16)])
def test_long_recordings_take_several_rows(tmp_path: Path, seconds: float, rows: int) -> None:
    draw_timeline(Annotation([Turn(0, 1, "a"), Turn(seconds - 1, seconds, "a")]), tmp_path / "long.svg")
    assert drawn(tmp_path / "long.svg").count("a") == rows


def test_a_reference_gives_groups_and_errors(tmp_path: Path) -> None:
    reference = Annotation([Turn(0, 4, "anna"), Turn(4, 8, "ben")], "call")
    found = Annotation([Turn(0, 5, "1", 0.9), Turn(5, 8, "2", 0.6), Turn(8, 9, "3")], "call")
    draw_timeline(found, tmp_path / "call.svg", reference=reference)
    texts = [text for text in drawn(tmp_path / "call.svg") if not re.fullmatch(r"\d+:\d\d", text)]
    groups = ["reference", "anna", "ben", "found", "1", "2", "3", "errors", "missed", "false alarm", "confusion"]
    assert texts == [*groups, "call   (the paler, the less sure)"]


def test_errors_are_where_they_are() -> None:
    reference = Annotation([Turn(0, 4, "anna"), Turn(3, 8, "ben"), Turn(9, 10, "1")])
    found = Annotation([Turn(0, 5, "1"), Turn(5, 7, "2"), Turn(9, 10, "1")])
    bars = {lane.name: [bar[:2] for bar in lane.bars] for lane in _groups(found, reference)["errors"]}
    # from 9 s: a speaker of the reference that is called as one of the others
    assert bars == {"missed": [(3, 4), (7, 8)], "false alarm": [], "confusion": [(4, 5), (9, 10)]}
    bars = {lane.name: lane.bars for lane in _groups(Annotation([Turn(1, 2, "a")]), Annotation())["errors"]}
    assert [len(own) for own in bars.values()] == [0, 1, 0]
    assert bars["false alarm"][0][:2] == (1, 2)


def test_paler_where_less_sure() -> None:
    assert _paler("#000000", None) == _paler("#000000", 1.0) == (0, 0, 0)
    assert _paler("#000000", 0.5) == _paler("#000000", 0.1) == (0.7, 0.7, 0.7)
    assert _paler("#000000", 0.75) == (0.35, 0.35, 0.35)


def test_wave_is_the_largest_sample_of_each_step() -> None:
    sound = np.zeros(8000 * 31 + 80, np.float32)
    sound[[0, 170, 8000 * 30 + 1]] = 0.25, -0.5, 0.125
    wave = read_wave((sound, 8000))
    assert len(wave.peaks) == 31 * 50 + 1
    assert {int(place): float(wave.peaks[place]) for place in np.flatnonzero(wave.peaks)} == {
        0: 0.25,
        1: 0.5,
        1500: 0.125,
    }
    assert wave.duration == pytest.approx(31.01)


def test_empty_talk_with_and_without_sound(tmp_path: Path) -> None:
    for wave in (None, Wave(np.zeros(0, np.float32), 0.0), Wave(np.zeros(500, np.float32), 10.0)):
        draw_timeline(Annotation(), tmp_path / "empty.png", wave=wave, reference=Annotation())
        draw_timeline(Annotation(), tmp_path / "empty.png", wave=wave)
        assert (tmp_path / "empty.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_bytes_twice_and_no_state_is_changed(tmp_path: Path) -> None:
    import matplotlib

    before, backend = dict(matplotlib.rcParams), matplotlib.get_backend(auto_select=False)
    talk = Annotation([Turn(0, 4, "anna", 0.9), Turn(5, 8, "ben")], "call")
    for kind in ("svg", "png"):
        for name in ("one", "two"):
            draw_timeline(talk, tmp_path / f"{name}.{kind}", wave=Wave(np.ones(450, np.float32), 9.0))
        assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / f"two.{kind}").read_bytes()
    assert dict(matplotlib.rcParams) == before
    assert matplotlib.get_backend(auto_select=False) == backend


def test_an_unknown_ending(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"ends in \.png or \.svg"):
        draw_timeline(Annotation(), tmp_path / "call.txt")


def test_a_part_of_a_recording(tmp_path: Path) -> None:
    talk = Annotation([Turn(0, 1000, "a"), Turn(4000, 4600, "b")], "call")
    draw_timeline(talk, tmp_path / "part.svg", start=4000, end=4300)
    texts = drawn(tmp_path / "part.svg")
    assert texts.count("b") == 1
    assert {"1:06:40", "1:11:40"} <= set(texts)
    draw_timeline(talk, tmp_path / "rest.svg", start=3000, end=9000)
    assert drawn(tmp_path / "rest.svg").count("b") == 2  # 1600 s
    with pytest.raises(MediaError, match="nothing to draw from 4600 s on"):
        draw_timeline(talk, tmp_path / "none.svg", start=4600)


def test_the_wave_of_an_excerpt_lies_where_it_is_heard() -> None:
    samples = np.zeros(4 * 8000, np.float32)
    samples[3 * 8000] = -0.5
    wave = read_wave(Excerpt((samples, 8000), start=2.0, end=3.5))
    assert (wave.start, wave.duration, wave.peaks.argmax(), wave.peaks.max()) == (2.0, 1.5, 50, 0.5)
    drawn: list[Any] = []
    axes = SimpleNamespace(
        set_xticks=lambda _: None,
        spines={"bottom": SimpleNamespace(set_visible=lambda _: None)},
        set_ylim=lambda *_: None,
        fill_between=lambda times, low, high, **_: drawn.append((times, high)),
    )
    for part in (Segment(2.0, 3.5), Segment(1.0, 4.0), Segment(2.9, 3.2)):
        _draw_wave(axes, wave, part)
        times, high = drawn.pop()
        assert times[high.argmax()] == pytest.approx(3.0)
