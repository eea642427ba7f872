"""The sound as the page plays it, and turns that are of another recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarize.annotation import Turn
from diarize.editor import preparing
from diarize.editor.edits import Edits
from diarize.editor.files import Opened, opened
from diarize.errors import DiarizeWarning, FormatError
from diarize.formats.about import About

WORK = Opened(Edits((Turn(0.0, 0.5, "anna"),)), "tone", About())
RTTM = "SPEAKER {} 1 0.000 {} <NA> <NA> anna <NA> <NA>\n"


def test_a_short_sound_is_copied_as_any_browser_plays_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.1 * np.sin(np.arange(16000) / 20), 16000)
    told: list[tuple[str, float]] = []
    sound = preparing.heard(path, path, tmp_path, WORK, progress=lambda *news: told.append(news))
    assert told[-1] == ("page", 1.0)
    assert (sound.media_type, sound.path.name, sound.name) == ("audio/mpeg", "sound.mp3", "tone.wav")
    assert soundfile.info(sound.path).duration == pytest.approx(1.0, abs=0.1)
    monkeypatch.setattr(preparing, "EMBEDDED_SECONDS", 0.5)
    long = preparing.heard(path, path, tmp_path, WORK)
    assert (long.media_type.partition("/")[0], long.path) == ("audio", path)
    assert preparing.heard(path, path, tmp_path, WORK, channel=1).path.name == "sound.mp3"
    page = path.rename(tmp_path / "tone.html")  # a name that a browser would run
    assert preparing.heard(page, page, tmp_path, WORK).media_type == "audio/x-unknown"


def test_turns_of_another_recording_are_told(tmp_path: Path) -> None:
    path = tmp_path / "talk.rttm"
    path.write_text(RTTM.format("other", "9.000"))
    work = opened(path, "talk")
    assert work.uri == "other"
    preparing.need_match(path, work, "talk", 9.2)  # a copy under another name
    with pytest.raises(
        FormatError, match=r"1 turn ends after the sound, which has 3\.000 s; they are of recording 'other'"
    ):
        preparing.need_match(path, work, "talk", 3.0)
    path.write_text(RTTM.format("talk", "9.000"))
    with pytest.warns(DiarizeWarning, match="do they belong together"):
        preparing.need_match(path, opened(path, "talk"), "talk", 3.0)
