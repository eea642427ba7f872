"""What a layout is: a row of the table in `diarize.transcripts.layouts`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from diarize.transcripts.words import Cue

Names = Mapping[int, str | None]
"""Names of speakers by the number of a word or cue in its file."""


@dataclass(frozen=True, slots=True)
class Content:
    """A file as it was read.

    Parameters
    ----------
    where : str
        Its name, for messages.
    text : str
    document : object
        Its value, where it is JSON; None where it is not.
    """

    where: str
    text: str
    document: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How programs write transcripts.

    Parameters
    ----------
    name : str
    of : str
        Whose layout it is, for messages.
    recognise : callable
        Takes the content; returns whether it is in this layout.
    read : callable
        Takes the content; returns the cues of each recording, by its id; the id is "" where the file names none.
    fill : callable or None
        Takes a document of its own, the names of words and those of cues; writes them in. For JSON only.
    """

    name: str
    of: str
    recognise: Callable[[Content], bool]
    read: Callable[[Content], dict[str, list[Cue]]]
    fill: Callable[[Any, Names, Names], None] | None = None
