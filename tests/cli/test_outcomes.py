"""What is said of each recording, and of all."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from diarize.cli.outcomes import end_with, told
from diarize.corpus import Result
from diarize.errors import AudioError
from diarize.formats.about import About

CALL = Path("calls/one.wav")


@pytest.mark.parametrize(
    ("result", "failed", "lines"),
    [
        (Result(CALL), False, []),
        (Result(CALL, layout="two legs"), False, ["diarize: calls/one.wav: two legs"]),
        (Result(CALL, warnings=("one: no\nspeech",)), False, ["diarize: warning: calls/one.wav: no speech"]),
        (Result(CALL, error=AudioError(f"{CALL}: no sound")), True, ["diarize: error: calls/one.wav: no sound"]),
        (Result(CALL, error=KeyError("x")), True, ["diarize: error: calls/one.wav: KeyError: 'x'"]),
    ],
)
def test_lines(result: Result, failed: bool, lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert told(result, quiet=False) is failed
    assert capsys.readouterr() == ("", "".join(f"{line}\n" for line in lines))
    assert told(result, quiet=True) is failed
    assert capsys.readouterr().err == ("".join(f"{line}\n" for line in lines) if failed else "")


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (0.7, "0.7 times"),
        (2.349, "2.3 times"),
        (23.4, "23 times"),
        (1251.0, "1 300 times"),
        (1e4, "at least 10 000 times"),
    ],
)
def test_ratios_in_words(ratio: float, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    told(Result(CALL, about=About(ratios={"anna": ratio})), quiet=False)
    assert capsys.readouterr().err == f"diarize: calls/one.wav: anna: {words} likelier than a stranger\n"


def test_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    end_with(0, 3)
    for failed, total, said in ((1, 1, ""), (1, 3, "diarize: 1 of 3 recordings failed\n")):
        with pytest.raises(click.exceptions.Exit) as ended, click.Context(click.Command("run")):
            end_with(failed, total)
        assert ended.value.exit_code == 1
        assert capsys.readouterr().err == said
