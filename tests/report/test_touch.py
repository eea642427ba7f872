"""The page under fingers, sent to Chromium as a touch screen sends them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diarize.annotation import Annotation, Turn

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
TURNS = Annotation([Turn(0.5, 3.0, "anna", 0.9), Turn(6.0, 8.0, "ben", 0.6)], uri="talk")
Point = tuple[float, float]


class Fingers:
    """Fingers on a page."""

    def __init__(self, page: Any) -> None:
        self._session = page.context.new_cdp_session(page)

    def move(self, *paths: tuple[Point, Point], steps: int = 8) -> None:
        """Put a finger at the start of each path, move all of them along, and take them off."""
        for step in range(steps + 1):
            points = [
                {"x": x + (to_x - x) * step / steps, "y": y + (to_y - y) * step / steps, "id": number}
                for number, ((x, y), (to_x, to_y)) in enumerate(paths)
            ]
            self._send("touchMove" if step else "touchStart", points)
        self._send("touchEnd", [])

    def _send(self, kind: str, points: list[dict[str, float]]) -> None:
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


@pytest.fixture
def phone(opened: Callable[..., Any], page_file: Callable[..., Path]) -> Any:
    return opened(page_file("touched", TURNS), **PHONE)


def seen(page: Any) -> tuple[float, float]:
    """Return the times at the left and the right edge."""
    start, end = page.evaluate(
        "(({ start, scale, width }) => [start, start + scale * width])(diarizePage.timeline.view)"
    )
    return float(start), float(end)


def time_at(page: Any, x: float) -> float:
    left = page.evaluate("diarizePage.timeline.named('lanes').canvas.getBoundingClientRect().left")
    start, end = seen(page)
    return float(start + (x - left) * (end - start) / page.evaluate("diarizePage.timeline.view.width"))


def middle(page: Any, row: str, x: float) -> Point:
    box = page.evaluate(
        "(name) => { const { top, height } = diarizePage.timeline.named(name).canvas.getBoundingClientRect();"
        " return [top, height]; }",
        row,
    )
    return x, box[0] + box[1] * 0.4  # of two lanes: in the first, under its name


@pytest.mark.parametrize("row", ["waveform", "spectrogram", "lanes"])
def test_two_fingers_zoom_about_the_place_between_them(phone: Any, row: str) -> None:
    (_, y), fingers = middle(phone, row, 0), Fingers(phone)
    held = time_at(phone, 160), time_at(phone, 240)
    fingers.move(((160, y), (100, y)), ((240, y), (300, y)))
    assert [time_at(phone, 100), time_at(phone, 300)] == pytest.approx(held, abs=0.1)  # each holds its time
    start, end = seen(phone)
    assert end - start == pytest.approx(12 * 80 / 200, rel=0.05)
    fingers.move(((60, y), (190, y)), ((330, y), (200, y)))
    assert seen(phone) == pytest.approx((0, 12), abs=0.1)
    assert phone.evaluate("diarizePage.store.canUndo") is False


def test_one_finger_moves_what_is_seen_and_a_tap_goes_there(phone: Any) -> None:
    fingers = Fingers(phone)
    phone.evaluate(
        "(({ timeline }) => timeline.show({ ...timeline.view, start: 4, scale: 4 / timeline.view.width }))(diarizePage)"
    )
    for row in ("waveform", "lanes"):
        _, y = middle(phone, row, 0)
        held = time_at(phone, 300)
        fingers.move(((300, y - 10), (120, y - 10)))
        assert time_at(phone, 120) == pytest.approx(held, abs=0.06)
        fingers.move(((120, y - 10), (300, y - 10)))
    x, y = middle(phone, "waveform", 200)
    wanted = time_at(phone, 200)
    phone.touchscreen.tap(x, y)
    assert phone.evaluate("diarizePage.player.time") == pytest.approx(wanted, abs=0.05)
    assert phone.evaluate("diarizePage.store.canUndo") is False


def test_a_finger_drags_the_grip_of_a_chosen_turn(phone: Any) -> None:
    x, y = phone.evaluate(
        """() => { const { timeline } = diarizePage;
        const { left, top } = timeline.named("lanes").canvas.getBoundingClientRect();
        return [left + 6 / timeline.view.scale, top + 1.6 * timeline.lanes.height]; }"""
    )
    second = 1 / phone.evaluate("diarizePage.timeline.view.scale")
    phone.touchscreen.tap(x + second, y)
    assert phone.evaluate("diarizePage.store.selected.start") == 6
    Fingers(phone).move(((x + 2 * second, y), (x + 3 * second, y)))
    turn = phone.evaluate("diarizePage.document.turns[1]")
    assert (turn["start"], turn["end"]) == (6, pytest.approx(9, abs=0.1))
    assert turn["checked"] is True


def test_a_finger_on_the_waveform_still_scrolls_the_page(phone: Any) -> None:
    x, y = middle(phone, "waveform", 200)
    Fingers(phone).move(((x, y), (x, y - 150)), steps=12)
    phone.wait_for_timeout(300)
    assert phone.evaluate("scrollY") > 50
