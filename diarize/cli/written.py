"""Formats that results are written in, as options and on standard output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any

import click

from diarize.cli.options import Option
from diarize.errors import FormatError

if TYPE_CHECKING:
    from diarize.annotation import Annotation
    from diarize.formats.about import About


def format_names(_: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the formats of an option that may be given several times or hold a list with commas, each once.

    Raises
    ------
    BadParameter
        One is unknown; the message lists those that are known.
    """
    from diarize.formats.registry import by_name

    names = tuple(dict.fromkeys(word.strip() for value in values for word in value.split(",")))
    for name in names:
        try:
            by_name(name)
        except FormatError as error:
            raise click.BadParameter(str(error), param=option) from None
    return names


def formats_option() -> Option[Any]:
    """Return --format for commands that write files of each recording."""
    return click.option(
        "--format",
        "formats",
        multiple=True,
        metavar="F[,F...]",
        callback=format_names,
        help="Formats to write, such as rttm,json,textgrid; a file each. RTTM by default.",
    )


def format_name(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Return the format of an option that names one, None where it is left out; BadParameter where it is unknown."""
    return None if value is None else format_names(context, option, (value,))[0]


def text_of(annotations: Sequence[Annotation], format: str, about: Mapping[str, About | None]) -> str:
    """Return annotations as text in a format."""
    from diarize.formats.registry import write_all

    text = StringIO()
    write_all(annotations, text, format, about={uri: one for uri, one in about.items() if one is not None})
    return text.getvalue()
