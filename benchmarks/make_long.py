"""String the development recordings together into long ones, for `benchmarks/accuracy.py`.

    python benchmarks/make_long.py DIR OUT
    python benchmarks/accuracy.py OUT --details

DIR holds the folders `composed` and `equalised`. A name stands for the same speaker wherever it occurs.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import soundfile

from diarize import Annotation, Turn
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


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def main(folder: Path, out: Path) -> None:
    """Write the long recordings of FOLDER, with references, to OUT/long."""
    target = out / "long"
    target.mkdir(parents=True, exist_ok=True)
    for name, patterns in LONG.items():
        parts = [path for pattern in patterns.split() for path in sorted(folder.glob(f"*/{pattern}.flac"))]
        sounds, turns, offset = [], [], 0.0
        for path in parts:
            sounds.append(read_audio(path, RATE))
            reference = read_one(path.with_suffix(".rttm"))
            turns += [Turn(turn.start + offset, turn.end + offset, turn.speaker) for turn in reference]
            offset += len(sounds[-1]) / RATE
        soundfile.write(target / f"{name}.flac", np.concatenate(sounds), RATE)
        reference = Annotation(turns, name)
        write_rttm(reference, target / f"{name}.rttm")
        click.echo(f"{name}: {offset:.0f} s, {len(reference.labels)} speakers")


if __name__ == "__main__":
    main()
