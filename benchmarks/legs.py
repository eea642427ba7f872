"""Two-channel calls: is it seen what the channels are, and who speaks when in each, by cross-talk.

    python benchmarks/legs.py DATA [--count 40] [--seed 3] [--half 2] [--save CALLS.json]

Calls are composed of DATA/speech, with the timing of real conversations, a voice of one end in the channel of the other
15 to 40 dB below its own and up to 0.2 s late, noise, codecs and gains; behind a quarter of them are three or four
people. For every second call there is a recording that is no call: one signal twice, opposite signs, silence, hum,
two microphones in a room, music. DER in per cent, overlap scored, number of speakers unknown.

What counts as speech is read off the voice of each person before anything is added to it (`diarize/training/marks.py`):
from 34 dB under its loud sounds on (less deep where the voice was recorded in noise), 10 ms more at the start and 40 at
the end, as labellers leave it, and not what lies more than 5 dB under the noise of its channel, over 150 ms. A pause
shorter than .35 s is part of the turn, as in real references of calls. The last lines have the error with the usual
collar of .25 s beside that without one, and with the reference as it was before: there, a pause between two utterances
of a speaker divided a turn however short it was, .1 s at the least.

The voices are in two halves. Settings are chosen on the first one, with seed 1, and measured on the second.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
from _battery_compose import Stock
from _battery_voices import fold
from _legs_compose import Case, Stereo, cases, compose

from diarize import Diarizer, DiarizeWarning, Segment
from diarize.channels.relation import relation_of
from diarize.evaluation.scoring import score

COLLAR = 0.25  # s
EXPECTED = {"legs": "legs", "twice": "twice", "opposite": "twice", "silent": "one", "hum": "one"}  # else "room"


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one recording; seconds, summed over both channels.

    `lenient` and `divided` are all speech and all that is wrong of it: with a collar, and with the older reference.
    """

    name: str
    kind: str
    seen: str
    crosstalk: float
    snr: float | None
    line: str
    corpus: str
    people: tuple[int, ...]
    behind: tuple[int, ...]
    total: float
    missed: float
    false_alarm: float
    confusion: float
    lenient: tuple[float, float]
    divided: tuple[float, float]
    cpu: float

    @property
    def right(self) -> bool:
        """Whether it was seen what the channels are."""
        return self.seen == EXPECTED.get(self.kind, "room")

    @property
    def mixed(self) -> bool:
        """Whether it was taken for something that is mixed."""
        return self.seen != "legs"

    @property
    def error(self) -> float:
        """Seconds that are wrong."""
        return self.missed + self.false_alarm + self.confusion


def measure(case: Case, stereo: Stereo, diarizer: Diarizer) -> Row:
    """Diarize one recording as anybody would, and compare."""
    sound, began = (stereo.samples, stereo.rate), time.process_time()
    seen = relation_of(sound).kind
    parts, behind, lenient, divided = (0.0, 0.0, 0.0, 0.0), (), (0.0, 0.0), (0.0, 0.0)
    if case.kind == "legs":
        result = diarizer.diarize(sound, uri=case.name)
        behind = tuple(sum(label.startswith(f"channel{leg}") for label in result.annotation.labels) for leg in (1, 2))
        whole = [Segment(0.0, len(stereo.samples) / stereo.rate)]
        found = score(stereo.reference, result.annotation, whole)
        parts = (found.total, found.missed, found.false_alarm, found.confusion)
        found = score(stereo.reference, result.annotation, whole, COLLAR)
        lenient = (found.total, found.error)
        found = score(stereo.divided, result.annotation, whole)
        divided = (found.total, found.error)
    corpus = case.people[0][0].rstrip("0123456789").split("_")[0]
    sizes, spent = tuple(len(group) for group in case.people), time.process_time() - began
    setting = (case.crosstalk, case.snr, case.line, corpus)
    return Row(case.name, case.kind, seen, *setting, sizes, behind, *parts, lenient, divided, spent)


