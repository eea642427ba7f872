"""One recording being edited: its sound, its turns on disk and in the making, and the diarizer that learns."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from diarize.editor.edits import edits_of_page
from diarize.editor.files import Conflict, Journal, Opened, Output, Saved, opened, with_edits
from diarize.editor.learning import Learner
from diarize.report.document import document
from diarize.report.page import pieces
from diarize.report.soundscape import Soundscape
from diarize.transcripts.words import Cue


class Elsewhere(Conflict):
    """The page was opened again: in another tab, or in another browser."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording as the page shows and plays it.

    Parameters
    ----------
    name : str
        Of the recording's file.
    path : path
        What is played.
    media_type : str
        Of that file.
    scape : Soundscape
    channel : int or None
        The channel that is heard, counted from 1.
    """

    name: str
    path: Path
    media_type: str
    scape: Soundscape
    channel: int | None = None


class Session:
    """What a server serves.

    Parameters
    ----------
    sound : Sound
    work : Opened
        The turns at the start.
    output : Output
    learner : Learner
    transcript : sequence of Cue
        What was said; it is shown, and not saved.
    """

    def __init__(
        self, sound: Sound, work: Opened, output: Output, learner: Learner, transcript: Sequence[Cue] = ()
    ) -> None:
        self.sound, self.output, self.learner, self.transcript = sound, output, learner, transcript
        self.journal = Journal(output.path)
        self.n_saves = 0
        self._work, self._seen = work, output.version
        self._page = 0  # the number of the page that was opened last; no other one may write
        self._keeper = 0  # the page that wrote the journal; 0 before any did
        self._lock = Lock()  # one request writes at a time

    def page(self) -> Iterator[bytes]:
        """Return the page in pieces, with the turns as they are on disk by now; pages opened before write no more.

        Raises
        ------
        FormatError
            Somebody has made a file of it that cannot be read.
        """
        with self._lock:
            version = self.output.version
            if version and version != self._seen:
                self._work, self._seen = opened(self.output.path, self._work.uri), version
            self._page += 1
            content = self._document(version)
        return pieces(content, self.sound.scape, "server")

    def save(self, sent: dict[str, Any]) -> Saved:
        """Write what a page sends to the file, and forget the journal.

        Raises
        ------
        Conflict
            The file was changed since the page saw it, and is not to be overwritten; or the page was opened again.
        FormatError
            The page sent something else, or the file cannot be written.
        """
        edits = edits_of_page(sent.get("edits"))
        with self._lock:
            self._need_last(sent)
            work = with_edits(self._work, edits)
            saved = self.output.save(work, str(sent.get("version", "")), sent.get("overwrite") is True)
            self._work, self._seen = work, saved.version
            self.n_saves += 1
            self.journal.forget()
        return saved

    def keep(self, sent: dict[str, Any]) -> None:
        """Write edits that are not saved to the journal; none remove it.

        Raises
        ------
        Elsewhere
            The page was opened again since.
        FormatError
            The page sent something else, or the journal cannot be written.
        """
        edits = sent.get("edits")
        with self._lock:
            self._need_last(sent)
            if edits is None:
                self.journal.forget()
            else:
                edits_of_page(edits)
                self.journal.write(edits, str(sent.get("version", "")), time.time())
                self._keeper = self._page

    def set_aside(self, sent: dict[str, Any]) -> list[str]:
        """Write what a page does not want now to backups, with the journal if that is its own; return their names.

        Raises
        ------
        FormatError
            It is no edits, or cannot be written.
        """
        with self._lock:
            return self._put_aside(sent.get("edits"), journal=sent.get("page") == self._page)

    def take_over(self, sent: dict[str, Any]) -> tuple[int, list[str]]:
        """Let a page write again though it was opened again since; what the other one has kept is put aside.

        Returns
        -------
        page : int
            Its new number.
        backups : list of str
            Names of what was put aside.

        Raises
        ------
        FormatError
            That cannot be written.
        """
        with self._lock:
            backups = self._put_aside(None, journal=self._keeper not in (0, sent.get("page")))
            self._page += 1
            return self._page, backups

    def _put_aside(self, edits: Any, journal: bool) -> list[str]:
        kept = self.journal.read() if journal else None
        all_edits = [item for item in (kept and kept["edits"], edits) if item is not None]
        unwanted = dict.fromkeys(edits_of_page(item) for item in all_edits)  # each once
        backups = [self.output.put_aside(with_edits(self._work, item)).name for item in unwanted]
        if journal:
            self.journal.forget()
        return backups

    def _need_last(self, sent: dict[str, Any]) -> None:
        if sent.get("page") != self._page:
            raise Elsewhere("the page was opened again since, in another tab or browser")

    def learn(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Return what follows from the corrections that a page sends.

        Raises
        ------
        DiarizeError
            The page sent something else, or the diarizer cannot use the corrections.
        """
        proposal = self.learner.propose(edits_of_page(sent.get("edits")))
        return {
            "changes": [[asdict(part) for part in change] for change in proposal.changes],
            "checks": [asdict(check) for check in proposal.checks],
        }

    def _document(self, version: str) -> dict[str, Any]:
        work, sound = self._work, self.sound
        content = document(
            work.edits.annotation(work.uri),
            transcript=self.transcript,
            recording={
                "name": sound.name,
                "duration": sound.scape.duration,
                "sampleRate": sound.scape.sample_rate,
                "channel": sound.channel,
                "title": sound.name,
                "sound": {"kind": "link", "link": "sound"},
            },
        )
        ids = {speaker["name"]: speaker["id"] for speaker in content["speakers"]}
        content["turns"] = [
            {
                "id": f"t{number}",
                "start": turn.start,
                "end": turn.end,
                "speaker": ids[turn.speaker],
                "confidence": turn.confidence,
                "checked": checked,
            }
            for number, (turn, checked) in enumerate(work.edits.in_order(), 1)
        ]
        content["silence"] = [{"start": one.start, "end": one.end} for one in work.edits.silence]
        content["server"] = {
            "version": version,
            "page": self._page,
            "file": self.output.path.name,
            "marks": self.output.keeps_marks,
            "journal": self.journal.read(),
        }
        # by recording, not by content or address: what a browser keeps is found again by the next server
        content["key"] = "edit:" + hashlib.sha256(str(self.output.path.resolve()).encode()).hexdigest()[:32]
        return content
