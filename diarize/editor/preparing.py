"""What an editor needs before it can be served: the sound as the page plays it, and turns that belong to it."""

from __future__ import annotations

import mimetypes
import warnings
from pathlib import Path
from shutil import copyfileobj

from diarize.audio import AudioInput
from diarize.editor.edits import Edits
from diarize.editor.files import Opened
from diarize.editor.learning import Learner
from diarize.editor.session import Sound
from diarize.errors import DiarizeWarning, FormatError, counted, quoted
from diarize.progress import Progress, watched
from diarize.report.page import EMBEDDED_SECONDS
from diarize.report.soundscape import listen

_BEYOND = 0.5  # s that turns may reach beyond the sound


def heard(
    audio: AudioInput,
    file: Path,
    folder: Path,
    work: Opened,
    channel: int | None = None,
    progress: Progress | None = None,
) -> Sound:
    """Read a recording for the page, once.

    Parameters
    ----------
    audio : AudioInput
        What is heard of `file`.
    file : path
        The recording. It is what is played where a copy would be large and all of it is heard.
    folder : path
        Takes a copy that any browser plays.
    work : Opened
        Its turns; the last one says about how long the recording is.
    channel : int or None
        Counted from 1; all channels mixed without it.
    progress : callable or None
        Takes the stage, "page", and the share that is done, of the time up to the end of the last turn.

    Raises
    ------
    AudioError
        The recording cannot be read.
    """
    whole = channel is None and audio == file
    end = max((turn.end for turn, _ in work.edits.in_order()), default=float("inf"))
    with watched(progress) as report:
        longest = EMBEDDED_SECONDS if whole else float("inf")
        scape = listen(audio, channel, longest, lambda seconds: report("page", min(seconds / end, 1.0)))
    if scape.sound is None:
        return Sound(file.name, file, _media_type(file), scape)
    copy = folder / "sound.mp3"
    with scape.sound, copy.open("wb") as target:
        scape.sound.seek(0)
        copyfileobj(scape.sound, target)
    return Sound(file.name, copy, "audio/mpeg", scape, channel)


def _media_type(file: Path) -> str:
    """Return what a browser plays a file as; never a kind that it would run, whatever the name says."""
    guess = mimetypes.guess_type(file.name)[0] or ""
    return guess if guess.startswith(("audio/", "video/")) else "audio/x-unknown"


def need_match(turns: Path, work: Opened, uri: str, duration: float) -> None:
    """See that the turns of a file are those of this recording.

    Parameters
    ----------
    turns : path
    work : Opened
        What is in it.
    uri : str
        The recording's id.
    duration : float, seconds
        Of the recording.

    Raises
    ------
    FormatError
        The file is about another recording: its name and its length are other ones.
    """
    beyond = [turn for turn, _ in work.edits.in_order() if turn.end > duration + _BEYOND]
    if not beyond:
        return
    count = counted(len(beyond), "turn ends", "turns end")
    message = f"{turns}: {count} after the sound, which has {duration:.3f} s"
    if work.uri != uri:
        raise FormatError(f"{message}; they are of recording {quoted(work.uri)}, not of {quoted(uri)}")
    warnings.warn(f"{message}; do they belong together?", DiarizeWarning, stacklevel=2)


def diarized(learner: Learner, audio: Path, progress: Progress | None = None) -> Opened:
    """Return the turns that the diarizer finds, before the page is shown.

    Parameters
    ----------
    learner : Learner
        It listens here, and knows the recording then.
    audio : path
        The recording.
    progress : callable or None

    Raises
    ------
    DiarizeError
        The recording cannot be diarized.
    """
    result = learner.listen(progress)
    return Opened(Edits(result.annotation.turns), result.annotation.uri, result.about(str(audio)))
