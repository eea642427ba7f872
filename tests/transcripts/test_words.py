"""Values of transcripts."""

from __future__ import annotations

import json

from diarize.transcripts import Cue, Transcript, Word

WORDS = (Word(0.0, 0.5, "Hello", "anna"), Word(0.5, 1.0, "\nyou.", "ben"))


def test_a_cue_has_the_text_of_its_words() -> None:
    assert Cue(0.0, 1.0, WORDS).text == "Hello\nyou."


def test_a_transcript_has_words_and_speakers() -> None:
    transcript = Transcript((Cue(0.0, 1.0, WORDS), Cue(1.0, 2.0, (Word(1.0, 2.0, "x"),))))
    assert [word.text for word in transcript.words] == ["Hello", "\nyou.", "x"]
    assert transcript.speakers == ["anna", "ben"]


def test_plain_values_go_into_json() -> None:
    cues = (Cue(0.0, 1.0, WORDS, "anna"), Cue(1.0, 2.0, (Word(1.0, 2.0, "x"),), timed=False))
    assert json.loads(json.dumps(Transcript(cues, "call").to_dict())) == {
        "uri": "call",
        "segments": [
            {
                "start": 0.0,
                "end": 1.0,
                "text": "Hello\nyou.",
                "speaker": "anna",
                "words": [
                    {"start": 0.0, "end": 0.5, "word": "Hello", "speaker": "anna"},
                    {"start": 0.5, "end": 1.0, "word": "you.", "speaker": "ben"},
                ],
            },
            {"start": 1.0, "end": 2.0, "text": "x", "speaker": None},
        ],
    }
