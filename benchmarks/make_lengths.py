"""Make long recordings of the development recordings by stringing them together, and short ones by cutting them.

    python benchmarks/make_lengths.py DIR OUT
    python benchmarks/accuracy.py OUT --details

DIR holds the folders `composed` and `equalised`. A name stands for the same speaker wherever it occurs.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import soundfile

from diarize import Annotation, Segment, Turn
from diarize.audio import read_audio
from diarize.formats.rttm import read_one, write_rttm

RATE = 16000
LONG = {
    "five": "C_D_interview3 C_D_meeting4_ami C_D_meeting4_overlap C_D_meeting5_ami_reverb C_D_tel2_a C_D_tel2_b",
    "fourteen": "S_D_meeting4 S_D_meeting6 S_D_panel4",
    "news": "C_D_broadcast4 C_D_broadcast6 C_D_broadcast8 C_D_broadcast10",
    "everybody": "C_D_* S_D_*",
    "hour_of_three": " ".join(["C_D_long3_ami"] * 11),
}
SHORT = (20, 45, 90)  # s

Sound = np.ndarray[tuple[int], np.dtype[np.float32]]


def shifted(turns: Annotation, seconds: float) -> list[Turn]:
    """Return the turns that much later."""
    return [Turn(turn.start + seconds, turn.end + seconds, turn.speaker) for turn in turns]


def strung(paths: list[Path]) -> tuple[Sound, list[Turn]]:
    """Return the sound and the turns of several recordings one after the other."""
    sounds, turns, offset = [], [], 0.0
    for path in paths:
        sounds.append(read_audio(path, RATE))
        turns += shifted(read_one(path.with_suffix(".rttm")), offset)
        offset += len(sounds[-1]) / RATE
    return np.concatenate(sounds), turns


def write(folder: Path, name: str, sound: Sound, turns: list[Turn]) -> None:
    """Write a recording and its reference, and say what is in them."""
    folder.mkdir(parents=True, exist_ok=True)
    reference = Annotation(turns, name)
    soundfile.write(folder / f"{name}.flac", sound, RATE)
    write_rttm(reference, folder / f"{name}.rttm")
    click.echo(f"{folder.name}/{name}: {len(sound) / RATE:.0f} s, {len(reference.labels)} speakers")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def main(folder: Path, out: Path) -> None:
    """Write long and short recordings made of those in FOLDER, with references, to folders in OUT."""
    for name, patterns in LONG.items():
        paths = [path for pattern in patterns.split() for path in sorted(folder.glob(f"*/{pattern}.flac"))]
        write(out / "long", name, *strung(paths))
    for path in sorted(folder.glob("*/[CS]_D_*.flac")):
        sound, reference = read_audio(path, RATE), read_one(path.with_suffix(".rttm"))
        for length in SHORT:
            start = round(len(sound) / RATE / 4, 1)
            end = start + length
            piece = sound[round(start * RATE) : round(end * RATE)]
            turns = shifted(reference.crop(Segment(start, end)), -start)
            if len(piece) == length * RATE and turns:
                write(out / f"short{length}", path.stem, piece, turns)


if __name__ == "__main__":
    main()
