"""Options that several commands share, each declared once."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from math import inf
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import click

from diarize.cli.progress import MODES

_QUIET = "diarize.quiet"
_COPIES = "diarize.copies"
COVARIANCES = ("full", "tied", "diag", "spherical")


class NamedPath(click.Path):
    """A path that is not empty: what a shell makes of a variable that is not set is no folder to write into."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; a usage error where the text is empty."""
        if value == "":
            self.fail("the name is empty", param, ctx)
        return super().convert(value, param, ctx)


class InputPath(NamedPath):
    """A file to read, "-" for standard input; what can be read only once is copied, until the command has ended.

    Parameters
    ----------
    once : bool
        Whether the command reads it only once, so that a named pipe can stay what it is.
    """

    def __init__(self, once: bool = False) -> None:
        super().__init__(path_type=Path)
        self._once = once

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path of the file, or of the copy."""
        path = super().convert(value, param, ctx)
        if ctx is None or not (path == STANDARD or (path.is_fifo() and not self._once)):
            return path
        copies = copies_in(ctx)
        if path not in copies:
            try:
                copies[path] = self._copy(path, ctx)
            except OSError as error:
                self.fail(f"{value}: cannot be copied: {error.strerror or error}", param, ctx)
        return copies[path]

    def _copy(self, path: Path, ctx: click.Context) -> Path:
        copy = Path(ctx.with_resource(TemporaryDirectory())) / ("stdin" if path == STANDARD else path.name)
        with copy.open("wb") as file:
            if path == STANDARD:
                copyfileobj(sys.stdin.buffer, file)
            else:
                with path.open("rb") as source:
                    copyfileobj(source, file)
        return copy


def copies_in(ctx: click.Context) -> dict[Path, Path]:
    """Return the copies that were made of what the user named."""
    copies: dict[Path, Path] = ctx.meta.setdefault(_COPIES, {})
    return copies


def with_given_names(message: str) -> str:
    """Return a message with what the user named in place of the paths of copies."""
    ctx = click.get_current_context(silent=True)
    for path, copy in copies_in(ctx).items() if ctx else ():
        message = message.replace(str(copy), "standard input" if path == STANDARD else str(path))
    return message


def is_copy(path: Path) -> bool:
    """Tell whether a file is the copy of a pipe or of standard input, which is gone when the command ends."""
    return path in copies_in(click.get_current_context()).values()


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


STANDARD = Path("-")
PATH = NamedPath(path_type=Path)
INPUT = InputPath()
SOUND = InputPath(once=True)
FILE = NamedPath(path_type=Path, dir_okay=False)
FOLDER = NamedPath(path_type=Path, file_okay=False)
COUNT = click.IntRange(min=1)

_TIME = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,5}):(?=\d\d?(?:\.|$)))?(\d{1,9}(?:\.\d{0,9})?)", re.ASCII)

_Command = TypeVar("_Command", bound=Callable[..., Any])
Option = Callable[[_Command], _Command]


def all_of(*groups: Iterable[Option[Any]]) -> Option[Any]:
    """Return a decorator that adds options, in the order they are listed."""

    def add(function: Any) -> Any:
        for option in reversed([option for group in groups for option in group]):
            function = option(function)
        return function

    return add


def output(metavar: str, help: str, *, required: bool = False, kind: click.Path = FILE) -> Option[Any]:
    """Return -o, --output."""
    return click.option("-o", "--output", required=required, metavar=metavar, type=kind, help=help)


def config(help: str = "Settings to use.") -> Option[Any]:
    """Return --config."""
    return click.option("--config", default="default", show_default=True, metavar="NAME|PATH", help=help)


def seed(default: int | None = None) -> Option[Any]:
    """Return --seed; None stands for the seed of the configuration."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=default,
        show_default=default is not None,
        metavar="N",
        help="Start of the random numbers.",
    )


def quiet() -> Option[Any]:
    """Return --quiet, which also keeps warnings from being shown: see `is_quiet`."""

    def remember(context: click.Context, _: click.Parameter, quiet: bool) -> bool:
        context.meta[_QUIET] = quiet
        return quiet

    return click.option(
        "--quiet", is_flag=True, callback=remember, help="Show errors alone: no progress and no warnings."
    )


