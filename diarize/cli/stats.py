"""`diarize stats`: who talks how much, how turns pass, what is silence."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from io import StringIO
from math import inf
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from diarize.cli import options
from diarize.cli.output import file_or_standard, keep_sources, need_parent, write_result
from diarize.cli.recordings import check_extent, read_turns, recording_regions
from diarize.errors import counted

if TYPE_CHECKING:
    from diarize.talk import SpeakerTalk, TalkSummary

_COMMON = ("talk", "turns", "mean_turn", "median_turn", "longest_monologue", "overlap", "interruptions", "backchannels")
_OF_RECORDING = ("duration", "speech", "silence", "longest_silence", *_COMMON, "changes", "response")
_OF_SPEAKER = ("talk", "share", *_COMMON[1:-1], "interrupted", "backchannels", "listen", "talk_listen", "response")
_CSV = ("recording", "speaker", *_OF_RECORDING, "share", "interrupted", "listen", "talk_listen")
_HEAD = ("speaker", "talk", "share", "turns", "longest", "overlap", "cuts in", "ratio", "reply")
_LEAST_NAME = 8  # characters of a name that the table shows at least


@click.command()
@click.argument("turns", nargs=-1, required=True, metavar="TURNS...", type=options.INPUT)
@options.output("OUT", "File to write; standard output where it is left out or '-'.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="A table to look at, or all numbers, in seconds.",
)
@options.extent()
@options.quiet(handed=False)
def stats(
    turns: tuple[Path, ...],
    output: Path | None,
    kind: str,
    audio: tuple[Path, ...],
    uem: Path | None,
    duration: float | None,
) -> None:
    """Show how much each speaker talks in TURNS: files that say who speaks when, or folders of them.

    Talk time, turns, the longest monologue, overlap, interruptions, how fast somebody replies, and silence. How long
    a recording is comes from --audio, --uem or --duration; without them each is looked at from its first to its last
    turn.

    In the table "longest" is the longest monologue, "overlap" the part of the talk where others talk too, "cuts in"
    how often a speaker interrupts/is interrupted, "ratio" seconds of talk for a second of listening, "reply" the
    median time from the end of another's turn, below 0 where they overlap.
    """
    check_extent(audio, uem, duration)
    target = file_or_standard(output)
    if target is not None:
        need_parent(target)
        keep_sources(target, *turns, *audio, uem)

    from diarize.formats.files import write_text
    from diarize.talk import pooled, summarise

    recordings = read_turns(turns)
    regions = recording_regions(recordings, audio, uem, duration)
    summaries = [summarise(annotation, regions.get(uri)) for uri, annotation in recordings.items() if uri in regions]
    write = {"table": _as_table, "csv": _as_csv, "json": _as_json}[kind]
    text = write(summaries, pooled(summaries))
    if target is None:
        write_result(text)
    else:
        write_text(target, text)


def _as_json(summaries: Sequence[TalkSummary], total: TalkSummary) -> str:
    recordings = [
        {"recording": summary.uri}
        | _numbers(summary, _OF_RECORDING)
        | {"speakers": [{"speaker": each.speaker} | _numbers(each, _OF_SPEAKER) for each in summary.speakers]}
        for summary in summaries
    ]
    content = {"recordings": recordings, "total": _numbers(total, _OF_RECORDING)}
    return json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _as_csv(summaries: Sequence[TalkSummary], total: TalkSummary) -> str:
    """Return a row a speaker, one a recording (without a speaker), and the last one for all (without a recording)."""
    text = StringIO()
    table = csv.DictWriter(text, _CSV, lineterminator="\n")
    table.writeheader()
    for summary in summaries:
        for speaker in summary.speakers:
            table.writerow({"recording": summary.uri, "speaker": speaker.speaker} | _numbers(speaker, _OF_SPEAKER))
        table.writerow({"recording": summary.uri} | _numbers(summary, _OF_RECORDING))
    table.writerow(_numbers(total, _OF_RECORDING))
    return text.getvalue()


def _numbers(of: TalkSummary | SpeakerTalk, names: Sequence[str]) -> dict[str, Any]:
    """Return numbers by name, seconds in whole milliseconds, shares and ratios to four decimals; None stays None."""
    values = {name: getattr(of, name) for name in names}
    places = dict.fromkeys(("share", "talk_listen"), 4)
    return {name: round(value, places.get(name, 3)) if value is not None else None for name, value in values.items()}


def _as_table(summaries: Sequence[TalkSummary], total: TalkSummary) -> str:
    """Return a heading and a row for each speaker, recording by recording, no wider than the terminal."""
    width = get_terminal_size().columns
    numbers = [_row(each) for summary in summaries for each in summary.speakers]
    widths = [max(map(len, column)) for column in zip(_HEAD[1:], *numbers, strict=True)]
    longest = max((len(_shown(each.speaker, inf)) for summary in summaries for each in summary.speakers), default=0)
    room = max(width - 2 - sum(widths) - 2 * len(widths), _LEAST_NAME)
    names = min(max(longest, len(_HEAD[0])), room)
    lines = []
    for summary in summaries:
        lines += [_shown(summary.uri or "(no name)", width), *_about(summary, width)]
        if summary.speakers:
            lines.append(_aligned(_HEAD[0], _HEAD[1:], names, widths))
        lines += [_aligned(_shown(each.speaker, names), _row(each), names, widths) for each in summary.speakers]
        lines.append("")
    if len(summaries) > 1:
        lines += [f"all {len(summaries)} recordings", *_about(total, width), ""]
    return "".join(f"{line}\n" for line in lines[:-1])


def _about(summary: TalkSummary, width: int) -> list[str]:
    """Return what holds for a whole recording, in as many lines as it needs."""
    whole = summary.duration
    words = [
        f"{_clock(whole)} in all",
        counted(len(summary.speakers), "speaker"),
        f"speech {_percent(summary.speech, whole)}",
        f"overlap {_percent(summary.overlap, whole)}",
        f"silence {_percent(summary.silence, whole)}",
        f"longest silence {_clock(summary.longest_silence)}",
        counted(summary.turns, "turn"),
        counted(summary.backchannels, "backchannel"),
        counted(summary.interruptions, "interruption"),
    ]
    lines = [f"  {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + len(word) + 2 > width:
            lines.append(f"  {word}")
        else:
            lines[-1] += f", {word}"
    return lines


def _row(each: SpeakerTalk) -> tuple[str, ...]:
    return (
        _clock(each.talk),
        _percent(each.talk, each.talk / each.share if each.share else 0.0),
        str(each.turns),
        _clock(each.longest_monologue),
        _percent(each.overlap, each.talk),
        f"{each.interruptions}/{each.interrupted}",
        "-" if each.talk_listen is None else f"{each.talk_listen:.2f}",
        "-" if each.response is None else f"{each.response:+.2f}",
    )


def _aligned(name: str, cells: Sequence[str], names: int, widths: Sequence[int]) -> str:
    numbers = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join([f"  {name:{names}}", *numbers])


def _shown(name: str, width: float) -> str:
    """Return a name for the table, cut where it is too long."""
    from diarize.formats.names import printable

    text = printable(name)
    return text if len(text) <= width else f"{text[: int(width) - 1]}…"


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"


def _clock(seconds: float) -> str:
    """Return a time as people read it: 0:07.3, 12:30.0, 1:02:30."""
    tenths = round(seconds * 10)
    if tenths < 36000:
        return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
