"""Pages made for tests, and a headless Chromium that opens them; without one these tests skip and say why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diarize.annotation import Annotation
from diarize.report import PageOptions, write_report

RATE = 16000


@pytest.fixture(scope="session")
def clicks() -> tuple[np.ndarray, int]:
    """Return twelve seconds with a tone in the first five, silent then but for one click at 7 s."""
    time = np.arange(12 * RATE) / RATE
    sound = np.where(time < 5, 0.2 * np.sin(2 * np.pi * 440 * time), 0).astype(np.float32)
    sound[7 * RATE : 7 * RATE + 3] = [0.5, 0.9, 0.5]
    return sound, RATE


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory, clicks: tuple[np.ndarray, int]) -> Callable[..., Path]:
    """Return a function that writes a page of twelve seconds under a name, once."""
    folder = tmp_path_factory.mktemp("pages")
    made: dict[str, Path] = {}

    def write(name: str, annotation: Annotation, **options: Any) -> Path:
        if name not in made:
            made[name] = folder / f"{name}.html"
            write_report(clicks, annotation, made[name], PageOptions(**options))
        return made[name]

    return write


def complains(line: Any) -> bool:
    """Tell whether a line of the console is a complaint; a sound that is not there may be missed."""
    return line.type in ("error", "warning") and "ERR_FILE_NOT_FOUND" not in line.text


@pytest.fixture
def opened(browser: Any, until: Callable[..., None]) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a page file; whatever the page complains about fails the test."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def open_page(path: Path, **settings: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1366, "height": 768}, **settings})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if complains(line) else None)
        page.on("request", lambda asked: complaints.append(asked.url) if asked.url.startswith("http") else None)
        page.goto(path.as_uri())
        until(page, "globalThis.diarizePage && !diarizePage.loading")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
