"""What was said: words, cues, transcripts; values that know no file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a sign in scripts that put no blanks between words.

    Parameters
    ----------
    start, end : float, seconds
        The end is not before the start; it may be the same time.
    text : str
        With punctuation, and with the blank or the end of line that stands before it: the texts of words put together
        are the text of their cue.
    speaker : str or None
        Who says it; None where that is not known.
    confidence : float or None
        Probability, 0 to 1, that the word was said.
    number : int
        Its place among the words of the file that it is from; -1 where that has no words.
    marks : tuple of str
        Tags of subtitles that are open over it, from the outermost: "i", "c.yellow", 'font color="red"'.
    """

    start: float
    end: float
    text: str
    speaker: str | None = None
    confidence: float | None = None
    number: int = -1
    marks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the word as plain values, without its blank."""
        return {"start": self.start, "end": self.end, "word": self.text.strip(), "speaker": self.speaker}


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that stand together: a subtitle, a segment of a recogniser.

    Parameters
    ----------
    start, end : float, seconds
    words : tuple of Word
    speaker : str or None
        Who says it; None where that is not known.
    timed : bool
        Whether the times of words are the source's own; else they are cut from the cue's in proportion to characters.
    number : int
        Its place among the cues of the file that it is from; parts of a cue have the same.
    settings : str
        Where a subtitle stands: what WebVTT writes behind the times, or the "{\\an8}" of SRT.
    """

    start: float
    end: float
    words: tuple[Word, ...]
    speaker: str | None = None
    timed: bool = True
    number: int = -1
    settings: str = ""

    @property
    def text(self) -> str:
        """What is said; with the ends of lines that the source has."""
        return "".join(word.text for word in self.words).strip()

    def to_dict(self) -> dict[str, Any]:
        """Return the cue as plain values; words only where their times are the source's own."""
        cue: dict[str, Any] = {"start": self.start, "end": self.end, "text": self.text, "speaker": self.speaker}
        return {**cue, "words": [word.to_dict() for word in self.words]} if self.timed else cue


@dataclass(frozen=True, slots=True)
class Source:
    """Where a transcript is from: the name of the layout, and for JSON the whole document."""

    layout: str
    document: Any = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in a recording.

    Parameters
    ----------
    cues : tuple of Cue
        By start.
    uri : str
        The recording's id, usually its file name without folder and ending.
    source : Source
        What the transcript was read from.
    """

    cues: tuple[Cue, ...]
    uri: str = ""
    source: Source = field(default=Source(""), repr=False, compare=False)

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all cues, cue by cue."""
        return tuple(word for cue in self.cues for word in cue.words)

    @property
    def speakers(self) -> list[str]:
        """The names of those who speak, sorted."""
        return sorted({word.speaker for word in self.words if word.speaker is not None})

    def to_dict(self) -> dict[str, Any]:
        """Return the transcript as plain values: `uri`, and `segments` with whisperX's names of fields."""
        return {"uri": self.uri, "segments": [cue.to_dict() for cue in self.cues]}
