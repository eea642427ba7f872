"""What a person makes of a diarization: turns, which of them are checked, and where nobody speaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from diarize.annotation import Annotation, Segment, Turn
from diarize.errors import FormatError, quoted
from diarize.formats.about import About
from diarize.formats.document import marked_document, parse_document
from diarize.formats.files import raise_fatal
from diarize.formats.jsontext import as_confidence, as_list, as_object, as_seconds, as_text
from diarize.hints import Hints


@dataclass(frozen=True, slots=True)
class Edits:
    """A diarization as it stands.

    Parameters
    ----------
    turns : tuple of Turn
        Those that nobody has checked.
    checked : tuple of Turn
        Those that a person made, changed or confirmed.
    silence : tuple of Segment
        Where a person said that nobody speaks.

    Examples
    --------
    >>> edits = Edits((Turn(0.0, 1.0, "ben", 0.5),), (Turn(1.0, 2.0, "ben"),))
    >>> [(turn.start, checked) for turn, checked in edits.in_order()]
    [(0.0, False), (1.0, True)]
    """

    turns: tuple[Turn, ...] = ()
    checked: tuple[Turn, ...] = ()
    silence: tuple[Segment, ...] = ()

    def annotation(self, uri: str) -> Annotation:
        """Return all turns; those of one speaker that touch are joined."""
        return Annotation([*self.turns, *self.checked], uri)

    def hints(self) -> Hints:
        """Return what is certain."""
        return Hints(self.checked, self.silence)

    def in_order(self) -> list[tuple[Turn, bool]]:
        """Return the turns in the order of time, with whether each is checked."""
        marked = [(turn, False) for turn in self.turns] + [(turn, True) for turn in self.checked]
        return sorted(marked, key=lambda item: (item[0].start, item[0].end, item[0].speaker))

    def to_json(self, uri: str, about: About) -> str:
        """Return a document of this package, in which touching turns stay apart."""
        return marked_document(uri, self.in_order(), replace(about, hints=self.hints()))


def edits_of_document(path: Path) -> Edits:
    """Return what a document of this package says, with its marks.

    Raises
    ------
    FormatError
        It is none.
    """
    parsed = parse_document(path)
    raise_fatal(list(parsed.problems))
    marked = [(item.turn, item.checked) for item in parsed.entries if item.turn]
    return _edits(marked, [segment for about in parsed.about.values() for segment in about.hints.silence])


def edits_of_page(value: Any) -> Edits:
    """Return what a page sends: speakers with ids, turns that name these, silence.

    Raises
    ------
    FormatError
        Something in it is not as a page has it.
    """
    fields = as_object(value, "the edits")
    names = {}
    for item in as_list(fields.get("speakers"), "speakers"):
        speaker = as_object(item, "a speaker")
        names[as_text(speaker.get("id"), "id")] = as_text(speaker.get("name"), "name")
    marked = [_marked(item, names) for item in as_list(fields.get("turns"), "turns")]
    return _edits(marked, [_segment(item) for item in as_list(fields.get("silence", []), "silence")])


def _edits(marked: Iterable[tuple[Turn, bool]], silence: Iterable[Segment]) -> Edits:
    turns = list(marked)
    sure, unsure = (tuple(turn for turn, checked in turns if checked is wanted) for wanted in (True, False))
    return Edits(unsure, sure, tuple(silence))


def _marked(item: Any, names: Mapping[str, str]) -> tuple[Turn, bool]:
    fields = as_object(item, "a turn")
    speaker = as_text(fields.get("speaker"), "speaker")
    try:
        name = names[speaker]
    except KeyError:
        raise FormatError(f"a turn is of speaker {quoted(speaker)}, whom no speaker is") from None
    span = _segment(fields)
    if not name:
        raise FormatError("a speaker has an empty name")
    return Turn(span.start, span.end, name, as_confidence(fields.get("confidence"))), fields.get("checked") is True


def _segment(item: Any) -> Segment:
    fields = as_object(item, "a stretch of time")
    start, end = as_seconds(fields.get("start"), "start"), as_seconds(fields.get("end"), "end")
    if end <= start:
        raise FormatError(f"a stretch from {start:g} s must end after that, got {end:g} s")
    return Segment(start, end)
