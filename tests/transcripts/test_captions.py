"""WebVTT and SRT as transcripts, against what webvtt-py and srt read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
import srt
import webvtt

from diarize import FormatError
from diarize.transcripts import Transcript
from diarize.transcripts.captions import plain

from .conftest import said

Read = Callable[..., Transcript]

VTT = """WEBVTT

NOTE made by hand

1
00:00:01.000 --> 00:00:02.500 align:start
<v Tom &amp; Co><i>Hello</i> you,</v>
too.

00:03.000 --> 00:04.000
Fish &lt;fresh&gt;
"""
# what YouTube writes: the line before is shown again above the new one, then alone for an instant
ROLLING = """WEBVTT
Kind: captions
Language: en

00:00:00.000 --> 00:00:02.000 align:start position:0%
 
one<00:00:00.500><c> two</c><00:00:01.000><c> three</c>

00:00:02.000 --> 00:00:02.010 align:start position:0%
one two three
 

00:00:02.010 --> 00:00:04.000 align:start position:0%
one two three
four<00:00:03.000><c> five</c>
"""  # noqa: W293  # the blank is in such files


def test_the_same_cues_as_webvtt(read: Read, tmp_path: Path) -> None:
    transcript = read(VTT, "x.vtt")
    captions = list(webvtt.read(str(tmp_path / "x.vtt")))
    assert [(cue.text, cue.start, cue.end) for cue in transcript.cues] == [
        ("Hello you,\ntoo.", 1.0, 2.5),
        ("Fish <fresh>", 3.0, 4.0),
    ]
    assert [caption.start_in_seconds for caption in captions] == [1, 3]
    assert [cue.speaker for cue in transcript.cues] == ["Tom & Co", None]
    assert unescape(captions[0].voice) == "Tom & Co"


def test_the_same_cues_as_srt(read: Read) -> None:
    texts = ["one\ntwo", "<i>three</i> {\\an8}four", "5 < 6 &amp; more"]
    cues = [srt.Subtitle(n, timedelta(seconds=n), timedelta(seconds=n + 1), text) for n, text in enumerate(texts, 1)]
    transcript = read(srt.compose(cues).replace("\n", "\r\n"), "x.srt")
    assert [(cue.start, cue.end) for cue in transcript.cues] == [(1, 2), (2, 3), (3, 4)]
    assert [cue.text for cue in transcript.cues] == ["one\ntwo", "three four", "5 < 6 & more"]


def test_times_inside_cues_are_those_of_words(read: Read) -> None:
    transcript = read("WEBVTT\n\n00:01.000 --> 00:04.000\nOne <00:00:02.000>two three<00:00:03.500> four\n")
    assert said(transcript) == [(1, 2, "One"), (2, 2.5625, " two"), (2.5625, 3.5, " three"), (3.5, 4, " four")]
    assert transcript.cues[0].timed


def test_rolling_captions_are_said_once(read: Read) -> None:
    transcript = read(ROLLING)
    assert " ".join(cue.text for cue in transcript.cues) == "one two three four five"
    assert [(start, end) for start, end, _ in said(transcript)] == [(0, 0.5), (0.5, 1), (1, 2), (2.01, 3), (3, 4)]


def test_cues_out_of_order_are_sorted_and_keep_their_numbers(read: Read) -> None:
    text = "1\n00:00:05,000 --> 00:00:06,000\nb\n\n2\n00:00:01,000 --> 00:00:00,500\na\n"
    transcript = read(text)
    assert [(cue.text, cue.start, cue.end, cue.number) for cue in transcript.cues] == [("a", 1, 1, 1), ("b", 5, 6, 0)]


def test_plain_text() -> None:
    assert plain('<c.yellow>a</c> <font color="red">b</font> 1 < 2 > 0 &quot;c&quot;') == 'a b 1 < 2 > 0 "c"'


def test_a_wrong_time_names_its_line(read: Read) -> None:
    with pytest.raises(FormatError, match=r"x\.vtt:3: a cue has two times"):
        read("WEBVTT\n\n00:01.000 --> soon\na\n", "x.vtt")


STYLED = """WEBVTT

00:01.000 --> 00:04.000 align:start line:10%
<v Ann><i>Hello you</i>, <c.red>we</c> are <b>here. Yes</b></v>

00:04.000 --> 00:05.000
plain
00:05.000 --> 00:06.000 align:end
next<00:00:05.500><c> one</c>
"""


def test_settings_and_tags_are_kept(read: Read) -> None:
    transcript = read(STYLED)
    assert [cue.settings for cue in transcript.cues] == ["align:start line:10%", "", "align:end"]
    assert [(word.text.strip(), word.marks) for word in transcript.cues[0].words] == [
        ("Hello", ("i",)),
        ("you,", ("i",)),
        ("we", ("c.red",)),
        ("are", ()),
        ("here.", ("b",)),
        ("Yes", ("b",)),
    ]


def test_times_end_a_cue_without_a_blank_line(read: Read) -> None:
    assert [(cue.start, cue.text) for cue in read(STYLED).cues][1:] == [(4, "plain"), (5, "next one")]


def test_a_word_before_a_pause_does_not_fill_it(read: Read) -> None:
    transcript = read("WEBVTT\n\n00:01.000 --> 00:09.000\nOne<00:00:01.500> two<00:00:06.000> three\n")
    assert [(start, end) for start, end, _ in said(transcript)] == [(1, 1.5), (1.5, 2.5), (6, 7)]


def test_the_place_of_srt_is_kept(read: Read) -> None:
    (cue,) = read('1\n00:00:00,000 --> 00:00:01,000\n{\\an8}<font color="red">a b</font>\n', "x.srt").cues
    assert (cue.text, cue.settings, cue.words[1].marks) == ("a b", "{\\an8}", ('font color="red"',))