def pooled(rows: Sequence[Row], rng: np.random.Generator) -> str:
    """Return DER and its parts, and the middle 95 % of the DER over drawings of the same recordings."""
    values = np.array([(row.total, row.missed, row.false_alarm, row.confusion) for row in rows])
    total, *parts = values.sum(axis=0)
    drawn = values[rng.integers(len(rows), size=(2000, len(rows)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 1:].sum(axis=1) / drawn[:, 0], (0.025, 0.975)) * 100
    missed, false_alarm, confusion = (100 * part / total for part in parts)
    der = missed + false_alarm + confusion
    return f"{der:6.2f}  {low:5.2f}-{high:5.2f}  {missed:6.2f} {false_alarm:6.2f} {confusion:6.2f}"


def beside(rows: Sequence[Row]) -> str:
    """Return DER as it is without and with a collar, and with the older reference, as lines of text."""
    single = [row for row in rows if sum(row.people) == 2]
    groups = {"one each": single, "seen as legs": [row for row in single if not row.mixed], "all": rows}
    lines = [f"{'':<14}   n     DER  collar {COLLAR}  reference as before"]
    for name, group in groups.items():
        sums = np.sum([[(row.total, row.error), row.lenient, row.divided] for row in group], axis=0)
        strict, lenient, divided = 100 * sums[:, 1] / sums[:, 0]
        lines.append(f"{name:<14} {len(group):3d}  {strict:6.2f}  {lenient:11.2f}  {divided:19.2f}")
    return "\n".join(lines)


def table(title: str, rows: Sequence[Row], key: Callable[[Row], object]) -> str:
    """Return the error of each group of calls as lines of text."""
    rng = np.random.default_rng(0)
    lines = [f"{title:<14}   n     DER     95 %      missed  false  wrong one"]
    for value in sorted({key(row) for row in rows}, key=str):
        group = [row for row in rows if key(row) == value]
        lines.append(f"{value!s:<14} {len(group):3d}  {pooled(group, rng)}")
    return "\n".join([*lines, f"{'all':<14} {len(rows):3d}  {pooled(rows, rng)}"])


def _counted(kind: str, rows: Sequence[Row]) -> str:
    right, mixed = sum(row.right for row in rows), sum(row.mixed for row in rows)
    return f"{kind:<17} {right} of {len(rows)}, {mixed} mixed"


def report(rows: Sequence[Row]) -> str:
    """Return all tables."""
    calls = [row for row in rows if row.kind == "legs"]
    keys: dict[str, Callable[[Row], object]] = {
        "cross-talk, dB": lambda row: row.crosstalk,
        "noise, dB": lambda row: row.snr,
        "line": lambda row: row.line,
        "voices": lambda row: row.corpus,
        "people": lambda row: sum(row.people),
    }
    kinds = sorted({row.kind for row in rows})
    seen = [_counted(kind, [row for row in rows if row.kind == kind]) for kind in kinds]
    alone = [(one, found) for row in calls for one, found in zip(row.people, row.behind, strict=False)]
    counted = ", ".join(
        f"{size} behind a channel: right in {sum(found == size for one, found in alone if one == size)} of "
        f"{sum(one == size for one, _ in alone)}"
        for size in sorted({one for one, _ in alone})
    )
    return "\n\n".join(
        [
            "seen as what they are\n" + "\n".join(seen),
            *(table(title, calls, key) for title, key in keys.items()),
            counted,
            beside(calls),
        ]
    )


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True))
@click.option("--count", default=40, show_default=True, help="Calls; half as many other recordings.")
@click.option("--seed", default=3, show_default=True)
@click.option("--half", default=2, show_default=True, type=click.IntRange(0, 2), help="Of the voices; 0 for all.")
@click.option("--save", type=click.Path(path_type=Path), help="All rows as JSON.")
def main(data: Path, count: int, seed: int, half: int, save: Path | None) -> None:
    """Measure calls composed of DATA/speech, DATA/recordings, DATA/noise and DATA/rir."""
    stock, diarizer = Stock.read(data, ("speech",)), Diarizer()
    rows: list[Row] = []
    voices = list(stock.voices.values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DiarizeWarning)
        for case in cases(fold(voices, half - 1, 2) if half else voices, count, seed):
            row = measure(case, compose(case, stock), diarizer)
            rows.append(row)
            shown = f"{100 * row.error / row.total:.2f}" if row.total else ""
            click.echo(f"{row.name} {row.seen} {row.people} {row.behind} {shown}", err=True)
    if save is not None:
        save.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    click.echo(report(rows))


if __name__ == "__main__":
    main()