def is_quiet() -> bool:
    """Tell whether the command that runs was given --quiet."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_QUIET))


def progress() -> Option[Any]:
    """Return --progress."""
    return click.option(
        "--progress",
        type=click.Choice(MODES),
        default="auto",
        show_default=True,
        help="How progress is shown on standard error.",
    )


def speakers(word: str, name: str) -> Option[Any]:
    """Return --num-speakers, --min-speakers or --max-speakers."""
    return click.option(f"--{name}-speakers", type=COUNT, metavar="N", help=f"Find {word} N speakers.")


def num_speakers() -> Option[Any]:
    """Return --num-speakers."""
    return speakers("exactly", "num")


def channel() -> Option[Any]:
    """Return --channel."""
    return click.option("--channel", type=COUNT, metavar="N", help="Use only channel N, counted from 1.")


def shaping() -> list[Option[Any]]:
    """Return the options that shape annotations, whose values make a `diarize.shaping.Shape`."""
    seconds = click.FloatRange(min=0)
    return [
        click.option(
            "--merge-gap",
            type=seconds,
            default=0.0,
            metavar="SECONDS",
            help="Close pauses of a speaker up to this long in which nobody else talks.",
        ),
        click.option("--exclusive", is_flag=True, help="Let one speaker talk at a time: the surer, else the first."),
        click.option(
            "--min-turn", type=seconds, default=0.0, metavar="SECONDS", help="Leave out turns shorter than this."
        ),
        click.option(
            "--max-turn", type=seconds, default=inf, metavar="SECONDS", help="Cut turns longer than this into pieces."
        ),
    ]


def extent() -> Option[Any]:
    """Return --audio, --uem and --duration, which say how long recordings are."""
    sound = click.option(
        "--audio",
        multiple=True,
        metavar="FILE",
        type=PATH,
        help="The recording, or a folder of them; several times for several.",
    )
    regions = click.option("--uem", metavar="FILE", type=FILE, help="UEM file: the regions to look at.")
    length = click.option(
        "--duration",
        metavar="SECONDS",
        type=click.FloatRange(min=0, min_open=True),
        help="How long each recording is.",
    )
    return all_of([sound, regions, length])


def track() -> Option[Any]:
    """Return --track."""
    return click.option("--track", type=COUNT, metavar="N", help="Use sound track N of a video, counted from 1.")


def excerpt() -> list[Option[Any]]:
    """Return --track, --start and --end, which say what of a recording is used."""
    note = "times in the result stay those of the whole recording"
    return [
        track(),
        click.option("--start", type=Time(), default=0.0, metavar="TIME", help=f"Leave out what is before; {note}."),
        click.option("--end", type=Time(), metavar="TIME", help="Leave out what is behind (seconds or [hh:]mm:ss)."),
    ]


def check_excerpt(start: float, end: float | None) -> None:
    """Refuse an end that is not behind the start."""
    if end is not None and end <= start:
        raise click.UsageError(f"--end {end:g} s is not behind --start {start:g} s")


class Channels(click.ParamType[Any]):
    """auto, separate, mix, or the number of a channel."""

    name = "channels"
    words = ("auto", "separate", "mix")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | int:
        """Return the word or the number; a usage error where it is neither."""
        if value in self.words:
            return str(value)
        if not re.fullmatch("0*[1-9][0-9]{0,8}", str(value), re.ASCII):
            self.fail(f"{value!r} is not one of {', '.join(self.words)} or a number from 1", param, ctx)
        return int(value)


def channels() -> list[Option[Any]]:
    """Return --channels, --channel and --channel-names."""
    return [
        click.option(
            "--channels",
            type=Channels(),
            default="auto",
            show_default=True,
            metavar="auto|separate|mix|N",
            help="Diarize each channel by itself, the mean of all, or channel N; auto keeps the legs of a call apart.",
        ),
        click.option("--channel", type=COUNT, metavar="N", help="The same as --channels N."),
        click.option("--channel-names", metavar="NAMES", default="", help="Names of all channels: agent,customer."),
    ]


def columns() -> list[Option[Any]]:
    """Return --columns and --except, which choose what of a table is worked on."""
    return [
        click.option("--columns", metavar="NAMES", default="", help="Work on these columns, separated by commas."),
        click.option("--except", "left_out", metavar="NAMES", default="", help="Work on all columns but these."),
    ]


def components(default: int | None, help: str = "Gaussians.") -> Option[Any]:
    """Return --components."""
    return click.option(
        "--components", type=COUNT, default=default, show_default=default is not None, metavar="N", help=help
    )


def covariance(default: str) -> Option[Any]:
    """Return --covariance, of one kind."""
    return click.option(
        "--covariance", type=click.Choice(COVARIANCES), default=default, show_default=True, help="The covariance."
    )
