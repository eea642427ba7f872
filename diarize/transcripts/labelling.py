"""Speakers put on a transcript: words are assigned, changes put at ends of sentences, cues cut where they change."""

from __future__ import annotations

from collections import defaultdict

from diarize.annotation import Annotation
from diarize.transcripts.assignment import assign
from diarize.transcripts.cutting import cut
from diarize.transcripts.layout import Names
from diarize.transcripts.sentences import at_sentences
from diarize.transcripts.words import Transcript


def label(transcript: Transcript, annotation: Annotation) -> Transcript:
    """Put speakers on a transcript that another program made.

    Parameters
    ----------
    transcript : Transcript
        Such as `read_transcript` gives; speakers that it names are replaced.
    annotation : Annotation
        Who speaks when in the same recording.

    Returns
    -------
    Transcript
        Words have the names of those who say them, None where no turn is near; cues in which the speaker changes are
        several.

    Examples
    --------
    >>> from diarize import Turn
    >>> from diarize.transcripts.timing import cue_of_text
    >>> said = Transcript((cue_of_text("How are you? Fine, thanks.", 1.0, 3.5),))
    >>> for cue in label(said, Annotation([Turn(1.0, 2.1, "anna"), Turn(2.1, 3.5, "ben")])).cues:
    ...     print(cue.speaker, cue.text)
    anna How are you?
    ben Fine, thanks.
    """
    timed = [cue.timed for cue in transcript.cues for _ in cue.words]
    assigned = iter(at_sentences(assign(transcript.words, annotation), timed))
    parts = [part for cue in transcript.cues for part in cut(cue, [next(assigned) for _ in cue.words])]
    return Transcript(tuple(sorted(parts, key=lambda cue: (cue.start, cue.end))), transcript.uri, transcript.source)


def names_by_number(transcript: Transcript) -> tuple[Names, Names]:
    """Return who says each word and who says most of each cue, by their numbers in the source."""
    seconds: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for cue in transcript.cues:
        for word in cue.words:
            if word.speaker is not None:
                # a word without duration is still more than none
                seconds[cue.number][word.speaker] += max(word.end - word.start, 1e-3)
    words = {word.number: word.speaker for word in transcript.words if word.number >= 0}
    return words, {number: max(own, key=lambda name: own[name]) for number, own in seconds.items()}
