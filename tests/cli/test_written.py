"""Options that name formats, and results as text."""

from __future__ import annotations

import click
import pytest

from diarize import Annotation, Turn
from diarize.cli.written import format_name, format_names, text_of
from diarize.formats.about import About

CONTEXT, OPTION = click.Context(click.Command("x")), click.Option(["--format"])


def test_names_are_split_and_taken_once() -> None:
    assert format_names(CONTEXT, OPTION, ("rttm, json", "rttm,eaf")) == ("rttm", "json", "eaf")
    assert format_names(CONTEXT, OPTION, ()) == ()
    assert (format_name(CONTEXT, OPTION, None), format_name(CONTEXT, OPTION, "lab")) == (None, "lab")


@pytest.mark.parametrize("value", ["xyz", "", "rttm,", "RTTM"])
def test_unknown_names(value: str) -> None:
    with pytest.raises(click.BadParameter, match="unknown format"):
        format_names(CONTEXT, OPTION, (value,))


def test_text() -> None:
    talk = Annotation([Turn(0, 1, "a")], "x")
    assert text_of([talk], "rttm", {"x": About(channel=2)}) == "SPEAKER x 2 0.000 1.000 <NA> <NA> a <NA> <NA>\n"
    assert text_of([talk], "lab", {"x": None}) == "0.000 1.000 a\n"
