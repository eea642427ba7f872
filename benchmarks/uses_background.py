"""Background subtraction beside OpenCV's MOG2 on one video, in one run: equal masks, and frames per CPU second.

    python benchmarks/uses_background.py [--shared DIR] [--frames N] [--repeat N]

Both sides have the same settings, the defaults, and one thread. Each frame is given to both, one after the other, so
that noise of the machine hits both; the time is that of the thread that works. A repetition starts anew; the table has
medians over repetitions. The first frame, which compiles, is not timed. It needs OpenCV.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from diarize.gmm import BackgroundSubtractor

ROOT = Path(__file__).resolve().parents[1]


@click.command()
@click.option("--shared", default=ROOT.parent / "shared", type=click.Path(path_type=Path), help="Folder of the data.")
@click.option("--frames", default=400, type=click.IntRange(min=2), help="Frames of the video.")
@click.option("--repeat", default=3, type=click.IntRange(min=1), help="Repetitions.")
def main(shared: Path, frames: int, repeat: int) -> None:
    """Print the table."""
    try:
        import cv2
    except ImportError:
        raise click.ClickException("needs OpenCV: pip install opencv-python-headless") from None
    cv2.setNumThreads(1)
    video = read(cv2, shared / "media" / "vtest.avi", frames)
    print(f"{len(video)} frames of vtest.avi, {video[0].shape[1]} x {video[0].shape[0]}; one thread each\n")
    print("| frames | equal pixels % | worst frame % | ours, frames/s | MOG2, frames/s | ratio |")
    print("|---|---|---|---|---|---|")
    for title, pictures, shadows in (
        ("colour, shadows", video, True),
        ("colour", video, False),
        ("grey, shadows", [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in video], True),
    ):
        runs = [run(cv2, pictures, shadows) for _ in range(repeat)]
        equal, worst, ours, theirs = (statistics.median(values) for values in zip(*runs, strict=True))
        ratio = statistics.median(a / b for _, _, a, b in runs)
        print(f"| {title} | {100 * equal:.4f} | {100 * worst:.4f} | {ours:.0f} | {theirs:.0f} | {ratio:.2f} |")


def read(cv2: Any, path: Path, count: int) -> list[Any]:
    """Return the first frames of a video."""
    reader = cv2.VideoCapture(str(path))
    frames = []
    while len(frames) < count and (frame := reader.read()[1]) is not None:
        frames.append(frame)
    if not frames:
        raise click.ClickException(f"{path} is not there or holds no frames")
    return frames


def run(cv2: Any, frames: list[Any], shadows: bool) -> tuple[float, float, float, float]:
    """Return the mean and the least share of equal pixels, and frames per CPU second of ours and of OpenCV."""
    ours = BackgroundSubtractor(detect_shadows=shadows)
    theirs = cv2.createBackgroundSubtractorMOG2(detectShadows=shadows)
    equal, times = [], np.zeros(2)
    for number, frame in enumerate(frames):
        start = time.thread_time()
        mask = ours.apply(frame)
        middle = time.thread_time()
        wanted = theirs.apply(frame)
        end = time.thread_time()
        if number:
            times += middle - start, end - middle
        equal.append(np.mean(mask == wanted))
    speed = (len(frames) - 1) / times
    return float(np.mean(equal)), float(np.min(equal)), float(speed[0]), float(speed[1])


if __name__ == "__main__":
    main()
