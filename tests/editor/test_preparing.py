"""The sound as the page plays it, and turns that are of another recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarize.editor import preparing
from diarize.errors import DiarizeWarning, FormatError

RTTM = "SPEAKER {} 1 0.000 {} <NA> <NA> anna <NA> <NA>\n"


def test_a_short_sound_is_copied_as_any_browser_plays_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.1 * np.sin(np.arange(16000) / 20), 16000)
    sound = preparing.heard(path, path, tmp_path)
    assert (sound.media_type, sound.path.name, sound.name) == ("audio/mpeg", "sound.mp3", "tone.wav")
    assert soundfile.info(sound.path).duration == pytest.approx(1.0, abs=0.1)
    monkeypatch.setattr(preparing, "EMBEDDED_SECONDS", 0.5)
    long = preparing.heard(path, path, tmp_path)
    assert (long.media_type.partition("/")[0], long.path) == ("audio", path)
    assert preparing.heard(path, path, tmp_path, channel=1).path.name == "sound.mp3"


def test_turns_of_another_recording_are_told(tmp_path: Path) -> None:
    path = tmp_path / "talk.rttm"
    path.write_text(RTTM.format("other", "9.000"))
    assert preparing.belonging(path, "talk", 9.2).uri == "other"  # a copy under another name
    with pytest.raises(
        FormatError, match=r"1 turn ends after the sound, which has 3\.000 s; they are of recording 'other'"
    ):
        preparing.belonging(path, "talk", 3.0)
    path.write_text(RTTM.format("talk", "9.000"))
    with pytest.warns(DiarizeWarning, match="do they belong together"):
        preparing.belonging(path, "talk", 3.0)
