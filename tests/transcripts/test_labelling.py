"""Speakers on transcripts, from the words to the cues."""

from __future__ import annotations

import json
from collections.abc import Callable

from diarize import Annotation, Turn, label
from diarize.transcripts import Transcript, Word
from diarize.transcripts.labelling import names_by_number

Read = Callable[..., Transcript]

WORDS = [("Hi", 0.0, 0.4), ("Ben.", 0.4, 0.9), ("Hello,", 1.0, 1.4), ("Anna.", 1.4, 2.0), ("Far", 9.0, 9.5)]
SEGMENT = {
    "start": 0.0,
    "end": 9.5,
    "text": "Hi Ben. Hello, Anna. Far",
    "words": [{"word": word, "start": start, "end": end} for word, start, end in WORDS],
}
TURNS = Annotation([Turn(0.0, 0.95, "anna"), Turn(0.95, 2.1, "ben")])


def test_words_and_cues_get_speakers(read: Read) -> None:
    labelled = label(read(json.dumps({"segments": [SEGMENT]})), TURNS)
    assert [word.speaker for word in labelled.words] == ["anna", "anna", "ben", "ben", None]
    assert [(cue.speaker, cue.text) for cue in labelled.cues] == [("anna", "Hi Ben."), ("ben", "Hello, Anna. Far")]


def test_no_word_is_lost_or_made(read: Read) -> None:
    said = read(json.dumps({"segments": [SEGMENT]}))
    labelled = label(said, TURNS)
    assert [(w.start, w.end, w.text, w.number) for w in labelled.words] == [
        (w.start, w.end, w.text, w.number) for w in said.words
    ]


def test_speakers_of_the_source_are_replaced(read: Read) -> None:
    assert label(read("start\tend\tspeaker\ttext\n0.0\t0.9\told\ta\n"), TURNS).speakers == ["anna"]
    assert label(read("start\tend\tspeaker\ttext\n0.0\t0.9\told\ta\n"), Annotation()).speakers == []


def test_an_empty_transcript() -> None:
    assert label(Transcript(()), TURNS) == Transcript(())


def test_a_cue_of_the_source_is_of_the_one_who_says_most(read: Read) -> None:
    words, cues = names_by_number(label(read(json.dumps({"segments": [SEGMENT]})), TURNS))
    assert words == {0: "anna", 1: "anna", 2: "ben", 3: "ben", 4: None}
    assert cues == {0: "ben"}  # 1.0 against 0.9 seconds


def test_words_without_numbers_have_no_names_by_number(read: Read) -> None:
    labelled = label(read("WEBVTT\n\n00:00.000 --> 00:00.900\na b\n"), TURNS)
    assert names_by_number(labelled) == ({}, {0: "anna"})
    assert all(isinstance(word, Word) for word in labelled.words)
