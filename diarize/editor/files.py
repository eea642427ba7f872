"""The files of an editor: what is read, what is saved with a backup, and the journal of what is not saved yet."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

from diarize.annotation import Annotation
from diarize.editor.edits import Edits, edits_of_document
from diarize.errors import FormatError
from diarize.formats.about import About
from diarize.formats.files import atomic_file, one_of
from diarize.formats.format import Format
from diarize.formats.registry import format_of, format_to_write, read_described, write_all

JOURNAL, BACKUP = ".autosave", ".bak"  # behind the whole name: no command takes them for turns


class Conflict(FormatError):
    """Somebody else has written or removed the file in the meantime."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file of turns says of a recording.

    Parameters
    ----------
    edits : Edits
    uri : str
        The recording's id.
    about : About
        What else is known of it.
    others : tuple of Annotation
        Of other recordings in the same file; they are written again.
    """

    edits: Edits
    uri: str
    about: About
    others: tuple[Annotation, ...] = ()


def opened(path: Path, uri: str) -> Opened:
    """Return the turns of one recording in a file; a file about a single one is taken whatever that is called.

    Raises
    ------
    FormatError
        The file cannot be read, or holds several recordings and not this one.
    """
    if path.is_dir():
        raise FormatError(f"{path}: a folder; give a file of turns, such as RTTM or JSON")
    annotations, about = read_described(path, unnamed=uri)
    if not annotations:
        return Opened(Edits(), uri, About())
    own = one_of(annotations, path, None if len(annotations) == 1 else uri)
    is_document = format_of(path).name == "json"
    edits = edits_of_document(path) if is_document else Edits(own.turns)
    others = tuple(item for name, item in annotations.items() if name != own.uri)
    return Opened(edits, own.uri, about.get(own.uri, About()), others)


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a save: the version on disk, and where what was there before is kept, if anywhere."""

    version: str
    backup: Path | None


class Output:
    """The file that corrections are saved to.

    Parameters
    ----------
    path : path
        Its ending says the format.

    Raises
    ------
    FormatError
        Turns cannot be written to a file with that ending.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.format: Format = format_to_write(path)
        if self.format.folder or not self.format.names_speakers:
            raise FormatError(
                f"{path}: a file in {self.format.name} cannot be edited; name another by -o, such as .json"
            )
        self._own = ""

    @property
    def version(self) -> str:
        """What tells this content of the file from any other; empty where there is no file."""
        return "" if (content := self._content()) is None else _hash(content)

    @property
    def keeps_marks(self) -> bool:
        """Whether the format can say which turns are checked."""
        return self.format.name == "json"

    def save(self, work: Opened, version: str, overwrite: bool = False) -> Saved:
        """Write the file, whole or not at all; what somebody else has written there is kept as a backup.

        Parameters
        ----------
        work : Opened
        version : str
            That which the edits were made of.
        overwrite : bool
            Also where the file is another one by now.

        Raises
        ------
        Conflict
            The file is another one, and is not to be overwritten.
        FormatError
            The file cannot be written.
        """
        before = self._content()
        present = "" if before is None else _hash(before)
        if present != version and not overwrite:
            done = "removed" if before is None else "changed"
            raise Conflict(f"{self.path}: {done} by somebody else since it was opened here")
        text = self._text(work)
        backup = None if before is None or present == self._own else self._keep(before)
        with atomic_file(self.path) as file:
            file.write(text)
        self._own = _hash(text)
        return Saved(self._own, backup)

    def put_aside(self, work: Opened) -> Path:
        """Write a backup of what nobody wants in the file now, in its format; return where.

        Raises
        ------
        FormatError
            It cannot be written.
        """
        return self._keep(self._text(work))

    def _text(self, work: Opened) -> bytes:
        if self.keeps_marks:
            return work.edits.to_json(work.uri, work.about).encode()
        stream, annotation = StringIO(), work.edits.annotation(work.uri)
        about = {item.uri: work.about for item in (*work.others, annotation)}
        write_all([*work.others, annotation], stream, self.format.name, about=about)
        return stream.getvalue().encode()

    def _keep(self, content: bytes) -> Path:
        backup = unused(self.path, BACKUP)
        with atomic_file(backup) as file:
            file.write(content)
        return backup

    def _content(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FormatError(f"{self.path}: cannot read the file: {error.strerror or error}") from error


class Journal:
    """What a page has changed and not saved, on disk beside the file, so that it outlives the server."""

    def __init__(self, output: Path) -> None:
        self.path = beside(output, JOURNAL)

    def read(self) -> dict[str, Any] | None:
        """Return what was kept: `edits`, the `version` they were made of, and the `time`; None where nothing was."""
        try:
            kept = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return None
        return kept if isinstance(kept, dict) and isinstance(kept.get("edits"), dict) else None

    def write(self, edits: dict[str, Any], version: str, time: float) -> None:
        """Keep edits, in place of those before.

        Raises
        ------
        FormatError
            They cannot be written.
        """
        with atomic_file(self.path) as file:
            file.write(json.dumps({"version": version, "time": time, "edits": edits}).encode())

    def forget(self) -> None:
        """Remove what was kept.

        Raises
        ------
        FormatError
            It cannot be removed.
        """
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise FormatError(f"{self.path}: cannot remove the file: {error.strerror or error}") from error


def beside(path: Path, ending: str) -> Path:
    """Return the name of a file that goes with another one."""
    return path.with_name(path.name + ending)


def unused(path: Path, ending: str) -> Path:
    """Return NAME.bak, or the first of NAME.bak1, NAME.bak2 ... that is free."""
    name, number = beside(path, ending), 0
    while name.exists():
        number += 1
        name = beside(path, f"{ending}{number}")
    return name


def with_edits(work: Opened, edits: Edits) -> Opened:
    """Return the same recording with other turns."""
    return replace(work, edits=edits)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
