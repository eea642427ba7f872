"""TextGrid, against praatio and against files as Praat saves them."""

from __future__ import annotations

from pathlib import Path

import pytest
from praatio import textgrid as praatio

from diarize import Annotation, FormatError, Turn
from diarize.formats.about import About
from diarize.formats.registry import read_described, write_all

TURNS = [Turn(0.5, 2.0, "Anna B"), Turn(1.25, 3.0, 'ben "the" 😀'), Turn(4.0, 5.125, "Anna B")]
LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2.5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "Zoë"
        xmin = 0
        xmax = 2.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.75
            text = ""
        intervals [2]: ! a comment
            xmin = 0.75
            xmax = 2
            text = "she said ""3 4"" <exists>"
        intervals [3]:
            xmin = 2
            xmax = 2.5
            text = "sil"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 2.5
        points: size = 1
        points [1]:
            number = 1.5
            mark = "x"
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_as_praat_saves_it(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "call.TextGrid"
    path.write_bytes(LONG.replace("\n", "\r\n").encode(encoding))
    annotations, about = read_described(path)
    assert annotations == {"call": Annotation([Turn(0.75, 2.0, "Zoë")], "call")}
    assert about == {"call": About(duration=2.5)}


def test_praatio_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "call.TextGrid"
    write_all([Annotation(TURNS, "call")], path, about={"call": About(duration=6.5)})
    grid = praatio.openTextgrid(str(path), includeEmptyIntervals=True)
    assert (grid.minTimestamp, grid.maxTimestamp) == (0, 6.5)
    assert grid.tierNames == ("Anna B", 'ben "the" 😀')
    entries = [tuple(entry) for entry in grid.getTier("Anna B").entries]
    assert entries == [(0, 0.5, ""), (0.5, 2, "Anna B"), (2, 4, ""), (4, 5.125, "Anna B"), (5.125, 6.5, "")]


def test_praatio_reads_a_recording_without_turns(tmp_path: Path) -> None:
    write_all([Annotation((), "x")], tmp_path / "x.TextGrid", about={"x": About(duration=3)})
    assert [tuple(entry) for entry in praatio.openTextgrid(str(tmp_path / "x.TextGrid"), True).tiers[0].entries] == [
        (0, 3, "")
    ]


@pytest.mark.parametrize("form", ["short_textgrid", "long_textgrid"])
def test_what_praatio_writes_is_read(tmp_path: Path, form: str) -> None:
    grid = praatio.Textgrid()
    grid.addTier(praatio.IntervalTier("anna", [(0.5, 2.0, "hello"), (2.5, 3.0, "you")], 0, 4))
    grid.addTier(praatio.IntervalTier("b", [(0, 4, 'a "quote"')], 0, 4))
    grid.save(str(tmp_path / "x.TextGrid"), format=form, includeBlankSpaces=True)
    read = Annotation.read(tmp_path / "x.TextGrid")
    assert read == Annotation([Turn(0.5, 2, "anna"), Turn(2.5, 3, "anna"), Turn(0, 4, "b")], "x")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("xmax = 2\n            text", "xmax = 0.5\n            text", "22: the turn ends before it starts"),
        ("intervals: size = 3", "intervals: size = 99", "a start is expected, got '\"TextTier\"'"),
        ("points: size = 1", "points: size = 9", "the file ends where a start is expected"),
        ('class = "TextTier"', 'class = "Tier"', "an IntervalTier or a TextTier, got 'Tier'"),
        ("xmax = 0.75", "xmax = 1e999", "must be at least 0 seconds and finite"),
        ('"TextGrid"', '"Pitch"', "a TextGrid in text form is expected"),
        ("tiers? <exists>\nsize = 2", "tiers? <exists>\nsize = 2.5", "a count is expected, got '2.5'"),
    ],
)
def test_refused_with_file_and_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in LONG
    path = tmp_path / "call.TextGrid"
    path.write_text(LONG.replace(old, new, 1))
    with pytest.raises(FormatError, match=rf"call\.TextGrid:\d*.*{words}"):
        Annotation.read(path)
