"""What is said of each recording, and of all."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from diarize.cli.outcomes import end_with, told
from diarize.corpus import Result
from diarize.errors import AudioError

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


def test_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    end_with(0, 3)
    for failed, total, said in ((1, 1, ""), (1, 3, "diarize: 1 of 3 recordings failed\n")):
        with pytest.raises(click.exceptions.Exit) as ended, click.Context(click.Command("run")):
            end_with(failed, total)
        assert ended.value.exit_code == 1
        assert capsys.readouterr().err == said
