"""What `diarize run` costs before it computes anything: CPU seconds of imports, of a run, of the computation alone.

    python benchmarks/startup.py [--audio FILE] [--repeat N] [--version NAME=FOLDER ...]

imports      `python -c "import numpy, scipy.fft, soundfile"`: no program on these libraries starts faster.
first        `diarize run FILE` with an empty folder for machine code: everything is compiled.
again        the same once more, and more often; the median. This is what a user waits for each time.
own          the second call of one `Diarizer` in one process: the computation without any start-up.
all/imports  again / imports.
rest         (again - own) / imports: start-up in units of the imports.

All are CPU seconds, user and system together, of one thread. The versions take turns, so that noise of the machine hits
all alike. `--version before=../old` measures the package in another folder in the same run.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
IMPORTS = "import numpy, scipy.fft, soundfile"
RUN = "from diarize.cli import main; main()"
OWN = """
import sys, time
from diarize import Diarizer
diarizer = Diarizer()
diarizer(sys.argv[1])
begun = time.process_time()
diarizer(sys.argv[1])
print(time.process_time() - begun)
"""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def python(code: str, package: Path, cache: Path, *arguments: str) -> tuple[float, str]:
    """Run code in a process of its own; return its CPU seconds and what it printed.

    It runs in the package's folder: the first place where `python -c` looks for modules is the one where it runs.
    """
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(package), "NUMBA_CACHE_DIR": str(cache)}
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=package,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    after = os.times()
    if done.returncode:
        raise click.ClickException(f"{package}: {done.stderr.strip().splitlines()[-1:]}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return used, done.stdout


def measure(versions: dict[str, Path], audio: Path, repeat: int) -> dict[str, dict[str, list[float]]]:
    """Return the CPU seconds of each version and kind of run, the versions taking turns."""
    seconds: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in versions}
    with tempfile.TemporaryDirectory() as folder:
        for name, package in versions.items():
            cache = Path(folder) / name
            seconds[name]["first"].append(python(RUN, package, cache, "run", str(audio), "--quiet")[0])
        for _ in range(repeat):
            for name, package in versions.items():
                cache = Path(folder) / name
                seconds[name]["imports"].append(python(IMPORTS, package, cache)[0])
                seconds[name]["again"].append(python(RUN, package, cache, "run", str(audio), "--quiet")[0])
                seconds[name]["own"].append(float(python(OWN, package, cache, str(audio))[1]))
    return seconds


@click.command(help=__doc__)
@click.option("--audio", default=ROOT / "audio_samples" / "dialogue.flac", type=click.Path(exists=True, path_type=Path))
@click.option("--repeat", default=5, type=click.IntRange(min=1), show_default=True, help="Measurements of each kind.")
@click.option("--version", "others", multiple=True, metavar="NAME=FOLDER", help="Another version of the package.")
def main(audio: Path, repeat: int, others: tuple[str, ...]) -> None:
    folders = dict(item.partition("=")[::2] for item in others)
    versions = {**{name: Path(folder).resolve() for name, folder in folders.items()}, "this": ROOT}
    click.echo("| version | imports | first | again | own | all/imports | rest |\n|---|---|---|---|---|---|---|")
    for name, seconds in measure(versions, audio.resolve(), repeat).items():
        imports, first, again, own = (statistics.median(seconds[kind]) for kind in ("imports", "first", "again", "own"))
        ratios = f"{again / imports:.1f} | {(again - own) / imports:.1f}"
        click.echo(f"| {name} | {imports:.2f} | {first:.1f} | {again:.2f} | {own:.2f} | {ratios} |")


if __name__ == "__main__":
    main()
