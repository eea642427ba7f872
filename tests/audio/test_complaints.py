"""What FFmpeg says, in words; the lines are those of ffmpeg 5.1 and PyAV 17."""

from __future__ import annotations

import pytest

from diarize.audio.complaints import all_in_words, in_words, track_in_words


@pytest.mark.parametrize(
    "said",
    [
        "[Errno 541478725] End of file: 'cut.mkv'",
        "[Errno 1094995529] Invalid data found when processing input: '<none>'",
        "file:/dev/stdin: Input/output error",
        "[aac @ 0x555fabde5a40] Input buffer exhausted before END element found",
        "Cannot determine format of input stream 0:0 after EOF",
        "video:0kB audio:1kB subtitle:0kB other streams:0kB global headers:0kB muxing overhead: unknown",
    ],
)
def test_what_comes_to_damage(said: str) -> None:
    assert in_words(said) == "it is cut short or damaged"


def test_nothing_of_the_inside_is_shown() -> None:
    said = "[mp3float @ 0x55d523d9a480] invalid new backstep -1\n[mp3float @ 0x55d523d9a480] again\nmore"
    assert all_in_words(said) == "invalid new backstep -1 (and 2 more lines)"
    assert all_in_words("a\nb") == "a (and 1 more line)"
    assert all_in_words("") == ""


def test_a_track_is_named_by_what_tells_it_from_others() -> None:
    assert track_in_words("aac (LC) ([15][0][0][0] / 0x000F), 44100 Hz, stereo, fltp, 71 kb/s") == (
        "aac (LC), 44100 Hz, stereo, 71 kb/s"
    )
