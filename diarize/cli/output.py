"""Where results are written: standard output, a file, or a folder that is still there."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from diarize.cli.options import STANDARD, is_quiet
from diarize.errors import FormatError

_PAGES = (".html", ".htm")


def is_standard(output: Path | None) -> bool:
    """Tell whether a result is for standard output: no file is named, or "-"."""
    return output is None or output == STANDARD


def need_standard_output() -> None:
    """Raise FormatError where standard output is closed, so that no result is computed and then lost."""
    if sys.stdout is None:
        raise FormatError("standard output is closed, the result cannot be written; name a file, or leave out >&-")


def file_or_standard(output: Path | None) -> Path | None:
    """Return the file that a result is written to, None for standard output.

    Raises
    ------
    FormatError
        The result is for standard output, which is closed.
    """
    if is_standard(output):
        need_standard_output()
        return None
    return output


def need_parent(output: Path) -> None:
    """Refuse a file in a folder that is not there, before any work is done.

    Raises
    ------
    UsageError
        The folder does not exist.
    """
    if not output.parent.is_dir():
        raise click.UsageError(f"the folder of {output} does not exist")


def keep_sources(output: Path, *sources: Path | None) -> None:
    """Refuse to write over what the command reads or has written itself.

    Raises
    ------
    UsageError
        The output is one of the sources; those that are None are passed over.
    """
    for source in sources:
        if source is not None and source.resolve() == output.resolve():
            raise click.UsageError(f"{output} would overwrite {source}; choose another name")


def need_page(output: Path, *sources: Path | None) -> None:
    """Refuse a page that cannot be written, or would be written over a source, before any work is done.

    Raises
    ------
    UsageError
        It is "-", does not end as pages do, its folder does not exist, or it is one of the sources.
    """
    if output == STANDARD:
        raise click.UsageError("a page is a file, not text for standard output; name it, such as page.html")
    need_parent(output)
    keep_sources(output, *sources)
    if output.suffix.lower() not in _PAGES:
        raise click.UsageError(f"{output}: a page ends in {' or '.join(_PAGES)}, so that a browser opens it")


def write_result(text: str) -> None:
    """Write text to standard output: UTF-8 and line feeds on every system.

    Raises
    ------
    FormatError
        Standard output is closed, or takes no more: a full disk.
    """
    need_standard_output()
    with naming_standard_output():
        click.echo(text.encode("utf-8", "backslashreplace"), nl=False)


@contextmanager
def naming_standard_output() -> Iterator[None]:
    """Turn what the system says of a standard output that takes no more into an error that names it.

    Raises
    ------
    FormatError
        It could not be written to. A reader of a pipe who has seen enough is no error of ours: that comes through.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        raise FormatError(f"standard output: cannot write to it: {error.strerror or error}") from error


def warn(message: str) -> None:
    """Write a warning to standard error, one line, unless the command was given --quiet."""
    if not is_quiet():
        click.echo(f"diarize: warning: {message}", err=True)


def refuse_unknown_ending(output: Path) -> None:
    """Refuse a file whose ending stands for no format that annotations are written in; a name without one is taken.

    Raises
    ------
    UsageError
        The ending is unknown; the message lists those that are known.
    """
    from diarize.formats.registry import by_ending, writable_endings

    known = by_ending(output)
    if output.suffix and (known is None or known.write is None):
        raise click.UsageError(f"{output}: the known endings of files are {writable_endings()}")


def refuse_without_speakers(output: Path) -> None:
    """Refuse a file in a format that says where speech is and not who speaks, so that speakers are not lost.

    Raises
    ------
    UsageError
        Its ending stands for such a format.
    """
    from diarize.formats.registry import FORMATS, by_ending, endings

    known = by_ending(output)
    if known is not None and not known.names_speakers:
        others = endings(item for item in FORMATS if item.write and item.names_speakers)
        raise click.UsageError(f"{output}: a file in {known.name} does not say who speaks; take one of {others}")


def refuse_as_folder(output: Path, endings: str = "") -> None:
    """Refuse what is meant as a file, or as standard output, where the name of a folder is expected.

    Parameters
    ----------
    output : path
    endings : str
        Of the files that can be named in its place, such as ".rttm".

    Raises
    ------
    UsageError
        The name is "-", or has an ending and no folder is there.
    """
    if output == STANDARD:
        raise click.UsageError("the results are files in a folder, not text for standard output; name a folder")
    if output.suffix and not output.is_dir():
        known = f"the known endings of files are {endings}" if endings else "results are written to a folder"
        raise click.UsageError(f"{output}: {known}; a folder whose name has an ending must exist already")
