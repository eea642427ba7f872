"""The diarizer behind a page: it listens once, then learns from corrections as often as a person likes."""

from __future__ import annotations

from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, replace
from threading import Thread

from diarize.audio import AudioInput
from diarize.checking import Check, checks
from diarize.diarization import Diarization
from diarize.editor.changes import Part, changes, renaming
from diarize.editor.edits import Edits
from diarize.errors import Cancelled
from diarize.pipeline import Diarizer
from diarize.progress import Progress
from diarize.stages.limits import Limits


@dataclass(frozen=True, slots=True)
class Proposal:
    """What follows from corrections.

    Parameters
    ----------
    changes : list of tuple of Part
        What would be different.
    checks : list of Check
        What to look at next, the most rewarding first.
    """

    changes: list[tuple[Part, ...]]
    checks: list[Check]


class Learner:
    """Diarizes a recording once, at once or in the background, and corrects that as often as it is asked.

    Parameters
    ----------
    diarizer : Diarizer
    audio : AudioInput
    channel : int or None
        Counted from 1.
    num_speakers : int or None
        Where it is known.
    """

    def __init__(
        self, diarizer: Diarizer, audio: AudioInput, channel: int | None = None, num_speakers: int | None = None
    ) -> None:
        self._diarizer, self._audio = diarizer, audio
        self._channel, self._num_speakers = channel, num_speakers
        self._known: Future[Diarization] = Future()
        self._closed = False

    def listen(self, progress: Progress | None = None) -> Diarization:
        """Diarize the recording now.

        Raises
        ------
        DiarizeError
            It cannot be diarized.
        """
        result = self._diarizer.diarize(
            self._audio, channel=self._channel, num_speakers=self._num_speakers, progress=progress
        )
        self._known.set_result(result)
        return result

    def start(self) -> None:
        """Begin to listen, in a thread that keeps no process alive."""
        Thread(target=self._work, name="diarize", daemon=True).start()

    def listened(self) -> Diarization:
        """Return the diarization; waits for it.

        Raises
        ------
        DiarizeError
            The recording cannot be diarized, or the editor was closed.
        """
        return self._known.result()

    def close(self) -> None:
        """End the listening: whoever waits for it gets `Cancelled`."""
        self._closed = True
        if not self._known.done():
            self._known.set_exception(Cancelled("the editor was closed"))

    def propose(self, edits: Edits) -> Proposal:
        """Return what follows from the corrections so far; waits until the recording has been listened to.

        Raises
        ------
        DiarizeError
            The recording cannot be diarized, or the hints contradict the number of speakers.
        """
        base = self.listened()
        hints = edits.hints()
        result = self._diarizer.correct(base, hints, Limits.of(self._num_speakers, None, None)) if hints else base
        now = edits.annotation(base.annotation.uri)
        names = renaming(now, result.annotation, hints.names)
        learned = result.annotation.rename(names)
        known = base.annotation.rename(renaming(now, base.annotation))
        asked = [replace(check, speaker=names.get(check.speaker, check.speaker)) for check in checks(result, hints)]
        return Proposal(changes(now, known, learned), asked)

    def _work(self) -> None:
        try:
            self.listen(lambda stage, share: not self._closed)
        except InvalidStateError:  # closed meanwhile
            pass
        except Exception as error:  # told to whoever asks for the result
            if not self._known.done():
                self._known.set_exception(error)
