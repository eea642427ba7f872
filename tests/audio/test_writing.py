"""Sound that is written block by block."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarize.audio.writing import sound_writer
from diarize.errors import AudioError


@pytest.mark.parametrize("container", ["wav", "flac"])
def test_writing_to_files_and_memory(tmp_path: Path, container: str) -> None:
    x = np.array([0.0, 0.5, -1.0, 3.0, -3.0], dtype=np.float32)
    with (tmp_path / "x").open("wb") as file, sound_writer(file, 22050, container) as write:
        write(x[:2])
        write(x[2:])
    with sound_writer(memory := io.BytesIO(), 22050, container) as write:
        write(x)
    for source in (tmp_path / "x", io.BytesIO(memory.getvalue())):
        heard, rate = soundfile.read(source)
        assert rate == 22050
        np.testing.assert_allclose(heard, [0, 0.5, -1, 1, -1], atol=1e-6)


def test_writing_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="wav or flac"), sound_writer(io.BytesIO(), 16000, "mp3"):
        pass
    (tmp_path / "x").write_bytes(b"")
    with (
        (tmp_path / "x").open("rb") as file,
        pytest.raises(AudioError, match="cannot be written"),
        sound_writer(file, 16000) as write,
    ):
        write(np.zeros(100000, np.float32))
