"""A command group that imports its commands late and ends errors in one line."""

from __future__ import annotations

import errno
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import IO, Any

import click

from diarize.cli.options import is_quiet, with_given_names
from diarize.cli.output import naming_standard_output
from diarize.errors import DiarizeError, DiarizeWarning, FormatError

_REPEAT = 0.02  # s


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not to list them.

    Parameters
    ----------
    commands_at : mapping of str to (str, str)
        For each command "module:attribute" and one line of help.
    """

    def __init__(self, *args: Any, commands_at: Mapping[str, tuple[str, str]], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order they are shown."""
        return list(self._commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in self._commands_at:
            return None
        module, _, attribute = self._commands_at[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands for --help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._commands_at.items()])

    def make_context(self, *args: Any, **settings: Any) -> click.Context:
        """Read the options of the group; what they print, such as the version, may find the disk full."""
        try:
            with naming_standard_output():
                return super().make_context(*args, **settings)
        except FormatError as error:
            raise _Failure(error) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; turn what it raises into a line on stderr and an exit code."""
        try:
            with _warning_lines(), _interrupts_again():
                return super().invoke(ctx)
        except DiarizeError as error:
            raise _Failure(error) from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # click ends quietly: the reader of the pipe has seen enough
                raise
            raise _Failure(error if error.filename else _of_no_file(error)) from error
        except MemoryError as error:
            raise _Failure(f"the memory does not suffice: {error}".removesuffix(": ")) from error
        except KeyboardInterrupt:
            click.echo("diarize: interrupted", err=True)
            return ctx.exit(130)


def _of_no_file(error: OSError) -> str:
    """Return what is wrong with what has no name: the help of a command, or rows that are laid aside on disk."""
    what = error.strerror or error
    return f"cannot read or write: {what} (standard output or input, or the folder for temporary files)"


class _Failure(click.ClickException):
    exit_code = 1

    def __init__(self, error: object) -> None:
        super().__init__(one_line(error))

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"diarize: error: {self.message}", file=file, err=file is None)


def one_line(message: object) -> str:
    """Return a text with blanks in place of line ends, and with the names that the user gave."""
    return " ".join(with_given_names(str(message)).split())


@contextmanager
def _warning_lines() -> Iterator[None]:
    """Show the package's own warnings as one line on stderr, without the place in the code that raised them."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", DiarizeWarning)
        show_others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if is_quiet():
                return
            if issubclass(category, DiarizeWarning):
                click.echo(f"diarize: warning: {one_line(message)}", err=True)
            else:
                show_others(message, category, *rest, **more)

        warnings.showwarning = show
        yield


@contextmanager
def _interrupts_again() -> Iterator[None]:
    """Repeat an interrupt that came while compiled code was calling back into Python, where it ends nothing."""
    from _thread import interrupt_main
    from threading import Timer

    show_others = sys.unraisablehook
    repeats: list[Timer] = []

    def repeat(lost: Any) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            repeats.append(Timer(_REPEAT, interrupt_main))
            repeats[-1].daemon = True
            repeats[-1].start()
        else:
            show_others(lost)

    sys.unraisablehook = repeat
    try:
        yield
    finally:
        sys.unraisablehook = show_others
        for timer in repeats:
            timer.cancel()
