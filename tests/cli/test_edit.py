"""`diarize edit`: what is said before and after the page is served, and what is refused."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from diarize.cli import main

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"
AUDIO, TURNS = SAMPLES / "call.flac", SAMPLES / "call.rttm"
Invoke = Callable[..., Result]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Serve nothing: each session is kept, the address is shown, and Ctrl-C comes at once. Nobody listens."""
    from diarize.editor import serving
    from diarize.editor.learning import Learner

    sessions: list[Any] = []

    def serve(session: Any, place: socket.socket, ready: Callable[[str], object]) -> None:
        sessions.append(session)
        ready(f"http://127.0.0.1:{place.getsockname()[1]}/token/")
        place.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(serving, "serve", serve)
    monkeypatch.setattr(Learner, "start", lambda self: None)
    return sessions


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run the command inside an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(main, ["edit", *map(str, words), "--no-browser"])


def test_the_address_is_the_result_and_ctrl_c_a_good_end(invoke: Invoke, served: list[Any], tmp_path: Path) -> None:
    result = invoke(AUDIO, TURNS, "-o", "call.json")
    assert result.exit_code == 0
    assert result.stdout.startswith("http://127.0.0.1:")
    assert result.stderr.splitlines() == ["diarize: call.json was not written"]
    (session,) = served
    assert len(session._document("")["turns"]) == len(TURNS.read_text().splitlines())
    assert list(tmp_path.iterdir()) == []  # neither lock nor sound is left


def test_what_was_saved_before_is_gone_on_with(invoke: Invoke, served: list[Any], tmp_path: Path) -> None:
    turn = {"start": 1.0, "end": 2.0, "speaker": "anna", "confidence": None, "checked": True}
    content = {"format": "diarize", "version": 1, "recording": "call", "turns": [turn]}
    (tmp_path / "call.json").write_text(json.dumps(content))
    (tmp_path / "call.json.autosave").write_text(json.dumps({"version": "", "time": 1, "edits": {}}))
    result = invoke(AUDIO, "-o", "call.json")
    assert "were not saved are shown again, from call.json.autosave" in result.stderr
    assert result.stderr.rstrip().endswith("later corrections are in call.json.autosave and shown the next time")
    assert [turn.speaker for turn in served[0]._work.edits.checked] == ["anna"]
    again = invoke(AUDIO, TURNS, "-o", "call.json")
    assert "call.json is there already: a save keeps it as a backup" in again.stderr


def test_a_format_without_marks_is_warned_of(invoke: Invoke, served: list[Any], tmp_path: Path) -> None:
    (tmp_path / "call.rttm").write_bytes(TURNS.read_bytes())
    assert "what is checked is kept in JSON only; -o call.json would keep it" in invoke(AUDIO, "call.rttm").stderr


def test_a_browser_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from diarize.cli import edit

    monkeypatch.setattr("webbrowser.open", lambda address: False)
    edit._open("http://127.0.0.1:1/")
    assert "no browser was found; open the address in one yourself" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["none.flac"], 1, "none.flac: no such file"),
        ([AUDIO, "none.rttm", "-o", "a.json"], 1, "none.rttm: cannot read the file"),
        ([AUDIO, TURNS, "-o", "-"], 2, "not to standard output"),
        ([AUDIO, TURNS, "-o", "none/a.json"], 2, "the folder of none/a.json does not exist"),
        ([AUDIO, TURNS, "-o", AUDIO], 2, "would overwrite"),
        ([AUDIO, TURNS, "-o", "a.uem"], 1, "cannot be edited"),
        ([AUDIO, TURNS, "-o", "a.doc"], 1, "not a format that can be written"),
        ([AUDIO, SAMPLES / "meeting.rttm", "-o", "a.json"], 1, "they are of recording 'meeting', not of 'call'"),
    ],
)
def test_bad_input_is_refused(invoke: Invoke, served: list[Any], words: list[Any], code: int, message: str) -> None:
    result = invoke(*words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr.replace("\n", " ")
    assert served == []


def test_a_port_in_use_is_told(invoke: Invoke, served: list[Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = invoke(AUDIO, TURNS, "-o", "a.json", "--port", port)
    assert result.exit_code == 1
    assert f"port {port}: Address already in use; give another one, or leave out --port" in result.stderr


def test_missing_packages_are_named(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "diarize.editor.serving", raising=False)
    monkeypatch.delattr("diarize.editor.serving", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = invoke(AUDIO, TURNS, "-o", "a.json")
    assert result.exit_code == 1
    assert 'pip install "gmm-diarize[edit]"' in result.stderr
