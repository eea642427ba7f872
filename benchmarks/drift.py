"""Whether times stay right over an hour, in every kind of file, and what reading it costs.

    python benchmarks/drift.py RECORDING [--minutes N] [--rate HZ]

RECORDING is repeated until it lasts an hour, with a click near the start, every ten minutes, and near the end. ffmpeg
writes that as WAV and in other formats into a temporary folder. Each file is read as `diarize` reads it, in a process
of its own, and the two seconds around each click are compared with those of the array that was written.

start, middle, end   how much too late the sound is there, in ms.
most                 the largest of these over all clicks, without its sign.
length               of what was read, in s.
MB                   the largest memory of the process that reads; in the line `imports`, of one that reads 0.1 s.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import soundfile

from diarize.audio import read_audio

Samples = npt.NDArray[np.float32]

FORMATS = {  # name: how ffmpeg writes it
    "wav": ("sound.wav",),
    "flac": ("sound.flac",),
    "mp3, constant rate": ("-b:a", "64k", "cbr.mp3"),
    "mp3, constant, no header": ("-b:a", "64k", "-write_xing", "0", "-id3v2_version", "0", "bare.mp3"),
    "mp3, variable, no header": ("-q:a", "4", "-write_xing", "0", "-id3v2_version", "0", "vbr.mp3"),
    "m4a (aac)": ("-c:a", "aac", "-b:a", "64k", "sound.m4a"),
    "opus": ("-c:a", "libopus", "-b:a", "32k", "sound.opus"),
}
READ = """
import resource, sys
import numpy as np
from diarize.audio import open_audio

target, path, rate = sys.argv[1], sys.argv[2], int(sys.argv[3])
stretches = [(int(first), int(first) + 2 * rate) for first in sys.argv[4:]]
heard = [[] for _ in stretches]
position = 0
with open_audio(path, rate) as stream:
    for block in stream:
        for (first, stop), kept in zip(stretches, heard):
            kept.append(block[max(first - position, 0) : max(stop - position, 0)].copy())
        position += len(block)
np.savez(target, *[np.concatenate(each) for each in heard])
print(position / rate, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def click_places(seconds: int, rate: int) -> list[int]:
    """Return the samples where the clicks are."""
    stop = (seconds - 10) * rate
    return [10 * rate, *range(600 * rate, stop - 10 * rate, 600 * rate), stop]


def composed(part: Samples, stretch: range, places: list[int], rate: int) -> Samples:
    """Return a stretch of the hour: a recording again and again, with clicks.

    The hour is never in memory: a process counts what the one that started it had held as its own.
    """
    samples = 0.5 * part[np.arange(stretch.start, stretch.stop) % len(part)]
    pulse = 0.5 * np.hanning(rate // 500) * np.sin(np.arange(rate // 500))  # 2 ms
    for place in places:
        if place in stretch:
            here = samples[place - stretch.start :][: len(pulse)]
            here += pulse[: len(here)]
    return samples


def lag(heard: Samples, written: Samples, rate: int) -> float:
    """Return by how many ms one array is later than the other."""
    n_fft = 2 * max(len(heard), len(written))
    likeness = np.fft.irfft(np.fft.rfft(heard, n_fft) * np.fft.rfft(written, n_fft).conj())
    shift = int(np.argmax(likeness))
    return 1000 * (shift - n_fft if shift > n_fft // 2 else shift) / rate


def read(path: str, rate: int, firsts: list[int], folder: Path) -> tuple[list[Samples], float, float]:
    """Return what is heard in two seconds from each place on, the length in seconds, and the memory in MB."""
    target = folder / "heard.npz"
    done = subprocess.run(
        [sys.executable, "-c", READ, str(target), path, str(rate), *map(str, firsts)], capture_output=True, text=True
    )
    if done.returncode:
        raise click.ClickException(done.stderr.strip().splitlines()[-1])
    seconds, megabytes = map(float, done.stdout.split())
    with np.load(target) as arrays:
        return [arrays[name] for name in arrays.files], seconds, megabytes


@click.command()
@click.argument("recording", type=click.Path(exists=True, path_type=Path))
@click.option("--minutes", type=click.IntRange(min=2), default=60, show_default=True)
@click.option("--rate", type=click.IntRange(min=8000), default=16000, show_default=True, help="Sample rate in Hz.")
def main(recording: Path, minutes: int, rate: int) -> None:
    """Show how far times are off in an hour of RECORDING in several formats, and the memory that reading takes."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise click.ClickException("the files are made by the program ffmpeg, which is not on PATH; install it")
    part, places = read_audio(recording, rate), click_places(60 * minutes, rate)
    firsts = [place - rate for place in places]
    click.echo(f"{'':26}{'start':>8}{'middle':>8}{'end':>8}{'most':>8}{'length':>11}{'MB':>6}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with soundfile.SoundFile(folder / "written.wav", "w", rate, 1) as file:
            for minute in range(minutes):
                file.write(composed(part, range(60 * minute * rate, 60 * (minute + 1) * rate), places, rate))
        written = [composed(part, range(first, first + 2 * rate), places, rate) for first in firsts]
        click.echo(f"{'imports':26}{_nothing(folder):49.0f}")
        for kind, arguments in FORMATS.items():
            target = folder / arguments[-1]
            command = [program, "-nostdin", "-v", "error", "-i", folder / "written.wav", *arguments[:-1], target]
            subprocess.run(command, check=True)
            heard, seconds, megabytes = read(str(target), rate, firsts, folder)
            target.unlink()
            late = [lag(*pair, rate) for pair in zip(heard, written, strict=True)]
            shown = (late[0], late[len(late) // 2], late[-1], max(map(abs, late)))
            click.echo(f"{kind:26}{''.join(f'{each:8.2f}' for each in shown)}{seconds:11.3f}{megabytes:6.0f}")


def _nothing(folder: Path) -> float:
    """Return the memory of a process that has read a tenth of a second."""
    soundfile.write(folder / "short.wav", np.zeros(800), 8000)
    return read(str(folder / "short.wav"), 8000, [0], folder)[2]


if __name__ == "__main__":
    main()
