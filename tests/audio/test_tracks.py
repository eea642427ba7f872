"""Tracks by their numbers."""

from __future__ import annotations

import pytest

from diarize.audio.tracks import about_choice, check_track
from diarize.errors import AudioError


def test_tracks_that_are_there() -> None:
    check_track("a", None, ["aac"])
    check_track("a", 2, ["aac", "ac3"])
    assert about_choice(2, ["aac", "ac3"]).startswith("it has the tracks 1 (aac), 2 (ac3); track 2 is used")


@pytest.mark.parametrize(
    ("tracks", "others", "message"),
    [
        ([], [], "a: holds no sound, no track at all"),
        ([], ["video", "data", "video"], "a: holds no sound, only video and data"),
        (["aac"], [], r"a: there is no track 2; its tracks are 1 \(aac\)"),
    ],
)
def test_what_is_missing(tracks: list[str], others: list[str], message: str) -> None:
    with pytest.raises(AudioError, match=message):
        check_track("a", 2, tracks, others)
