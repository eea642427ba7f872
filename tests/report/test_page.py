"""The file that is written: what is in it, what it may do, what odd input gives."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from diarize.annotation import Annotation, Turn
from diarize.audio import Excerpt
from diarize.errors import AudioError, Cancelled, ConfigError, DiarizeWarning, FormatError
from diarize.report import PageOptions, page, write_report

NOISE = (np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32), 16000)
TURNS = Annotation([Turn(0.0, 1.0, "anna"), Turn(1.0, 2.0, "ben", 0.5)], uri="talk")


def part(text: str, name: str) -> Any:
    """Return one of the page's JSON values."""
    match = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text, flags=re.DOTALL)
    assert match
    return json.loads(match.group(1))


def written(tmp_path: Path, annotation: Annotation = TURNS, **options: Any) -> str:
    write_report(NOISE, annotation, tmp_path / "page.html", PageOptions(**options))
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def test_it_holds_the_turns_and_the_sound(tmp_path: Path) -> None:
    text = written(tmp_path)
    turns = part(text, "document")["turns"]
    assert [(turn["start"], turn["end"], turn["confidence"]) for turn in turns] == [(0, 1, None), (1, 2, 0.5)]
    pieces = re.findall(r'<script type="text/plain" class="sound">(.*?)</script>', text)
    sound, rate = soundfile.read(BytesIO(b"".join(map(base64.b64decode, pieces))))
    assert rate == 16000
    assert len(sound) == pytest.approx(32000, abs=1152)
    assert "{{" not in text


def test_the_policy_allows_this_script_and_no_network(tmp_path: Path) -> None:
    text = written(tmp_path)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["media-src"] == "blob:"
    assert not re.search(r"https?:|unsafe|\*", policy)
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        (code,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert not re.search(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=", text)


def test_names_cannot_end_the_script(tmp_path: Path) -> None:
    evil = "</script><img onerror=alert(1)> {{sound}} &amp; \u2028 \ud800"
    text = written(tmp_path, Annotation([Turn(0, 1, evil)], evil), title=evil)
    assert "<img" not in text
    assert part(text, "document")["speakers"][0]["name"] == evil
    assert "<title>&lt;/script&gt;&lt;img onerror=alert(1)&gt; {{sound}} &amp;amp;" in text


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    assert written(tmp_path) == written(tmp_path)


def test_turns_beyond_the_sound_are_kept_with_a_warning(tmp_path: Path) -> None:
    with pytest.warns(
        DiarizeWarning, match=r"1 turn ends after the sound, which has 2\.000 s; the last ends at 60\.000"
    ):
        text = written(tmp_path, Annotation([Turn(0, 1, "a"), Turn(50, 60, "b")], "x"))
    assert len(part(text, "document")["turns"]) == 2


def test_nothing_said_is_a_page_too(tmp_path: Path) -> None:
    found = part(written(tmp_path, Annotation((), "x")), "document")
    assert found["turns"] == found["speakers"] == []


def test_sound_that_is_long_is_linked_unless_embedding_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "EMBEDDED_SECONDS", 1.0)
    file = tmp_path / "sub" / "a ü#.wav"
    file.parent.mkdir()
    soundfile.write(file, *NOISE)
    target = tmp_path / "page.html"
    for wanted, kind, link in (
        ("auto", "link", "sub/a%20%C3%BC%23.wav"),
        ("embed", "embed", None),
        ("none", "none", None),
    ):
        write_report(file, TURNS, target, PageOptions(sound=wanted))
        text = target.read_text(encoding="utf-8")
        assert part(text, "document")["recording"]["sound"] == {"kind": kind, "link": link}
        assert ('class="sound"' in text) == (kind == "embed")
    write_report(NOISE, TURNS, target, PageOptions(sound="auto"))
    assert part(target.read_text(encoding="utf-8"), "document")["recording"]["sound"]["kind"] == "none"
    with pytest.raises(ConfigError, match="can be linked"):
        write_report(NOISE, TURNS, target, PageOptions(sound="link"))


def test_what_cannot_be_read_or_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot be opened"):
        write_report(tmp_path / "gone.wav", TURNS, tmp_path / "page.html")
    with pytest.raises(FormatError, match="cannot write the file"):
        write_report(NOISE, TURNS, tmp_path / "gone" / "page.html")
    assert not list(tmp_path.iterdir())


def test_a_track_is_shown_and_an_excerpt_in_time_refused(tmp_path: Path) -> None:
    write_report(Excerpt(NOISE, track=1), TURNS, tmp_path / "page.html")
    assert part((tmp_path / "page.html").read_text(encoding="utf-8"), "document")["recording"]["duration"] == 2
    with pytest.raises(ConfigError, match="a page shows a whole recording"):
        write_report(Excerpt(NOISE, start=1.0), TURNS, tmp_path / "page.html")


def test_it_tells_how_far_it_has_come_and_can_be_ended(tmp_path: Path) -> None:
    sound, told = (np.zeros(16000 * 60, np.float32), 16000), []
    turns = Annotation([Turn(0.0, 45.0, "anna")], uri="talk")
    write_report(sound, turns, tmp_path / "page.html", PageOptions(sound="none"), lambda *step: told.append(step))
    assert {stage for stage, _ in told} == {"page"}
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert 0 < shares[0] < 1 == shares[-1]  # nothing is known of the 15 s behind the last turn
    with pytest.raises(Cancelled):
        write_report(sound, turns, tmp_path / "other.html", progress=lambda stage, share: False)
    assert not (tmp_path / "other.html").exists()
    write_report(sound, Annotation((), "talk"), tmp_path / "empty.html", progress=lambda *step: told.append(step))
    assert told[-1] == ("page", 0.0)
