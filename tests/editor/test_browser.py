"""The page with its server, in a browser: correct, learn, take, save, answer questions; and nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from diarize.editor.files import Output, opened
from diarize.editor.session import Session
from tests.editor.conftest import WORK

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"
SECONDS = 26  # of the call
Until = Callable[..., None]
Show = Callable[[str], Any]
Serve = Callable[[Session], str]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start the program with the first turns of a call, all said to be of one person."""
    samples, rate = soundfile.read(SAMPLES / "call.flac", stop=8000 * SECONDS)
    soundfile.write(tmp_path / "call.flac", samples, rate)
    turns = [{"start": start, "end": end, "speaker": "somebody"} for _, start, end in truth()]
    content = {"format": "diarize", "version": 1, "recording": "call", "turns": turns}
    (tmp_path / "call.json").write_text(json.dumps(content))
    command = [sys.executable, "-m", "diarize", "edit", "call.flac", "call.json"]
    command += ["--config", "fast", "--no-browser", "--quiet"]
    environment = {**os.environ, "PYTHONPATH": str(SAMPLES.parent)}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def show(browser: Any, until: Until) -> Iterator[Show]:
    """Return a function that opens an address in a browser of one person."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})

    def open_page(address: str) -> Any:
        page = context.new_page()
        page.goto(address)
        until(page, "globalThis.diarizePage && !diarizePage.loading")
        return page

    yield open_page
    context.close()


def truth() -> list[tuple[str, float, float]]:
    """Return speaker, start and end of the turns that are over when the sound is."""
    lines = [line.split() for line in (SAMPLES / "call.rttm").read_text().splitlines()]
    turns = [(line[7], float(line[3]), float(line[3]) + float(line[4])) for line in lines]
    return [turn for turn in turns if turn[2] < SECONDS]


def turns(page: Any) -> list[list[Any]]:
    """Return speaker, start, end and mark of each turn."""
    found: list[list[Any]] = page.evaluate(
        """() => { const { turns, speakers } = diarizePage.document;
        const name = (id) => speakers.find((speaker) => speaker.id === id).name;
        return turns.map((turn) => [name(turn.speaker), turn.start.toFixed(2), turn.end.toFixed(2), turn.checked]); }"""
    )
    return found


def state(page: Any, until: Until, wanted: str) -> None:
    """Wait until corrections are kept somewhere: "none" are open, the journal is "saved", the "browser" has them."""
    until(page, f"diarizePage.autosave.state === {wanted!r}")


def press(page: Any, name: str) -> None:
    """Press the button that stands in a dialog."""
    page.locator("dialog").get_by_role("button", name=name).click()


def test_corrections_teach_are_saved_and_outlive_a_killed_server(
    tmp_path: Path, program: Any, session: Session, serve: Serve, show: Show, until: Until
) -> None:
    page = show(program.stdout.readline().strip())
    until(page, "diarizePage.player.ready")
    keys = page.keyboard
    keys.press("Shift+N")  # a second speaker; three turns are corrected or confirmed
    names = [name for name, _, _ in truth()]
    chosen = [0, 1, len(names) - 1]
    assert names[0] != names[1]
    for place in chosen:
        page.evaluate("(place) => diarizePage.choose(diarizePage.document.turns[place])", place)
        keys.press("y" if names[place] == names[0] else "2")
    keys.press("l")
    until(page, "!diarizePage.learning.busy", 120)
    assert page.evaluate("diarizePage.learning.changes?.length ?? 0") > 0
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
    state(page, until, "saved")
    last = turns(page)
    assert any(turn[0] == "Anna" for turn in last)
    program.kill()
    program.wait()
    keys.press("Shift+N")
    state(page, until, "browser")
    page.close()
    work = opened(tmp_path / "call.json", "call")
    again = show(serve(Session(session.sound, work, Output(tmp_path / "call.json"), session.learner)))
    until(again, "diarizePage.store.canUndo")
    assert turns(again) == last
    assert again.evaluate("diarizePage.document.speakers.length") == 1 + len({turn[0] for turn in last})
    again.keyboard.press("Control+z")
    assert [turn[1:] for turn in turns(again)] == [turn[1:] for turn in last]  # what was saved
    assert not any(turn[0] == "Anna" for turn in turns(again))


def test_a_file_that_somebody_changed_asks_and_nothing_is_lost(
    session: Session, serve: Serve, show: Show, until: Until
) -> None:
    path = session.output.path
    session.output.save(WORK, "")
    page = show(serve(Session(session.sound, WORK, Output(path), session.learner)))
    path.write_text(path.read_text().replace("speaker1", "Zoe"))  # another program
    page.keyboard.press("Shift+N")
    state(page, until, "saved")
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog", name="Not saved")
    assert "changed by somebody else" in dialog.inner_text()
    page.keyboard.press("Escape")
    assert "Zoe" in path.read_text()
    page.reload()  # the corrections are of the file that was there before
    until(page, "globalThis.diarizePage && document.querySelector('dialog')")
    assert (
        "2 turns, 0 of them checked" in page.get_by_role("dialog", name="Corrections that were not saved").inner_text()
    )
    press(page, "Take them back")
    assert [turn[0] for turn in turns(page)] == ["speaker1", "speaker2"]
    state(page, until, "saved")
    page.keyboard.press("Control+s")
    state(page, until, "none")
    assert "Zoe" in path.with_name("talk.json.bak").read_text()
    path.write_text(path.read_text().replace("speaker1", "Zoe"))
    page.keyboard.press("Shift+N")
    page.keyboard.press("Control+s")
    with page.expect_navigation():
        press(page, "Show what is there")
    until(page, "globalThis.diarizePage && diarizePage.toast.textContent.includes('talk.json.bak1')")
    assert [turn[0] for turn in turns(page)] == ["Zoe", "speaker2"]
    assert "speaker1" in path.with_name("talk.json.bak1").read_text()


def test_of_two_tabs_the_last_one_writes_until_the_other_goes_on(
    session: Session, serve: Serve, show: Show, until: Until
) -> None:
    address = serve(session)
    first, second = show(address), show(address)
    second.keyboard.press("Shift+N")
    state(second, until, "saved")
    first.bring_to_front()
    first.keyboard.press("Control+s")
    assert "opened again" in first.get_by_role("dialog", name="Open in another place as well").inner_text()
    assert not session.output.path.exists()
    press(first, "Go on here")
    until(first, "diarizePage.toast.textContent.includes('talk.json.bak')")
    first.keyboard.press("Control+s")
    until(first, "diarizePage.server.version")
    second.keyboard.press("Shift+N")
    until(second, "document.querySelector('dialog')")
    with second.expect_navigation():
        press(second, "Show what was done there")
    until(second, "globalThis.diarizePage?.server.version")


def test_a_question_is_answered_by_keys_and_comes_again_with_undo(
    session: Session, serve: Serve, show: Show, until: Until
) -> None:
    page = show(serve(session))
    keys = page.keyboard
    answers = page.get_by_role("group", name="Answers")

    def ask() -> None:
        keys.press("j")
        until(page, "diarizePage.learning.asked")

    def answered(*pressed: str) -> list[list[Any]]:
        ask()
        for key in pressed:
            keys.press(key)
        until(page, "!diarizePage.learning.asked")  # the listener asks the same again: nothing else is left
        return sorted(turns(page)[1:])

    both = [["speaker1", "4.00", "6.00", True], ["speaker2", "4.00", "6.00", True]]
    ask()
    keys.press("b")
    assert answers.get_by_role("button", pressed=True).all_inner_texts() == ["2\nspeaker2"]  # who stands there
    answers.get_by_role("button", name="speaker1").focus()
    keys.press("Space")  # as with a screen reader: the button itself
    assert answers.get_by_role("button", pressed=True).count() == 2
    assert page.evaluate("document.activeElement.dataset.key") == "1"
    keys.press("Escape")
    keys.press("Escape")
    assert answered("b", "1", "Enter") == both
    keys.press("Control+z")
    assert answered("0") == []
    assert page.evaluate("diarizePage.document.silence") == [{"start": 4, "end": 6}]
    keys.press("Control+z")
    ask()
    keys.press("+")
    keys.type("Zoe")
    keys.press("Enter")
    until(page, "!diarizePage.learning.asked")
    assert turns(page)[1:] == [["Zoe", "4.00", "6.00", True]]
