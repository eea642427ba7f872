"""What of a recording is heard: which track of a video, from when to when, which channels; options for all of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diarize.cli.options import COUNT, Option, gathered

if TYPE_CHECKING:
    from diarize.audio import AudioInput

_TIME = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,5}):(?=\d\d?(?:\.|$)))?(\d{1,9}(?:\.\d{0,9})?)", re.ASCII)


class Time(click.ParamType):  # type: ignore[type-arg]  # generic in newer click
    """A time in a recording: seconds, or hours and minutes before them."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds; a usage error where the text is no time."""
        if isinstance(value, float):
            return value
        parts = _TIME.fullmatch(str(value).strip())
        if parts is None:
            self.fail(f"{value!r} is no time; give seconds such as 90.5, or [hh:]mm:ss such as 1:30.5", param, ctx)
        hours, minutes, seconds = (float(part or 0) for part in parts.groups())
        return 3600 * hours + 60 * minutes + seconds


class Channels(click.ParamType):  # type: ignore[type-arg]  # generic in newer click
    """One of some words, or the number of a channel."""

    name = "channels"

    def __init__(self, *words: str) -> None:
        self.words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | int:
        """Return the word or the number; a usage error where it is neither."""
        if value in self.words:
            return str(value)
        if not re.fullmatch("0*[1-9][0-9]{0,8}", str(value), re.ASCII):
            self.fail(f"{value!r} is not one of {', '.join(self.words)} or a number from 1", param, ctx)
        return int(value)


@dataclass(frozen=True, slots=True)
class Part:
    """What of a recording is used.

    Parameters
    ----------
    start, end : float, seconds
        Without `end` up to the end of the recording.
    track : int or None
        Of a video, counted from 1; None for the one that players choose.
    """

    start: float = 0.0
    end: float | None = None
    track: int | None = None

    @property
    def whole(self) -> Part:
        """The same track from its start to its end."""
        return replace(self, start=0.0, end=None)

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self == Part()

    def of(self, audio: Path) -> AudioInput:
        """Return the part of a recording; the path itself where nothing is left out."""
        from diarize.audio import Excerpt

        return audio if self.is_all else Excerpt(audio, self.start, self.end, self.track)


def part() -> list[Option[Any]]:
    """Return --track, --start and --end; the command is given a `Part` as `part`."""
    note = "times in the result stay those of the whole recording"
    return [
        _track(),
        click.option("--start", type=Time(), default=0.0, metavar="TIME", help=f"Leave out what is before; {note}."),
        click.option("--end", type=Time(), metavar="TIME", help="Leave out what is behind (seconds or [hh:]mm:ss)."),
        gathered("part", _part, "start", "end", "track"),
    ]


def track() -> list[Option[Any]]:
    """Return --track; the command is given a `Part` as `part`."""
    return [_track(), gathered("part", Part, "track")]


def channels() -> list[Option[Any]]:
    """Return --channels, --channel and --channel-names; the command is given what a diarizer takes, as `channels`."""
    return [
        click.option(
            "--channels",
            type=Channels("auto", "separate", "mix"),
            default="auto",
            show_default=True,
            metavar="auto|separate|mix|N",
            help="Diarize each channel by itself, the mean of all, or channel N; auto keeps the legs of a call apart.",
        ),
        _same_as_channels(),
        click.option("--channel-names", metavar="NAMES", default="", help="Names of all channels: agent,customer."),
        gathered("channels", _asked, "channels", "channel", "channel_names"),
    ]


def one_channel() -> list[Option[Any]]:
    """Return --channels and --channel where all are mixed or one is used; the command is given `channel` or None."""
    return [
        click.option(
            "--channels",
            type=Channels("mix"),
            default="mix",
            show_default=True,
            metavar="mix|N",
            help="Use the mean of all channels, or only channel N, counted from 1.",
        ),
        _same_as_channels(),
        gathered("channel", _chosen, "channels", "channel"),
    ]


def _track() -> Option[Any]:
    return click.option("--track", type=COUNT, metavar="N", help="Use sound track N of a video, counted from 1.")


def _same_as_channels() -> Option[Any]:
    return click.option("--channel", type=COUNT, metavar="N", help="The same as --channels N.")


def _part(start: float, end: float | None, track: int | None) -> Part:
    if end is not None and end <= start:
        raise click.UsageError(f"--end {end:g} s is not behind --start {start:g} s")
    return Part(start, end, track)


def _chosen(channels: str | int, channel: int | None) -> int | None:
    """Return the channel that is named, None where none is; a usage error where the options contradict each other."""
    alone = channels if isinstance(channels, int) else None
    if channel is not None and (channels == "separate" or alone not in (None, channel)):
        raise click.UsageError(f"--channel {channel} and --channels {channels} contradict each other")
    return channel if channel is not None else alone


def _asked(channels: str | int, channel: int | None, channel_names: str) -> dict[str, Any]:
    given = [name.strip() for name in channel_names.split(",")] if channel_names.strip() else None
    chosen = _chosen(channels, channel)
    if given and (chosen is not None or channels == "mix"):
        raise click.UsageError("--channel-names are for channels that are kept apart: --channels auto or separate")
    if given and (not all(given) or len(set(given)) < len(given)):
        raise click.UsageError("--channel-names must be names that all differ, separated by commas")
    return {"channels": "auto" if chosen is not None else channels, "channel": chosen, "channel_names": given}
