"""Options that several commands share, each declared once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import wraps
from math import inf, isfinite
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import click

from diarize.cli.progress import MODES

if TYPE_CHECKING:
    from diarize.shaping import Shape

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
    stem : str
        Name of the copy of standard input, which a recording without an id of its own gets.
    """

    def __init__(self, once: bool = False, stem: str = "stdin") -> None:
        super().__init__(path_type=Path)
        self._once, self._stem = once, stem

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path of the file, or of the copy."""
        path = super().convert(value, param, ctx)
        if ctx is None or not (path == STANDARD or (path.is_fifo() and not self._once)):
            return path
        copies = copies_in(ctx)
        if path not in copies:
            if path == STANDARD and sys.stdin is None:
                self.fail("standard input is closed; name a file", param, ctx)
            try:
                copies[path] = self._copy(path, ctx)
            except OSError as error:
                self.fail(f"{value}: cannot be copied: {error.strerror or error}", param, ctx)
        return copies[path]

    def _copy(self, path: Path, ctx: click.Context) -> Path:
        copy = Path(ctx.with_resource(TemporaryDirectory())) / (self._stem if path == STANDARD else path.name)
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


class Number(click.FloatRange):
    """A finite number, at least or above another one; with `endless` it may be infinite as well.

    Parameters
    ----------
    least : float
    above : bool
        Whether the number must be more than that.
    endless : bool
        Whether "inf" is taken, for a limit that is none.
    """

    def __init__(self, least: float, *, above: bool = False, endless: bool = False) -> None:
        super().__init__(min=least, min_open=above)
        self._endless = endless

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; a usage error where it is out of range or none, such as "nan"."""
        number = super().convert(value, param, ctx)
        if not isfinite(number) and not (self._endless and number > 0):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


STANDARD = Path("-")
PATH = NamedPath(path_type=Path)
INPUT = InputPath()
SOUND = InputPath(once=True)
FILE = NamedPath(path_type=Path, dir_okay=False)
FOLDER = NamedPath(path_type=Path, file_okay=False)
COUNT = click.IntRange(min=1)

_Command = TypeVar("_Command", bound=Callable[..., Any])
Option = Callable[[_Command], _Command]


def all_of(*groups: Iterable[Option[Any]]) -> Option[Any]:
    """Return a decorator that adds options, in the order they are listed."""

    def add(function: Any) -> Any:
        for option in reversed([option for group in groups for option in group]):
            function = option(function)
        return function

    return add


def gathered(name: str, make: Callable[..., Any], *parts: str) -> Option[Any]:
    """Return what gives a command one argument, made from several options; in a list it stands behind them."""

    def gather(function: Any) -> Any:
        @wraps(function)
        def command(**values: Any) -> Any:
            made = make(**{part: values.pop(part) for part in parts})
            return function(**values, **{name: made})

        return command

    return gather


def output(metavar: str, help: str, *, required: bool = False, kind: click.Path = FILE) -> Option[Any]:
    """Return -o, --output."""
    return click.option("-o", "--output", required=required, metavar=metavar, type=kind, help=help)


def config(help: str = "Settings to use.") -> Option[Any]:
    """Return --config."""
    return click.option("--config", default="default", show_default=True, metavar="NAME|PATH", help=help)


def kept_model() -> Option[Any]:
    """Return --model, of a diarization that was kept."""
    help = "The model that KEPT was made with, where its settings name no file that is there."
    return click.option("--model", metavar="MODEL.npz", type=FILE, help=help)


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


def quiet(handed: bool = True) -> Option[Any]:
    """Return --quiet, which also keeps warnings from being shown: see `is_quiet`.

    The command is given it as `quiet`, unless it is not `handed`: where there is no progress to be shown.
    """

    def remember(context: click.Context, _: click.Parameter, quiet: bool) -> bool:
        context.meta[_QUIET] = quiet
        return quiet

    return click.option(
        "--quiet",
        is_flag=True,
        callback=remember,
        expose_value=handed,
        help=f"Show errors alone: no{' progress and no' if handed else ''} warnings.",
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


def transcript() -> Option[Any]:
    """Return --transcript, for pages."""
    return click.option(
        "--transcript",
        metavar="FILE",
        type=FILE,
        help="What was said: a transcript in any layout that `diarize label` reads, such as SRT or JSON of whisper.",
    )


def num_speakers() -> Option[Any]:
    """Return --num-speakers."""
    return speakers("exactly", "num")


def shaping() -> list[Option[Any]]:
    """Return the options that shape annotations; the command is given a `diarize.shaping.Shape` as `shape`."""
    return [
        click.option(
            "--merge-gap",
            type=Number(0),
            default=0.0,
            metavar="SECONDS",
            help="Close pauses of a speaker up to this long in which nobody else talks.",
        ),
        click.option("--exclusive", is_flag=True, help="Let one speaker talk at a time: the surer, else the first."),
        click.option(
            "--min-turn", type=Number(0), default=0.0, metavar="SECONDS", help="Leave out turns shorter than this."
        ),
        click.option(
            "--max-turn",
            type=Number(0.01, endless=True),
            default=inf,
            metavar="SECONDS",
            help="Cut turns longer than this into pieces.",
        ),
        gathered("shape", _shape, "merge_gap", "exclusive", "min_turn", "max_turn"),
    ]


def _shape(merge_gap: float, exclusive: bool, min_turn: float, max_turn: float) -> Shape:
    from diarize.shaping import Shape

    if max_turn < min_turn:
        raise click.UsageError(f"--max-turn {max_turn:g} s is below --min-turn {min_turn:g} s")
    return Shape(merge_gap, exclusive, min_turn, max_turn)


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
        type=Number(0, above=True),
        help="How long each recording is.",
    )
    return all_of([sound, regions, length])


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
