"""The page with its server, in a browser: correct, learn, take, save; and nothing is lost when the server is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"
PROGRAM = [sys.executable, "-m", "diarize", "edit", str(SAMPLES / "call.flac"), "call.json"]
RTTM = "SPEAKER call 1 {} {} <NA> <NA> {} <NA> <NA>\n"
Until = Callable[..., None]
Start = Callable[[], tuple["subprocess.Popen[str]", str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts the program and gives its process and the address of its page."""
    running = []

    def begin() -> tuple[subprocess.Popen[str], str]:
        command = [*PROGRAM, "--config", "fast", "--no-browser", "--quiet"]
        environment = {**os.environ, "PYTHONPATH": str(SAMPLES.parent)}
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield begin
    for process in running:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def show(browser: Any, until: Until) -> Iterator[Callable[[str], Any]]:
    """Return a function that opens an address in a browser of one person."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})

    def open_page(address: str) -> Any:
        page = context.new_page()
        page.goto(address)
        until(page, "globalThis.diarizePage && diarizePage.player.ready")
        return page

    yield open_page
    context.close()


def turns(page: Any) -> list[list[Any]]:
    """Return speaker, start, end and mark of each turn."""
    found: list[list[Any]] = page.evaluate(
        """() => { const { turns, speakers } = diarizePage.document;
        const name = (id) => speakers.find((speaker) => speaker.id === id).name;
        return turns.map((turn) => [name(turn.speaker), turn.start.toFixed(2), turn.end.toFixed(2), turn.checked]); }"""
    )
    return found


def test_corrections_teach_are_saved_and_outlive_a_killed_server(
    tmp_path: Path, start: Start, show: Callable[[str], Any], until: Until
) -> None:
    truth = [line.split() for line in (SAMPLES / "call.rttm").read_text().splitlines()]
    mute = [{"start": float(line[3]), "end": float(line[3]) + float(line[4]), "speaker": "somebody"} for line in truth]
    content = {"format": "diarize", "version": 1, "recording": "call", "turns": mute}
    (tmp_path / "call.json").write_text(json.dumps(content))
    process, address = start()
    page = show(address)
    keys = page.keyboard
    keys.press("Shift+N")  # a second speaker; three turns are corrected or confirmed
    names = [line[7] for line in truth]
    chosen = [names.index(names[0]), names.index(next(name for name in names if name != names[0])), len(names) - 1]
    for place in chosen:
        page.evaluate("(place) => diarizePage.choose(diarizePage.document.turns[place])", place)
        keys.press("y" if names[place] == names[0] else "2")
    page.get_by_role("tab", name="Learn").click()
    page.get_by_role("button", name="Learn from my corrections").click()
    until(page, "!diarizePage.learning.busy", 120)
    changes = page.evaluate("diarizePage.learning.changes?.length ?? 0")
    assert changes > 0
    before = turns(page)
    page.get_by_role("button", name="Tick all").click()
    page.get_by_role("button", name="Take what is ticked").click()
    after = turns(page)
    assert after != before
    assert [turn for turn in after if turn[3]] == [turn for turn in before if turn[3]]  # what was checked stays
    keys.press("Control+z")
    assert turns(page) == before  # one step
    keys.press("Control+Shift+z")
    keys.press("Control+s")
    until(page, "diarizePage.autosave.state === 'none' && diarizePage.server.version")
    assert (tmp_path / "call.json.bak").exists()
    keys.press("r")  # not saved, and then the server dies
    keys.type("Anna")
    keys.press("Enter")
    until(page, "diarizePage.autosave.state === 'saved'")
    last = turns(page)
    assert any(turn[0] == "Anna" for turn in last)
    process.kill()
    process.wait()
    keys.press("Shift+N")
    until(page, "diarizePage.autosave.state === 'browser'")
    page.close()
    _, address = start()
    again = show(address)
    until(again, "diarizePage.store.canUndo")
    assert turns(again) == last
    assert again.evaluate("diarizePage.document.speakers.length") == 1 + len({turn[0] for turn in last})
    again.keyboard.press("Control+z")
    assert [turn[1:] for turn in turns(again)] == [turn[1:] for turn in last]  # what was saved
    assert not any(turn[0] == "Anna" for turn in turns(again))
