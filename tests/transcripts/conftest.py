"""Transcripts as files: each layout as its program writes it, with what is left out there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from diarize.transcripts import Transcript, read_transcript


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Transcript]:
    """Return a function that reads a transcript from its text or bytes."""

    def reading(content: str | bytes, name: str = "talk.txt", uri: str | None = None) -> Transcript:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_transcript(path, uri=uri)

    return reading


def said(transcript: Transcript) -> list[tuple[float, float, str]]:
    """Return start, end and text of each word."""
    return [(word.start, word.end, word.text) for word in transcript.words]
