"""Tables of the battery: error and number of speakers by stratum, with bootstrap intervals; two runs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DRAWS = 2000
LIMITS = (2.5, 97.5)  # per cent; of an interval
MARKS = {"own": "own speech detection", "given": "given speech marks"}
HEADER = f"{'':28}   n  hours     DER  (95 %)           miss     FA   conf  all one   right  over under"


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one conversation with one kind of speech marks.

    Parameters
    ----------
    name, stratum, kind, marks : str
    seconds : float
        Length of the recording.
    total, missed, false_alarm, confusion : float, s
    everyone : float, s
        Error of the reference's speech marks with one label for all.
    n_reference, n_hypothesis : int
    cpu : float, s
    """

    name: str
    stratum: str
    kind: str
    marks: str
    seconds: float
    total: float
    missed: float
    false_alarm: float
    confusion: float
    everyone: float
    n_reference: int
    n_hypothesis: int
    cpu: float

    @property
    def error(self) -> float:
        """Missed, false alarm and confusion together, in seconds."""
        return self.missed + self.false_alarm + self.confusion


def bootstrap_shares(errors: Floats, totals: Floats, rng: np.random.Generator, draws: int = DRAWS) -> Floats:
    """Return the pooled share sum(errors) / sum(totals) of recordings drawn with replacement, shape (draws,).

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap, Chapman & Hall 1993, ch. 13 (percentile intervals).
    """
    weights = rng.multinomial(len(totals), np.full(len(totals), 1 / len(totals)), draws)
    shares: Floats = weights @ errors / np.maximum(weights @ totals, 1e-9)
    return shares


def _interval(draws: Floats) -> str:
    low, high = np.percentile(100 * draws, LIMITS)
    return f"({low:5.1f} ..{high:5.1f})"


def by_stratum(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows of each stratum, in the order in which the strata come."""
    strata: dict[str, list[Row]] = {}
    for row in rows:
        strata.setdefault(row.stratum, []).append(row)
    return strata


def report(rows: Sequence[Row], marks: str) -> str:
    """Return the table of one kind of speech marks."""
    chosen = [row for row in rows if row.marks == marks]
    lines = [f"{MARKS[marks]}", HEADER]
    rates, draws = [], []
    for stratum, members in by_stratum(chosen).items():
        rate, spread = _rates(members)
        rates.append(rate)
        draws.append(spread)
        lines.append(_line(stratum, members, spread))
        kinds = {row.kind: [one for one in members if one.kind == row.kind] for row in members}
        lines += [_line(f"  {kind}", part, _rates(part)[1]) for kind, part in kinds.items() if len(kinds) > 1]
    lines.append(f"{'mean over strata':28}{'':11}{100 * np.mean(rates):7.1f}  {_interval(np.mean(draws, axis=0))}")
    lines += ["", "by number of speakers: right, over, under"]
    for n_people in sorted({row.n_reference for row in chosen}):
        members = [row for row in chosen if row.n_reference == n_people]
        lines.append(f"{n_people:5d} of {len(members):3d}: " + ", ".join(map(str, counts(members))))
    cpu = sum(row.cpu for row in chosen)
    return "\n".join([*lines, "", f"CPU: {cpu:.0f} s for {sum(row.seconds for row in chosen) / 3600:.1f} h"])


def counts(rows: Sequence[Row]) -> tuple[int, int, int]:
    """Return in how many conversations the number of speakers is right, too large, too small."""
    difference = [row.n_hypothesis - row.n_reference for row in rows]
    return difference.count(0), sum(one > 0 for one in difference), sum(one < 0 for one in difference)


def _rates(rows: Sequence[Row]) -> tuple[float, Floats]:
    errors, totals = (np.array([getattr(row, name) for row in rows]) for name in ("error", "total"))
    return errors.sum() / totals.sum(), bootstrap_shares(errors, totals, np.random.default_rng(0))


def _line(name: str, rows: Sequence[Row], draws: Floats) -> str:
    total = sum(row.total for row in rows)
    share = {
        part: 100 * sum(getattr(row, part) for row in rows) / total
        for part in ("error", "missed", "false_alarm", "confusion", "everyone")
    }
    right, over, under = counts(rows)
    parts = "".join(f"{share[part]:7.1f}" for part in ("missed", "false_alarm", "confusion"))
    hours = sum(row.seconds for row in rows) / 3600
    return (
        f"{name:28}{len(rows):4d}{hours:7.2f}{share['error']:7.1f}  {_interval(draws)}{parts}{share['everyone']:9.1f}"
        f"{right:8d}{over:6d}{under:6d}"
    )


def comparison(before: Sequence[Row], after: Sequence[Row], marks: str) -> str:
    """Return the table of differences, after less before, over the conversations that both runs have."""
    first, second = ({row.name: row for row in rows if row.marks == marks} for rows in (before, after))
    pairs = [(first[name], second[name]) for name in first if name in second]
    lines = [f"{MARKS[marks]}: {len(pairs)} conversations in both", f"{'':28}   n  before   after  difference (95 %)"]
    differences, draws = [], []
    for stratum, members in by_stratum([one for one, _ in pairs]).items():
        olds, news = members, [second[row.name] for row in members]
        old, new, spread = paired_difference(olds, news)
        differences.append(new - old)
        draws.append(spread)
        right = f"   right {counts(olds)[0]:3d} ->{counts(news)[0]:4d}"
        lines.append(f"{stratum:28}{len(olds):4d}{100 * old:8.1f}{100 * new:8.1f}{_change(new - old, spread)}{right}")
    lines.append(f"{'mean over strata':28}{'':20}{_change(float(np.mean(differences)), np.mean(draws, axis=0))}")
    return "\n".join(lines)


def _change(difference: float, draws: Floats) -> str:
    return f"{100 * difference:+8.1f}  {_interval(draws)}"


def paired_difference(before: Sequence[Row], after: Sequence[Row]) -> tuple[float, float, Floats]:
    """Return pooled DER before and after, and their difference where the same recordings are drawn for both."""
    totals = np.array([row.total for row in before])
    old, new = (np.array([row.error for row in rows]) for rows in (before, after))
    draws = bootstrap_shares(new - old, totals, np.random.default_rng(0))
    return float(old.sum() / totals.sum()), float(new.sum() / totals.sum()), draws


def rows_of(saved: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a saved run."""
    return [Row(**values) for values in saved["rows"]]
