"""What an hour costs, in units of a well-known computation of the same run: CPU seconds and memory of `diarize run`.

    python benchmarks/cost.py DIR [--hours 1 --hours 6] [--repeat 3]
    python benchmarks/cost.py --kept STATE.npz [--kept ...] [--answers 5,20,60] [--repeat 5]

DIR holds recordings; they are strung together, again and again, to files of so many hours (FLAC, 16 kHz).

unit     CPU seconds of one EM iteration of scikit-learn's GaussianMixture: 100,000 rows, 20 columns, 64 diagonal
         components; the difference between fits of 12 and of 2 iterations, over 10.
CPU s    of the whole command, start-up and decoding included, user and system together.
an hour  CPU s over the hours of the recording and over the unit.
MB       largest resident memory of the command, on Linux and macOS.

With --kept it is what a correction costs: STATE.npz comes from `diarize run --keep`. Of so many turns, spread evenly, a
person says who speaks: in three of four who was found, in the fourth whoever was found next.

load, correct, checks     CPU s of `Diarization.load`, `Diarizer.correct` and `checks`, when nothing is to be compiled.
command                   of `diarize correct` as a whole, start-up included.

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
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import soundfile
from startup import ONE_THREAD

from diarize import Annotation, Diarization, Diarizer, Hints, Turn, checks
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


def command(*arguments: str | Path) -> tuple[float, float]:
    """Return CPU seconds and MB of a command of `diarize`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    line = [sys.executable, "-c", RUN, *map(str, arguments), "--quiet"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(done.stderr.strip()[-500:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, float(done.stdout.rpartition("bytes")[2]) / 1e6


def answers(result: Diarization, count: int) -> Hints:
    """Return what a person says of so many turns, at most 10 s of each."""
    turns = [turn for turn in result.annotation if turn.duration > 0.5]
    asked = [turns[k] for k in np.unique(np.linspace(0, len(turns) - 1, count).astype(int))]
    others = dict(zip(result.names, [*result.names[1:], result.names[0]], strict=True))
    said = [others[turn.speaker] if k % 4 == 3 else turn.speaker for k, turn in enumerate(asked)]
    return Hints(
        Turn(turn.start, min(turn.end, turn.start + 10.0), name) for turn, name in zip(asked, said, strict=True)
    )


def timed(work: Callable[[], Any], repeat: int) -> tuple[float, Any]:
    """Return the median of the CPU seconds of so many runs after a first one, and what the last one gave."""
    seconds, given = [], work()
    for _ in range(repeat):
        begun = time.process_time()
        given = work()
        seconds.append(time.process_time() - begun)
    return statistics.median(seconds), given


def corrections(kept: Path, counts: Sequence[int], repeat: int) -> Iterator[str]:
    """Yield rows of the table of what a correction costs, one for each number of answers."""
    loading, result = timed(lambda: Diarization.load(kept), repeat)
    diarizer, size = Diarizer(result.config, model=result.model), kept.stat().st_size / 1e6
    for count in counts:
        hints = answers(result, count)
        correcting, corrected = timed(partial(diarizer.correct, result, hints), repeat)
        ranking, _ = timed(partial(checks, corrected, hints), repeat)
        with tempfile.TemporaryDirectory() as made:
            path = Path(made) / "hints.rttm"
            Annotation(hints.annotation, result.annotation.uri).write(path)
            whole = statistics.median(
                command("correct", kept.resolve(), "--hints", path, "-o", Path(made) / "x.rttm")[0]
                for _ in range(repeat)
            )
        yield (
            f"| {(result.frames.duration or 0) / 3600:.2f} | {len(result.names)} | {size:.1f} | {count} "
            f"| {loading:.2f} | {correcting:.2f} | {ranking:.2f} | {whole:.2f} |"
        )


@click.command(help=__doc__)
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--hours", multiple=True, type=float, default=(1.0, 6.0), show_default=True)
@click.option("--kept", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--answers", "counts", default="5,20,60", show_default=True)
@click.option("--repeat", default=3, type=click.IntRange(min=1), show_default=True)
def main(folder: Path | None, hours: tuple[float, ...], kept: tuple[Path, ...], counts: str, repeat: int) -> None:
    if (folder is None) == (not kept):
        raise click.UsageError("give either a folder of recordings or --kept STATE.npz")
    if folder is not None:
        runs_of(folder, hours, repeat)
        return
    click.echo(
        "| hours | speakers | MB | answers | load | correct | checks | command |\n|---|---|---|---|---|---|---|---|"
    )
    for path in kept:
        for row in corrections(path, [int(count) for count in counts.split(",")], repeat):
            click.echo(row)


def runs_of(folder: Path, hours: tuple[float, ...], repeat: int) -> None:
    """Print what runs on recordings of so many hours cost."""
    with tempfile.TemporaryDirectory() as made:
        paths = {length: Path(made) / f"hours_{length:g}.flac" for length in hours}
        for length, path in paths.items():
            strung(folder, length, path)
        run = ("run", "-o", Path(made) / "turns")
        command(*run, next(iter(paths.values())))  # compiles what is not compiled yet
        units: list[float] = []
        runs: dict[float, list[tuple[float, float]]] = {length: [] for length in hours}
        for _ in range(repeat):
            units.append(unit())
            for length, path in paths.items():
                runs[length].append(command(*run, path))
    one = statistics.median(units)
    click.echo(f"unit: {one:.3f} CPU s\n\n| hours | CPU s | an hour | MB |\n|---|---|---|---|")
    for length, measured in runs.items():
        seconds, megabytes = (statistics.median(column) for column in zip(*measured, strict=True))
        click.echo(f"| {length:g} | {seconds:.1f} | {seconds / length / one:.1f} | {megabytes:.0f} |")


if __name__ == "__main__":
    if not ONE_THREAD.items() <= os.environ.items():  # numpy reads them when it is imported
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    main()
