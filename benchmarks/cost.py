"""What an hour costs, in units of a well-known computation of the same run: CPU seconds and memory of `diarize run`.

    python benchmarks/cost.py DIR [--hours 1 --hours 6] [--repeat 3]

DIR holds recordings; they are strung together, again and again, to files of so many hours (FLAC, 16 kHz).

unit     CPU seconds of one EM iteration of scikit-learn's GaussianMixture: 100,000 rows, 20 columns, 64 diagonal
         components; the difference between fits of 12 and of 2 iterations, over 10.
CPU s    of the whole command, start-up and decoding included, user and system together.
an hour  CPU s over the hours of the recording and over the unit.
MB       largest resident memory of the command, on Linux and macOS.

One thread. Medians of several runs, which take turns with the unit, so that noise of the machine hits both alike.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import click
import numpy as np
import soundfile
from startup import ONE_THREAD

from diarize.audio import SUFFIXES, read_audio
from diarize.formats.files import files_in

ROOT = Path(__file__).resolve().parents[1]
RATE = 16000  # Hz
# what the system counts for a process begins with the largest memory of the one that started it, here that of the unit;
# Linux also knows that of the program alone
RUN = """
import resource
from pathlib import Path
from diarize.cli import main
try:
    main()
finally:
    details = Path("/proc/self/status")
    lines = details.read_text().splitlines() if details.exists() else []
    own = [1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
    print("bytes", *(own or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


def strung(folder: Path, hours: float, target: Path) -> None:
    """Write the recordings of a folder one after the other, from the first again when all are through."""
    paths = files_in(folder, SUFFIXES, below=True)
    if not paths:
        raise click.ClickException(f"{folder}: no recordings")
    left = round(hours * 3600 * RATE)
    with soundfile.SoundFile(target, "w", RATE, 1) as file:
        while left > 0:
            for path in paths:
                sound = read_audio(path, RATE)[:left]
                file.write(sound)
                left -= len(sound)


def unit() -> float:
    """Return the CPU seconds of one iteration."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    x = np.random.default_rng(0).normal(size=(100_000, 20))
    model, seconds = GaussianMixture(64, covariance_type="diag", init_params="random_from_data", tol=0.0), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for iterations in (2, 12):
            begun = time.process_time()
            model.set_params(random_state=0, max_iter=iterations).fit(x)
            seconds.append(time.process_time() - begun)
    return (seconds[1] - seconds[0]) / 10


def command(audio: Path) -> tuple[float, float]:
    """Return CPU seconds and MB of `diarize run` on a file."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    arguments = [sys.executable, "-c", RUN, "run", str(audio), "--quiet", "-o", str(audio.parent / "turns")]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(done.stderr.strip()[-500:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, float(done.stdout.rpartition("bytes")[2]) / 1e6


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--hours", multiple=True, type=float, default=(1.0, 6.0), show_default=True)
@click.option("--repeat", default=3, type=click.IntRange(min=1), show_default=True)
def main(folder: Path, hours: tuple[float, ...], repeat: int) -> None:
    with tempfile.TemporaryDirectory() as made:
        paths = {length: Path(made) / f"hours_{length:g}.flac" for length in hours}
        for length, path in paths.items():
            strung(folder, length, path)
        command(next(iter(paths.values())))  # compiles what is not compiled yet
        units: list[float] = []
        runs: dict[float, list[tuple[float, float]]] = {length: [] for length in hours}
        for _ in range(repeat):
            units.append(unit())
            for length, path in paths.items():
                runs[length].append(command(path))
    one = statistics.median(units)
    click.echo(f"unit: {one:.3f} CPU s\n\n| hours | CPU s | an hour | MB |\n|---|---|---|---|")
    for length, measured in runs.items():
        seconds, megabytes = (statistics.median(column) for column in zip(*measured, strict=True))
        click.echo(f"| {length:g} | {seconds:.1f} | {seconds / length / one:.1f} | {megabytes:.0f} |")


if __name__ == "__main__":
    if not ONE_THREAD.items() <= os.environ.items():  # numpy reads them when it is imported
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    main()
