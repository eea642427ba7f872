"""CTM, a line a word, and STM, a line a stretch of speech, as transcripts.

References
----------
NIST. SCTK, the scoring toolkit: infmts, "CTM" and "STM".
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from diarize.errors import FormatError, counted
from diarize.formats.ctm import is_nobody
from diarize.formats.files import is_number, parse_confidence, parse_seconds
from diarize.formats.names import FIELD, decode_uri
from diarize.formats.stm import is_skipped, is_stm
from diarize.transcripts.layout import Content
from diarize.transcripts.timing import cue_of_text, cues_of_words
from diarize.transcripts.words import Cue, Word

_COMMENT = ";;"
_LOOK = 100  # lines by which CTM is told
_ALTERNATIVES = "*"  # what stands for the times of <ALT_BEGIN>, <ALT> and <ALT_END>


def _lines(content: Content) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(content.text.split("\n"), 1):
        if line.strip() and not line.startswith(_COMMENT):
            yield number, line.strip()


def is_ctm_transcript(content: Content) -> bool:
    """Tell whether lines have five to eight fields of which the third and the fourth are numbers, the fifth a word.

    The first words may be numbers; STM, whose speakers may be numbers too, has the end there in each line.
    """
    lines = [line.split() for _, line in islice(_lines(content), _LOOK)]
    spoken = [fields for fields in lines if fields[2:4] != [_ALTERNATIVES, _ALTERNATIVES]]
    if not spoken or not 5 <= len(spoken[0]) <= 8 or not all(map(is_number, spoken[0][2:4])):
        return False
    words = [fields[4] for fields in spoken if len(fields) > 4]
    return not all(map(is_number, words)) or all(len(fields) == 5 for fields in spoken)


def read_ctm_transcript(content: Content) -> dict[str, list[Cue]]:
    """Return the words of each recording as cues, cut at pauses and where the speaker changes."""
    words: dict[str, list[Word]] = {}
    for number, line in _lines(content):
        fields = line.split()
        if len(fields) > 3 and fields[2] == fields[3] == _ALTERNATIVES:
            continue
        if not 5 <= len(fields) <= 8:
            raise FormatError(
                f"{content.where}:{number}: a CTM line has five to eight fields, recording, channel, start, duration, "
                f"word, confidence, type and speaker; got {len(fields)}"
            )
        try:
            start, duration = parse_seconds(fields[2], "the start"), parse_seconds(fields[3], "the duration")
        except FormatError as error:
            raise FormatError(f"{content.where}:{number}: {error}") from None
        named = len(fields) == 8 and not is_nobody(fields[7])
        speaker = FIELD.decode(fields[7]) if named else None
        confidence = parse_confidence(fields[5]) if len(fields) > 5 else None
        own = words.setdefault(decode_uri(fields[0]), [])
        own.append(Word(start, round(start + duration, 6), f" {fields[4]}", speaker, confidence, len(own)))
    return {uri: cues_of_words(sorted(own, key=lambda word: word.start)) for uri, own in words.items()}


def is_stm_transcript(content: Content) -> bool:
    """Tell whether the first line has six fields or more of which the fourth and the fifth are numbers."""
    _, line = next(_lines(content), (0, ""))
    return is_stm(line) and len(line.split(maxsplit=5)) == 6


def read_stm_transcript(content: Content) -> dict[str, list[Cue]]:
    """Return the stretches of each recording as cues; those that are not scored are left out."""
    cues: dict[str, list[Cue]] = {}
    for number, line in _lines(content):
        if is_skipped(line):
            continue
        fields = line.split(maxsplit=5)
        if len(fields) < 5:
            raise FormatError(
                f"{content.where}:{number}: an STM line has recording, channel, speaker, start, end and transcript; "
                f"got {counted(len(fields), 'field')}"
            )
        try:
            start, end = parse_seconds(fields[3], "the start"), parse_seconds(fields[4], "the end")
        except FormatError as error:
            raise FormatError(f"{content.where}:{number}: {error}") from None
        own = cues.setdefault(decode_uri(fields[0]), [])
        text = fields[5] if len(fields) == 6 else ""
        if text.startswith("<") and ">" in text:  # <o,f0,male>: what kind of speech it is
            text = text[text.index(">") + 1 :]
        if text.strip():
            own.append(cue_of_text(text, start, end, FIELD.decode(fields[2]), len(own)))
    return cues
