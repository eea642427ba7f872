"""A headless Chromium for all tests that open a page: one in each process; without one these tests skip and say why."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

SWITCHES = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"] + [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Start Debian's Chromium."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright (pip install playwright)")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs Chromium at `chromium` on the path (apt-get install chromium)")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        yield started
        started.close()


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    """Return a function that waits until something is true in a page; Playwright's own needs eval, which it forbids."""

    def wait(page: Any, expression: str, seconds: float = 15.0) -> None:
        for _ in range(int(seconds / 0.05)):
            if page.evaluate(expression):
                return
            page.wait_for_timeout(50)
        pytest.fail(f"never true: {expression}")

    return wait
