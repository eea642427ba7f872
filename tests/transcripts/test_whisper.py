"""JSON of whisper, faster-whisper and whisperX."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from diarize import FormatError
from diarize.transcripts import Transcript
from diarize.transcripts.whisper import fill_whisper

from .conftest import said

Read = Callable[..., Transcript]

# openai-whisper --word_timestamps True
OPENAI = {
    "text": " I'm here. Well, yes.",
    "segments": [
        {
            "id": 0,
            "seek": 0,
            "start": 0.0,
            "end": 1.2,
            "text": " I'm here.",
            "tokens": [50364, 286],
            "temperature": 0.0,
            "avg_logprob": -0.27,
            "compression_ratio": 0.9,
            "no_speech_prob": 0.01,
            "words": [
                {"word": " I'm", "start": 0.0, "end": 0.5, "probability": 0.9},
                {"word": " here.", "start": 0.5, "end": 0.4, "probability": 0.8},
            ],
        },
        {"id": 1, "seek": 0, "start": 1.5, "end": 2.5, "text": " Well, yes.", "tokens": []},
    ],
    "language": "en",
}
# whisperX: no blanks, a word without times, all words once more
WHISPERX = {
    "segments": [
        {
            "start": 0.1,
            "end": 3.0,
            "text": " In 2014 yes.",
            "words": [
                {"word": "In", "start": 0.1, "end": 0.4, "score": 0.9},
                {"word": "2014"},
                {"word": "yes.", "start": 1.4, "end": 2.0, "score": 0.5, "speaker": "SPEAKER_01"},
            ],
            "speaker": "SPEAKER_00",
        }
    ],
    "word_segments": [
        {"word": "In", "start": 0.1, "end": 0.4, "score": 0.9},
        {"word": "2014"},
        {"word": "yes.", "start": 1.4, "end": 2.0, "score": 0.5, "speaker": "SPEAKER_01"},
    ],
}


def test_whisper(read: Read) -> None:
    transcript = read(json.dumps(OPENAI), "call.json")
    assert transcript.uri == "call"
    assert [(cue.text, cue.timed) for cue in transcript.cues] == [("I'm here.", True), ("Well, yes.", False)]
    assert said(transcript)[:2] == [(0.0, 0.5, " I'm"), (0.5, 0.5, " here.")]  # it ended before it started
    assert [word.confidence for word in transcript.words[:2]] == [0.9, 0.8]
    assert [word.number for word in transcript.words] == [0, 1, -1, -1]


def test_a_bare_list_as_faster_whisper_gives_it(read: Read) -> None:
    assert [cue.text for cue in read(json.dumps(OPENAI["segments"])).cues] == ["I'm here.", "Well, yes."]


def test_whisperx(read: Read) -> None:
    transcript = read(json.dumps(WHISPERX))
    assert said(transcript) == [(0.1, 0.4, " In"), (0.4, 1.4, " 2014"), (1.4, 2.0, " yes.")]
    assert [word.speaker for word in transcript.words] == ["SPEAKER_00", "SPEAKER_00", "SPEAKER_01"]
    (cue,) = transcript.cues
    assert (cue.start, cue.end, cue.text, cue.speaker) == (0.1, 3.0, "In 2014 yes.", "SPEAKER_00")


# OpenAI's API: words beside the segments, without punctuation
API = {
    "task": "transcribe",
    "language": "english",
    "duration": 3.0,
    "text": "Hi, Ben. How are you?",
    "segments": [
        {"id": 0, "start": 0.0, "end": 1.0, "text": " Hi, Ben.", "avg_logprob": -0.3},
        {"id": 1, "start": 1.0, "end": 3.0, "text": " How are you?", "avg_logprob": -0.3},
    ],
    "words": [
        {"word": word, "start": k / 2, "end": k / 2 + 0.5} for k, word in enumerate(["Hi", "Ben", "How", "are", "you"])
    ],
}


def test_words_beside_segments_are_dealt_out(read: Read) -> None:
    transcript = read(json.dumps(API))
    assert [[word.text.strip() for word in cue.words] for cue in transcript.cues] == [
        ["Hi,", "Ben."],
        ["How", "are", "you?"],
    ]
    assert [word.start for word in transcript.words] == [0, 0.5, 1, 1.5, 2]


def test_words_alone_are_cut_at_sentences(read: Read) -> None:
    transcript = read(json.dumps({key: value for key, value in API.items() if key != "segments"}))
    assert [cue.text for cue in transcript.cues] == ["Hi, Ben.", "How are you?"]


@pytest.mark.parametrize("keys", [("segments", "words"), ("words",)])
def test_words_beside_segments_get_speakers(keys: tuple[str, ...]) -> None:
    document = json.loads(json.dumps({key: API[key] for key in keys}))
    fill_whisper(document, {0: "a", 1: "a", 2: "b", 3: "b", 4: None}, {0: "a", 1: "b"})
    assert [word.get("speaker") for word in document["words"]] == ["a", "a", "b", "b", None]


def test_tokens_of_the_server_of_whispercpp(read: Read) -> None:
    tokens = [("[_BEG_]", 0.0), (" You", 0.1), ("'ll", 0.4), (" see", 0.6), ("[_TT_50]", 0.9), ("", 0.9)]
    words = [{"word": text, "start": start, "end": start + 0.2, "t_dtw": -1} for text, start in tokens]
    transcript = read(json.dumps({"segments": [{"start": 0, "end": 1, "text": " You'll see", "words": words}]}))
    assert [text for _, _, text in said(transcript)] == [" You", "'ll", " see"]
    assert [word.number for word in transcript.words] == [1, 2, 3]


def test_whisper_timestamped_calls_the_word_text(read: Read) -> None:
    words = [{"text": "Yes,", "start": 0.1, "end": 0.4, "confidence": 0.9}, {"text": "so.", "start": 0.4, "end": 0.8}]
    transcript = read(json.dumps({"segments": [{"start": 0, "end": 1, "text": " Yes, so.", "words": words}]}))
    assert said(transcript) == [(0.1, 0.4, " Yes,"), (0.4, 0.8, " so.")]
    assert transcript.words[0].confidence == 0.9


def test_nothing_said(read: Read) -> None:
    assert read('{"text": "", "segments": [], "language": "en"}').cues == ()


def test_signs_without_blanks(read: Read) -> None:
    words = [{"word": sign, "start": k / 10, "end": k / 10 + 0.1} for k, sign in enumerate("今日は。")]
    segment = {"start": 0, "end": 1, "text": "今日は。", "words": words}
    assert read(json.dumps({"segments": [segment]}, ensure_ascii=False)).cues[0].text == "今日は。"


def test_nan_is_a_missing_time(read: Read) -> None:
    text = '[{"start": NaN, "end": 2, "text": "a b", "words": [{"word": "a", "start": 1, "end": NaN}, {"word": "b"}]}]'
    assert said(read(text)) == [(1, 1, "a"), (1, 2, " b")]


def test_speakers_are_filled_in_and_nothing_else_changes() -> None:
    document = json.loads(json.dumps(WHISPERX))
    fill_whisper(document, {0: "anna", 1: "anna"}, {0: "ben"})
    expected = json.loads(json.dumps(WHISPERX))
    for words in (expected["segments"][0]["words"], expected["word_segments"]):
        words[0]["speaker"] = words[1]["speaker"] = "anna"
        del words[2]["speaker"]
    expected["segments"][0]["speaker"] = "ben"
    assert document == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"segments": [{"start": null, "end": null, "text": "a"}]}', r"segments\[0\]: it has no times"),
        ('{"segments": [{"start": 0, "end": 1, "text": 5}]}', r"segments\[0\]\.text must be text, got 5"),
        ('{"segments": [{"start": 0, "end": 1, "text": "a", "words": 3}]}', r"segments\[0\]\.words must be a list"),
        ('{"segments": [{"start": 0, "end": 1, "text": "a", "words": ["a"]}]}', r"words\[0\] must be an object"),
        ('{"segments": [', r"talk\.txt:1: no JSON"),
    ],
)
def test_refused_with_the_place(read: Read, text: str, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read(text)
