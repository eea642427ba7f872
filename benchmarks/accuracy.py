"""Diarization error on a folder of recordings with references, with the built-in and with the given speech marks.

    python benchmarks/accuracy.py DIR [--config NAME|PATH] [--model MODEL.npz] [--details]

DIR holds recordings, each with NAME.rttm (and NAME.uem) beside it; folders in it are tables of their own. Figures are
per cent of reference speech: DER, missed, false alarm and confusion without a collar and with overlap scored, DER with
a collar of 0.25 s, JER. Speakers are found/true. Seconds are CPU seconds of one process, decoding included.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from diarize import Annotation, Config, Diarizer, DiarizeWarning, load_config
from diarize.evaluation.scoring import Score, pooled, score
from diarize.formats.rttm import read_one
from diarize.formats.uem import read_uem
from diarize.model import Model

SOUNDS = {".wav", ".flac", ".ogg", ".opus", ".mp3"}
HEADER = f"{'':32}" + "    DER   miss     FA   conf  DER.25    JER  speakers   CPU s  x real"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    strict: Score
    lenient: Score
    duration: float
    seconds: float

    def __str__(self) -> str:
        strict = self.strict
        shares = [100 * part / strict.total for part in (strict.missed, strict.false_alarm, strict.confusion)]
        rates = "".join(f"{value:7.2f}" for value in (100 * strict.der, *shares))
        speakers = f"{strict.n_hypothesis}/{strict.n_reference}"
        speed = f"{self.seconds:8.2f}{self.duration / max(self.seconds, 1e-9):8.0f}"
        return f"{self.name:32.32}{rates}{100 * self.lenient.der:8.2f}{100 * strict.jer:7.1f}{speakers:>10}{speed}"


def recordings(folder: Path) -> Iterator[Path]:
    """Yield the recordings of a folder that have a reference."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in SOUNDS and path.with_suffix(".rttm").exists():
            yield path


def run(diarizer: Diarizer, path: Path, given: bool) -> Row:
    """Diarize one recording and score it."""
    reference = read_one(path.with_suffix(".rttm"))
    marks = path.with_suffix(".uem")
    regions = read_uem(marks) if marks.exists() else {}
    uem = regions.get(reference.uri) or regions.get(path.stem)
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DiarizeWarning)
        turns = diarizer(path, speech=reference.speech() if given else None)
    seconds = time.process_time() - began
    hypothesis = Annotation(turns, reference.uri)
    duration = sum(segment.duration for segment in uem) if uem else max(turn.end for turn in reference)
    strict, lenient = (score(reference, hypothesis, uem, collar) for collar in (0.0, 0.25))
    return Row(path.stem, strict, lenient, duration, seconds)


def table(diarizer: Diarizer, folder: Path, given: bool, details: bool) -> None:
    """Print the table of one folder."""
    rows = [run(diarizer, path, given) for path in recordings(folder)]
    click.echo(f"{folder.name}, {'given speech marks' if given else 'own speech detection'}\n{HEADER}")
    for row in rows if details else []:
        click.echo(row)
    total = Row(
        f"pooled ({len(rows)})",
        pooled(row.strict for row in rows),
        pooled(row.lenient for row in rows),
        sum(row.duration for row in rows),
        sum(row.seconds for row in rows),
    )
    right = sum(row.strict.n_hypothesis == row.strict.n_reference for row in rows)
    click.echo(f"{total}\n{'':32}number of speakers right in {right} of {len(rows)}\n")


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--config", default="default", show_default=True, help="Settings to use.")
@click.option("--model", type=click.Path(exists=True, dir_okay=False), help="A model instead of the configured one.")
@click.option("--marks", type=click.Choice(["both", "own", "given"]), default="both", help="Whose speech marks.")
@click.option("--details", is_flag=True, help="A line for each recording.")
def main(folder: Path, config: str, model: str | None, marks: str, details: bool) -> None:
    settings: Config = load_config(config)
    diarizer = Diarizer(settings, model=Model.load(model) if model else None)
    folders = [part for part in (folder, *sorted(folder.iterdir())) if part.is_dir() and any(recordings(part))]
    if not folders:
        raise click.UsageError(f"no recordings with references in {folder}")
    for part in folders:
        for given in (False, True):
            if marks in ("both", "given" if given else "own"):
                table(diarizer, part, given, details)


if __name__ == "__main__":
    main()
