"""Four jobs from end to end, as people do them: an episode, an interview, forty calls, and names on a transcript.

    python benchmarks/jobs.py DATA WORK [--part 1] [--seed 0]

The material is composed of DATA/speech with the timing of DATA/recordings/dev, DATA/noise and DATA/rir, and written by
ffmpeg. It stays in WORK with its truth; what is there is not made again. `--part 0.1` makes a tenth of the minutes, and
of the calls.

episode     two hosts, jingles, music under the first words, 50 minutes of joint stereo MP3: page, labels, subtitles
interview   two people in a room, one microphone and noise, 20 minutes of M4A: tiers for ELAN and Praat
calls       40 calls of 2 to 4 minutes, 8 kHz mu-law, cross-talk and noise: turns with names, one table of talk time
names       a transcript as whisper writes it, words made by rule from the truth: VTT with names

Printed: minutes of sound, seconds of the commands by the clock and on the processor, DER in % without collar, and what
is special to the job. The models were trained on these voices, who read aloud; each says a minute again and again.
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from _battery_compose import Stock
from _jobs_material import EPISODE, INTERVIEW, calls, episode, interview, transcript
from cost import ROOT
from startup import ONE_THREAD

from diarize import Annotation
from diarize.evaluation.scoring import best_mapping, pooled, score
from diarize.transcripts import read_transcript

PROGRAM = [sys.executable, "-c", "from diarize.cli import main; main()"]
CALLS, AGREED = 40, "agent,customer"


@dataclass(frozen=True, slots=True)
class Done:
    """What a job took and gave; minutes of sound, seconds of the clock and of the processor, DER in %."""

    name: str
    minutes: float
    wall: float
    cpu: float
    der: float
    more: str

    def __str__(self) -> str:
        return f"| {self.name} | {self.minutes:.1f} | {self.wall:.0f} | {self.cpu:.0f} | {self.der:.1f} | {self.more} |"


def timed(commands: Sequence[Sequence[str]], folder: Path) -> tuple[float, float]:
    """Run commands in a folder; return the seconds that passed, and those of the processor."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    for words in commands:
        done = subprocess.run([*PROGRAM, *words], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
        if done.returncode:
            raise click.ClickException(f"diarize {' '.join(words)} ended with {done.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def error(pairs: Sequence[tuple[Path, Path]]) -> float:
    """Return the DER of found turns in %, pooled; the first of each pair of files is the truth."""
    return 100 * pooled([score(Annotation.read(truth), Annotation.read(found)) for truth, found in pairs]).der


def do_episode(work: Path) -> Done:
    shape = ["--num-speakers", "2", "-o", "show", "--format", "rttm,audacity"]
    spent = timed([["run", "episode.mp3", *shape, "--report", "show.html"]], work)
    pair = (work / "truth/episode.rttm", work / "show/episode.rttm")
    page = (work / "show.html").stat().st_size / 1e6
    return Done("episode", _minutes([pair[0]]), *spent, error([pair]), f"page of {page:.1f} MB")


def do_interview(work: Path) -> Done:
    spent = timed([["run", "interview.m4a", "-o", "tiers", "--format", "eaf,textgrid,rttm"]], work)
    pair = (work / "truth/interview.rttm", work / "tiers/interview.rttm")
    tiers = len(Annotation.read(work / "tiers/interview.eaf").labels)
    return Done("interview", _minutes([pair[0]]), *spent, error([pair]), f"{tiers} tiers")


def do_calls(work: Path) -> Done:
    sounds = sorted(f"calls/{path.name}" for path in (work / "calls").glob("*.wav"))
    run = ["run", *sounds, "--quiet", "--num-speakers", "2", "--channel-names", AGREED, "-o", "found"]
    spent = timed([run, ["stats", "found", "--format", "csv", "-o", "talk.csv"]], work)
    pairs = [(path, work / "found" / path.name) for path in sorted((work / "truth/calls").glob("*.rttm"))]
    with (work / "talk.csv").open(newline="", encoding="utf-8") as file:
        off = talk_off(list(csv.DictReader(file)), {path.stem: Annotation.read(path) for path, _ in pairs})
    return Done("calls", _minutes([path for path, _ in pairs]), *spent, error(pairs), off)


def talk_off(rows: Sequence[Mapping[str, str]], truth: Mapping[str, Annotation]) -> str:
    """Return how far the talk time of each speaker in each recording is from the true one, middle and largest share.

    Parameters
    ----------
    rows : sequence of mapping
        Of the table of `diarize stats`: recording, speaker, talk (s).
    truth : mapping of str to Annotation
    """
    found = {(row["recording"], row["speaker"]): float(row["talk"]) for row in rows if row["speaker"]}
    shares = sorted(
        abs(found.get((name, speaker), 0.0) - seconds) / seconds
        for name, turns in truth.items()
        for speaker, seconds in turns.durations().items()
    )
    return f"talk time off by {shares[len(shares) // 2]:.1%}, at most {shares[-1]:.0%}"


def do_names(work: Path) -> Done:
    label = ["label", "episode.json", "--turns", "show/episode.rttm", "-o"]
    spent = timed([[*label, "named.vtt"], [*label, "named.json"]], work)
    pair = (work / "truth/episode.rttm", work / "show/episode.rttm")
    names = best_mapping(*(Annotation.read(path) for path in pair))
    true = {(word.start, word.end): word.speaker for word in read_transcript(work / "truth/words.json").words}
    words = read_transcript(work / "named.json").words
    right = sum(names.get(word.speaker or "") == true[word.start, word.end] for word in words) / len(words)
    return Done("names", _minutes([pair[0]]), *spent, error([pair]), f"{right:.1%} of {len(words)} words right")


def _minutes(paths: Sequence[Path]) -> float:
    """Return the minutes of recordings up to their last words."""
    return sum(max(turn.end for turn in Annotation.read(path)) for path in paths) / 60


def prepared(data: Path, work: Path, part: float, seed: int) -> None:
    """Make what is not there yet."""
    makers: dict[str, Callable[[Stock], object]] = {
        "episode.mp3": lambda stock: episode(work, stock, seed, EPISODE * part),
        "interview.m4a": lambda stock: interview(work, stock, seed, INTERVIEW * part),
        "calls": lambda stock: calls(work, stock, max(1, round(CALLS * part)), seed),
    }
    missing = [maker for name, maker in makers.items() if not (work / name).exists()]
    if missing:
        work.mkdir(parents=True, exist_ok=True)
        stock = Stock.read(data, ("speech",))
        for maker in missing:
            maker(stock)
    if not (work / "episode.json").exists():
        transcript(Annotation.read(work / "truth/episode.rttm"), work, seed)


@click.command(help=__doc__)
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("work", type=click.Path(file_okay=False, path_type=Path))
@click.option("--part", default=1.0, type=click.FloatRange(0.02, 1), show_default=True, help="Of minutes and calls.")
@click.option("--seed", default=0, show_default=True)
def main(data: Path, work: Path, part: float, seed: int) -> None:
    prepared(data, work, part, seed)
    click.echo("| job | minutes | s | CPU s | DER % | |\n|---|---|---|---|---|---|")
    for job in (do_episode, do_interview, do_calls, do_names):
        click.echo(job(work))


if __name__ == "__main__":
    if not ONE_THREAD.items() <= os.environ.items():  # numpy reads them when it is imported
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    main()
