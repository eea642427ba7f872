"""What ffmpeg says of files before they are decoded."""

from __future__ import annotations

from pathlib import Path

import pytest

from diarize.audio.ffmpeg import ffmpeg
from diarize.audio.probing import probe
from tests.audio.media import RATE, clicks, media

pytestmark = pytest.mark.skipif(ffmpeg() is None, reason="ffmpeg is not on PATH")


def test_a_file_with_two_tracks(tmp_path: Path) -> None:
    path = tmp_path / "x.mkv"
    path.write_bytes(media("matroska", "flac", clicks(), clicks(seed=1), video=True))
    with path.open("rb", buffering=0) as file:
        known = probe(ffmpeg() or "", file, 2)
    assert "matroska" in known.kinds
    assert [kind for kind, _ in known.streams] == ["Video", "Audio", "Audio"]
    assert len(known.tracks) == 2
    assert known.duration == pytest.approx(8.0, abs=0.1)
    assert (known.shift, known.n_primed) == (0.0, 0)


@pytest.mark.parametrize(("container", "expected"), [("ipod", 0), ("flv", 1024), ("mpegts", 1024)])
def test_a_delay_that_a_file_does_not_say(tmp_path: Path, container: str, expected: int) -> None:
    path = tmp_path / "x"
    path.write_bytes(media(container, "aac", clicks(rate=44100), rate=44100))
    with path.open("rb", buffering=0) as file:
        assert probe(ffmpeg() or "", file, 1).n_primed == expected


def test_what_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(RATE))
    with path.open("rb", buffering=0) as file:
        known = probe(ffmpeg() or "", file, 1)
    assert not known.streams
    assert known.complaint
