"""The page in a browser: what people do on it, with mouse, keys and screen readers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
import soundfile

from diarize.annotation import Annotation, Turn
from diarize.report import PageOptions, page, write_report
from diarize.report.soundscape import Soundscape
from diarize.transcripts.timing import cue_of_text

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
TURNS = Annotation(
    [Turn(0.5, 3.0, "anna", 0.95), Turn(2.5, 5.0, "ben", 0.6), Turn(6.0, 8.0, "anna", 0.8), Turn(9.0, 11.0, "cleo")],
    uri="talk",
)
REFERENCE = Annotation([Turn(0.5, 3.5, "A"), Turn(3.5, 5.0, "B"), Turn(6.0, 8.0, "A")], uri="talk")
Until = Callable[..., None]
Opened = Callable[..., Any]
PageFile = Callable[..., Path]


def turns(opened: Any) -> list[str]:
    """Return the turns as the page has them: "anna 0.50-3.00"."""
    found: list[str] = opened.evaluate(
        """() => { const { turns, speakers } = diarizePage.document;
        const name = (id) => speakers.find((speaker) => speaker.id === id).name;
        return turns.map((turn) => `${name(turn.speaker)} ${turn.start.toFixed(2)}-${turn.end.toFixed(2)}`); }"""
    )
    return found


def time_of(opened: Any) -> float:
    return float(opened.evaluate("diarizePage.player.time"))


def point(opened: Any, time: float, lane: int) -> tuple[float, float]:
    """Return where on the screen a time in a lane is."""
    x, y = opened.evaluate(
        """([time, lane]) => { const { timeline } = diarizePage;
        const box = timeline.named("lanes").canvas.getBoundingClientRect();
        const { start, scale } = timeline.view;
        return [box.left + (time - start) / scale, box.top + (lane + 0.5) * timeline.lanes.height]; }""",
        [time, lane],
    )
    return float(x), float(y)


def drag(opened: Any, begin: tuple[float, float], end: tuple[float, float]) -> None:
    opened.mouse.move(*begin)
    opened.mouse.down()
    opened.mouse.move((begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2)
    opened.mouse.move(*end)
    opened.mouse.up()


def test_it_plays_from_any_point_at_any_speed_and_one_speaker_only(
    until: Until, opened: Opened, page_file: PageFile
) -> None:
    shown = opened(page_file("plain", TURNS))
    until(shown, "diarizePage.player.ready")
    assert shown.evaluate("diarizePage.player.audio.duration") == pytest.approx(12, abs=0.1)
    shown.mouse.click(*point(shown, 5.5, 0))
    assert time_of(shown) == pytest.approx(5.5, abs=0.05)
    shown.get_by_label("Speed").select_option("2")
    shown.get_by_role("button", name="Play", exact=True).click()
    until(shown, "diarizePage.player.time > 5.8")
    assert shown.evaluate("diarizePage.player.audio.playbackRate") == 2
    shown.get_by_role("button", name="Play only cleo").click()
    until(shown, "diarizePage.player.time >= 9")
    until(shown, "!diarizePage.player.playing")
    assert time_of(shown) == pytest.approx(11, abs=0.35)


def test_edits_with_the_mouse_undo_reload_and_export(
    until: Until, opened: Opened, page_file: PageFile, tmp_path: Path
) -> None:
    shown = opened(page_file("plain", TURNS))
    drag(shown, point(shown, 7.98, 0), point(shown, 8.5, 0))  # the end of a turn
    assert turns(shown)[2].startswith("anna 6.00-8.5")
    drag(shown, point(shown, 10, 2), point(shown, 10, 1))  # to another lane
    assert turns(shown)[3] == "ben 9.00-11.00"
    drag(shown, point(shown, 5.5, 2), point(shown, 5.9, 2))  # a new one
    assert len(turns(shown)) == 5
    shown.get_by_label("Name of anna").fill("Anna Maria")
    shown.get_by_label("Name of anna").press("Enter")
    shown.locator(".card", has=shown.get_by_label("Name of ben")).get_by_role("button", name="Merge").click()
    shown.get_by_role("dialog").get_by_role("button", name="Anna Maria").click()
    assert {line.rpartition(" ")[0] for line in turns(shown)} == {"Anna Maria", "cleo"}
    edited = turns(shown)
    for _ in range(5):
        shown.get_by_role("button", name="Undo").click()
    assert turns(shown) == [f"{turn.speaker} {turn.start:.2f}-{turn.end:.2f}" for turn in TURNS]
    assert shown.get_by_role("button", name="Undo").is_disabled()
    for _ in range(5):
        shown.get_by_role("button", name="Redo").click()
    assert turns(shown) == edited
    until(shown, "diarizePage.autosave.state === 'saved'")
    shown.reload()
    until(shown, "globalThis.diarizePage && diarizePage.store.canUndo")
    assert turns(shown) == edited
    shown.get_by_role("button", name="Export").click()
    for button in shown.locator("[data-format]").all():
        with shown.expect_download() as saved:
            button.click()
        file = tmp_path / saved.value.suggested_filename
        saved.value.save_as(file)
        read = Annotation.read(file)
        assert [f"{turn.speaker} {turn.start:.2f}-{turn.end:.2f}" for turn in read] == edited, file.name


def test_everything_by_keys_alone(until: Until, opened: Opened, page_file: PageFile) -> None:
    shown = opened(page_file("plain", TURNS))
    keys = shown.keyboard
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    assert time_of(shown) == 2.5  # ben
    for key in ("ArrowRight", "]"):  # ends here
        keys.press(key)
    assert turns(shown)[1] == "ben 2.50-3.50"
    keys.press("w")
    assert turns(shown)[1] == "ben 2.51-3.50"
    keys.press("3")
    assert turns(shown)[1] == "cleo 2.51-3.50"
    keys.press("r")
    keys.type("Cléo 🎤")
    keys.press("Enter")
    assert turns(shown)[1] == "Cléo 🎤 2.51-3.50"
    keys.press("g")
    assert turns(shown)[1].startswith("speaker4 ")
    keys.press("Delete")
    assert len(turns(shown)) == 3
    for _ in range(6):
        keys.press("Control+z")
    assert turns(shown)[1] == "ben 2.50-5.00"
    keys.press("End")
    keys.press("ArrowLeft")
    keys.press("n")
    assert turns(shown)[-1].endswith("11.00-12.00")
    keys.press("m")
    assert shown.get_by_role("dialog").is_visible()
    keys.press("Escape")
    keys.press("x")
    assert shown.get_by_role("dialog").get_by_text("TextGrid").first.is_visible()
    keys.press("Escape")
    keys.press("?")
    listed = shown.get_by_role("dialog").inner_text()
    for text in shown.evaluate("Object.values(diarizePage.commands.table).map(([, , what]) => what)"):
        assert text in listed
    assert "[object" not in listed
    assert listed.count("Space") == 1
    keys.press("Escape")
    keys.press("Home")
    keys.press("Space")
    until(shown, "diarizePage.player.playing")


def test_zoom_to_the_sample_shows_it_where_it_is(until: Until, opened: Opened, page_file: PageFile) -> None:
    shown = opened(page_file("plain", TURNS))
    shown.evaluate("diarizePage.goTo(7)")
    for _ in range(16):
        shown.keyboard.press("+")
    assert shown.evaluate("diarizePage.timeline.view.scale * 16000") < 0.1  # more than ten pixels a sample
    until(shown, "diarizePage.samples.held")
    loudest = shown.evaluate(
        """() => { const { start, rate, values } = diarizePage.samples.held; let best = 0;
        for (let i = 0; i < values.length; i += 1) {
          const away = Math.abs(start + i / rate - 7) < 0.5;
          if (away && Math.abs(values[i]) > Math.abs(values[best])) best = i; }
        return start + best / rate; }"""
    )
    assert loudest == pytest.approx(7 + 1 / 16000, abs=4 / 16000)


def test_a_close_up_of_the_spectrogram_is_made_from_the_samples(
    until: Until, opened: Opened, page_file: PageFile
) -> None:
    shown = opened(page_file("plain", TURNS))
    shown.evaluate("diarizePage.goTo(5)")
    for _ in range(5):
        shown.keyboard.press("+")
    until(shown, "diarizePage.env.closeUp.made")
    edge = shown.evaluate(
        """() => { const { canvas, start, end } = diarizePage.env.closeUp.made, { width, height } = canvas;
        const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
        const columns = new Float64Array(width);
        data.forEach((value, i) => { if (i % 4 === 0) columns[(i / 4) % width] += value; });
        const middle = (columns[0] + columns.at(-1)) / 2, before = columns[0] < middle;
        const between = columns.findIndex((sum) => sum < middle !== before);
        return start + (between / width) * (end - start); }"""
    )
    assert edge == pytest.approx(5, abs=0.03)  # where the tone ends
    shown.keyboard.press("t")
    until(shown, "diarizePage.env.closeUp.made")


def test_keys_that_write_can_be_turned_off_or_asked_for_with_alt(opened: Opened, page_file: PageFile) -> None:
    shown = opened(page_file("plain", TURNS))
    keys = shown.keyboard

    def choose(value: str) -> None:
        shown.get_by_role("button", name="Keys").click()
        shown.get_by_label("Letters, digits and signs").select_option(value)
        shown.keyboard.press("Escape")

    def pressed(*names: str) -> list[str]:
        keys.press("ArrowDown")  # those that write nothing go on working
        for name in names:
            keys.press(name)
        return turns(shown)

    choose("off")
    before = pressed("3", "n", "Alt+n", "]")
    assert len(before) == len(TURNS)
    keys.press("Delete")
    assert len(turns(shown)) == len(TURNS) - 1
    keys.press("Control+z")
    choose("alt")
    shown.reload()
    assert pressed("n", "3") == before
    assert pressed("Alt+3")[1] == "cleo 2.50-5.00"
    choose("on")
    hidden = "diarizePage.timeline.named('spectrogram').element.hidden"
    keys.press("Alt+v")
    assert shown.evaluate(hidden) is False
    keys.press("v")
    assert shown.evaluate(hidden) is True


def test_checked_turns_are_shown_exported_and_kept(
    until: Until, opened: Opened, page_file: PageFile, tmp_path: Path
) -> None:
    shown = opened(page_file("plain", TURNS))
    keys = shown.keyboard
    keys.press("ArrowDown")
    keys.press("y")
    for key in ("ArrowDown", "ArrowDown", "w"):
        keys.press(key)
    assert shown.locator("h1 + p").inner_text().endswith("4 turns, 2 checked")
    shown.get_by_role("tab", name="Turns").click()
    assert shown.get_by_role("option").get_by_label("checked").count() == 2
    keys.press("Home")
    keys.press("Escape")
    keys.press("u")
    assert shown.evaluate("diarizePage.store.selected.confidence") == 0.6  # the one that is unsure and not checked
    until(shown, "diarizePage.autosave.state === 'saved'")
    shown.reload()
    until(shown, "globalThis.diarizePage && diarizePage.store.canUndo")
    shown.get_by_role("button", name="Export").click()
    with shown.expect_download() as saved:
        shown.locator("[data-format=JSON]").click()
    saved.value.save_as(tmp_path / "talk.json")
    written = json.loads((tmp_path / "talk.json").read_text())["turns"]
    assert [turn.get("checked", False) for turn in written] == [True, False, True, False]
    keys.press("Escape")
    keys.press("Home")
    keys.press("ArrowDown")
    shown.get_by_role("button", name="Confirm").click()
    assert shown.evaluate("diarizePage.document.turns[0].checked") is False


def test_the_page_says_that_no_server_stands_behind_it(opened: Opened, page_file: PageFile) -> None:
    shown = opened(page_file("plain", TURNS))
    assert shown.evaluate("diarizePage.document.server") is None
    shown.keyboard.press("?")
    assert "Nothing leaves this page" in shown.get_by_role("dialog").inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(opened: Opened, page_file: PageFile, theme: str) -> None:
    if not AXE.is_file():
        pytest.skip("needs axe-core (npm ci in web/)")
    shown = opened(
        page_file("full", TURNS, reference=REFERENCE, transcript=(cue_of_text("Good morning.", 0.5, 2.0),)),
        color_scheme=theme,
    )
    shown.evaluate(AXE.read_text(encoding="utf-8"))
    shown.keyboard.press("ArrowDown")
    for tab in shown.get_by_role("tab").all():
        tab.click()
        assert violations(shown) == []
    for key in "?xrm" if theme == "light" else "":
        shown.keyboard.press(key)
        assert shown.get_by_role("dialog").is_visible()
        assert violations(shown) == []
        shown.keyboard.press("Escape")


def violations(opened: Any) -> list[str]:
    found: list[str] = opened.evaluate(
        "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`))"
    )
    return found


def test_names_that_are_scripts_are_names(opened: Opened, page_file: PageFile) -> None:
    evil = '</script><img src=x onerror="globalThis.broken=1"><!--<script>'
    annotation = Annotation([Turn(0, 1, evil), Turn(1, 2, "🧑‍🚀"), Turn(2, 3, "x" * 3000)], uri=evil)
    shown = opened(page_file("evil", annotation, title=evil, transcript=(cue_of_text(evil, 0.0, 1.0, evil),)))
    assert shown.evaluate("globalThis.broken") is None
    assert shown.title() == evil
    assert shown.evaluate("diarizePage.document.speakers.map((speaker) => speaker.name)") == [evil, "x" * 3000, "🧑‍🚀"]
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_errors_follow_each_correction(opened: Opened, page_file: PageFile) -> None:
    shown = opened(page_file("full", TURNS, reference=REFERENCE, transcript=(cue_of_text("Good morning.", 0.5, 2.0),)))
    shown.get_by_role("tab", name="Errors").click()
    # of 6.5 s: 0.5 s of anna too many, 0.5 s confusion from 3.0, cleo 2 s
    before = shown.locator(".rate strong").inner_text()
    assert before == f"{100 * (0.5 + 0.5 + 2) / 6.5:.1f} %"
    shown.evaluate("diarizePage.choose(diarizePage.document.turns[3])")
    shown.keyboard.press("Delete")
    assert shown.locator(".rate strong").inner_text() == f"{100 * 1 / 6.5:.1f} %"


def test_no_turns_on_a_phone(until: Until, opened: Opened, page_file: PageFile) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    shown = opened(page_file("empty", Annotation((), "talk")), **phone)
    assert shown.get_by_text("No turns yet").is_visible()
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    shown.get_by_role("button", name="New speaker").click()
    until(shown, "diarizePage.document.speakers.length === 1")
    shown.get_by_role("button", name="Draw turns").tap()
    shown.get_by_role("button", name="Draw turns", pressed=True).wait_for()
    tops = ["", "?"]
    while tops[-1] != tops[-2]:  # the page may still scroll to the new speaker
        shown.wait_for_timeout(150)
        tops.append(str(point(shown, 2, 0)))
    drag(shown, point(shown, 2, 0), point(shown, 4, 0))
    until(shown, "diarizePage.document.turns.length === 1")
    assert turns(shown)[0].startswith("speaker1 2.")


def test_three_hours_with_six_thousand_turns(opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    peaks = rng.integers(-100, 100, (1_080_000, 2), dtype=np.int8)
    peaks.sort(axis=1)
    scape = Soundscape(10800.0, 16000, peaks, 1.0, (), 0.2, (60.0, 8000.0), 0.0, None)
    monkeypatch.setattr(page, "listen", lambda *_: scape)
    annotation = Annotation([Turn(1.8 * i, 1.8 * i + 2.0, f"person {i % 7}", 0.9) for i in range(5999)], uri="long")
    write_report(("unused", 0), annotation, tmp_path / "long.html")
    shown = opened(tmp_path / "long.html")
    assert shown.locator("[role=option]").count() == 5999
    spent = shown.evaluate(
        """() => { const start = performance.now(); diarizePage.timeline.paint();
        return performance.now() - start; }"""
    )
    assert spent < 3000  # a picture of all of it; ordinary machines need a tenth of a second
    shown.keyboard.press("End")
    shown.keyboard.press("ArrowUp")
    shown.keyboard.press("z")
    shown.keyboard.press("Delete")
    assert len(turns(shown)) == 5998
    assert shown.get_by_text("Choose the sound file").is_visible()


def zoomed_to(opened: Any, time: float) -> None:
    opened.evaluate("(time) => diarizePage.goTo(time)", time)
    for _ in range(16):
        opened.keyboard.press("+")


LOUDEST = """() => { const { start, rate, values } = diarizePage.samples.held; let best = 0;
    values.forEach((value, i) => { if (start + i / rate > 6 && Math.abs(value) > Math.abs(values[best])) best = i; });
    return start + best / rate; }"""


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_a_linked_sound_is_played_and_a_missing_one_asked_for(
    until: Until, opened: Opened, clicks: tuple[np.ndarray, int], tmp_path: Path, ending: str
) -> None:
    sound, target = tmp_path / f"a b#1.{ending}", tmp_path / "page.html"
    soundfile.write(sound, *clicks)
    write_report(sound, TURNS, target, PageOptions(sound="link"))
    shown = opened(target)
    until(shown, "diarizePage.player.ready")
    choose = shown.get_by_text("Choose the sound")
    assert not choose.is_visible()
    zoomed_to(shown, 7)
    assert choose.inner_text() == "Choose the sound to see its samples"
    shown.locator("#sound-file").set_input_files(sound)
    until(shown, "diarizePage.samples.held")
    assert not choose.is_visible()
    assert shown.evaluate(LOUDEST) == pytest.approx(7 + 1 / 16000, abs=1.5 / 16000)
    assert time_of(shown) == pytest.approx(7, abs=0.01)
    sound = sound.rename(tmp_path / f"elsewhere.{ending}")
    shown.reload()
    until(shown, "globalThis.diarizePage && diarizePage.player.state === 'missing'")
    assert f"a b#1.{ending} is not where this page expects it" in shown.locator(".hint.bad").inner_text()
    assert choose.inner_text() == "Choose the sound file"
    shown.locator("#sound-file").set_input_files(sound)
    until(shown, "diarizePage.player.ready")
    assert not choose.is_visible()
    assert shown.locator(".hint.bad").count() == 0


def test_a_linked_sound_on_a_server_is_read_in_parts(
    until: Until, browser: Any, clicks: tuple[np.ndarray, int], tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "a b.wav", *clicks)
    write_report(tmp_path / "a b.wav", TURNS, tmp_path / "page.html", PageOptions(sound="link"))
    asked = []

    def answer(route: Any) -> None:
        file = tmp_path / unquote(urlsplit(route.request.url).path).lstrip("/")
        content = file.read_bytes()
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", route.request.headers.get("range", ""))
        if match is None:
            route.fulfill(body=content, content_type="text/html" if file.suffix == ".html" else "audio/wav")
            return
        first, last = int(match[1]), min(int(match[2] or len(content)), len(content) - 1)
        asked.append(last - first + 1)
        head = {"Content-Range": f"bytes {first}-{last}/{len(content)}", "Accept-Ranges": "bytes"}
        route.fulfill(status=206, headers=head, body=content[first : last + 1], content_type="audio/wav")

    context = browser.new_context()
    context.route("**/*", answer)
    shown = context.new_page()
    shown.goto("http://talk.test/page.html")
    until(shown, "globalThis.diarizePage && diarizePage.samples.known")
    zoomed_to(shown, 7)
    until(shown, "diarizePage.samples.held")
    assert shown.evaluate(LOUDEST) == pytest.approx(7 + 1 / 16000, abs=1.5 / 16000)
    assert 8 * 16000 * 2 in asked  # some seconds, no more
    context.close()
