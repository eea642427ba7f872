"""What a page of a long recording costs: bytes, CPU seconds to write it, seconds until it is seen and heard, memory.

    python benchmarks/page.py FOLDER [--hours 1 --hours 3] [--sound embed --sound link]

FOLDER holds recordings; they are strung together, again and again, to MP3 of so many hours. Turns are drawn: three
people, 1 to 12 s each. Chromium (`chromium` on the path, driven by playwright) opens the page without a network.

write    CPU seconds of `diarize report`, start-up included.
MB       of the page.
seen     seconds from opening to the first picture with all turns.
ready    until the sound can be played.
memory   MB of the browser's process that shows the page, resident, once it is ready (Linux).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from cost import strung
from jobs import timed
from startup import ONE_THREAD

from diarize import Annotation, Turn

SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SEEN = "globalThis.diarizePage && !diarizePage.timeline.stale"
READY = "globalThis.diarizePage && !diarizePage.loading && diarizePage.player.ready"
LENGTHS = (1.0, 12.0)  # s, of a turn
PATIENCE = 120.0  # s


def drawn(seconds: float) -> Annotation:
    """Return turns of three people that fill so many seconds, one after the other."""
    rng = np.random.default_rng(0)
    turns, start = [], 0.0
    while (end := start + float(rng.uniform(*LENGTHS))) < seconds:
        turns.append(Turn(start, end, f"speaker{rng.integers(3) + 1}", 0.9))
        start = end + 0.2
    return Annotation(turns, "long")


def opened(browser: Any, path: Path) -> tuple[float, float, float]:
    """Open a page; return seconds until it is seen, and until its sound is ready, and MB of its process."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page, began = context.new_page(), time.monotonic()
    page.goto(path.resolve().as_uri())
    seen, ready = (_until(page, expression, began) for expression in (SEEN, READY))
    listed = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = [_resident(process["id"]) for process in listed if process["type"] == "renderer"]
    context.close()
    return seen, ready, max(sizes, default=0.0)


def _until(page: Any, expression: str, began: float) -> float:
    while not page.evaluate(expression):
        if time.monotonic() - began > PATIENCE:
            raise click.ClickException(f"the page is not there after {PATIENCE:g} s")
        page.wait_for_timeout(20)
    return time.monotonic() - began


def _resident(process: int) -> float:
    """Return MB of a process."""
    path = Path(f"/proc/{process}/status")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024 / 1e6


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--hours", multiple=True, type=float, default=(1.0, 3.0), show_default=True)
@click.option("--sound", multiple=True, type=click.Choice(["embed", "link"]), default=("embed", "link"))
def main(folder: Path, hours: tuple[float, ...], sound: tuple[str, ...]) -> None:
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        raise click.ClickException("the program chromium is needed")
    click.echo("| hours | sound | write, CPU s | MB | seen, s | ready, s | memory, MB |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        for length in hours:
            work = Path(made)
            strung(folder, length, work / "long.flac")
            words = ["ffmpeg", "-v", "error", "-y", "-i", "long.flac", "-b:a", "64k", "long.mp3"]
            subprocess.run(words, cwd=work, check=True)
            drawn(length * 3600).write(work / "long.rttm")
            for kind in sound:
                command = ["report", "long.mp3", "long.rttm", "-o", "long.html", "--sound", kind, "--quiet"]
                _, cpu = timed([command], work)
                size = (work / "long.html").stat().st_size / 1e6
                browser = playwright.chromium.launch(executable_path=program, args=SWITCHES)
                seen, ready, memory = opened(browser, work / "long.html")
                browser.close()
                click.echo(
                    f"| {length:g} | {kind} | {cpu:.0f} | {size:.1f} | {seen:.1f} | {ready:.1f} | {memory:.0f} |"
                )


if __name__ == "__main__":
    if not ONE_THREAD.items() <= os.environ.items():  # numpy reads them when it is imported
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    main()
