"""Kaldi's data directory: segments, utt2spk, spk2utt and wav.scp in one folder."""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TextIO

from diarize.annotation import Annotation
from diarize.errors import DiarizeWarning, FormatError, counted, quoted, shortlist
from diarize.formats.about import About
from diarize.formats.files import Problem, milliseconds, new_folders, parse_seconds, read_lines, write_text
from diarize.formats.names import FIELD, decode_uri
from diarize.formats.parsing import parsed_lines
from diarize.formats.rttm import named
from diarize.formats.turns import Entry, Parsed, entry, rows

_NEEDED = ("segments", "utt2spk")


def is_kaldi(folder: Path) -> bool:
    """Tell whether a folder holds the files that say who speaks when."""
    return all((folder / name).is_file() for name in _NEEDED)


def parse_kaldi(path: str | PathLike[str]) -> Parsed:
    """Return what segments and utt2spk say of speakers, and wav.scp of sound files.

    Speakers that begin with the id of their recording and a hyphen, as `write_kaldi` names them, lose both.
    """
    folder, problems = Path(path), list[Problem]()
    segments, speakers = (_table(folder / name, problems) for name in _NEEDED)
    speaker_of = {utterance: rest for _, utterance, rest in speakers}
    about = {}
    if (folder / "wav.scp").exists():
        recordings = _table(folder / "wav.scp", problems)
        about = {decode_uri(name): About(source=None if rest.endswith("|") else rest) for _, name, rest in recordings}
    lines = [(number, (rest.split(), speaker_of.get(utterance))) for number, utterance, rest in segments]
    return parsed_lines(folder / "segments", lines, problems, lambda number, said: [_entry(number, *said)], about=about)


def _table(path: Path, problems: list[Problem]) -> list[tuple[int, str, str]]:
    """Return line number, first field and rest of each line; what is wrong is added to `problems`."""
    lines, wrong = read_lines(path, (), plain=False)
    problems += wrong
    table = []
    for number, line in lines:
        fields = line.split(maxsplit=1)
        if len(fields) == 2:
            table.append((number, fields[0], fields[1]))
        else:
            problems.append(Problem(os.fspath(path), number, f"two fields at least, got {quoted(line)}", fatal=True))
    return table


def _entry(number: int, fields: list[str], speaker: str | None) -> Entry:
    if len(fields) != 3:
        raise FormatError(
            f"a line of segments has utterance, recording, start and end; got {counted(len(fields) + 1, 'field')}"
        )
    if speaker is None:
        raise FormatError("utt2spk does not name the speaker of this utterance")
    times = (parse_seconds(fields[1], "the start"), parse_seconds(fields[2], "the end"))
    return entry(number, decode_uri(fields[0]), times, FIELD.decode(speaker.removeprefix(f"{fields[0]}-")))


def write_kaldi(
    annotations: Iterable[Annotation], target: str | PathLike[str] | TextIO, *, about: Mapping[str, About]
) -> None:
    """Write recordings as the files of a folder, which is made where it is missing.

    Speakers are named after their recording and themselves, since those of different recordings are different
    people, and utterances after speaker and time; all files are sorted as Kaldi wants them.

    Raises
    ------
    FormatError
        The target is no folder, or the path of a sound file would be a command to Kaldi.

    Warns
    -----
    DiarizeWarning
        The path of a sound file is not known: wav.scp is left out.
    """
    if not isinstance(target, str | PathLike):
        raise FormatError("kaldi is a folder of files; name one, it cannot go to a stream")
    by_id = named(annotations)
    segments, speaker_of = {}, {}
    for name, annotation in by_id.items():
        for row in rows(annotation):
            speaker = f"{name}-{FIELD.encode(row.speaker)}"
            utterance = f"{speaker}-{row.start:08d}-{row.end:08d}"
            segments[utterance] = f"{name} {milliseconds(row.start)} {milliseconds(row.end)}"
            speaker_of[utterance] = speaker
    sources = {name: about[annotation.uri].source for name, annotation in by_id.items()}
    sounds = {name: _sound(source) for name, source in sources.items() if source is not None}
    folder = Path(target)
    utterances = defaultdict(list)
    for utterance in sorted(speaker_of):
        utterances[speaker_of[utterance]].append(utterance)
    with new_folders() as need:
        need(folder)
        _write(folder / "segments", segments)
        _write(folder / "utt2spk", speaker_of)
        _write(folder / "spk2utt", {speaker: " ".join(own) for speaker, own in utterances.items()})
        if len(sounds) == len(by_id):
            _write(folder / "wav.scp", sounds)
    if len(sounds) < len(by_id):
        unknown = shortlist(name for name in sources if name not in sounds)
        warnings.warn(
            f"{folder}: wav.scp is left out, since it is not known where the sound is of: {unknown}",
            DiarizeWarning,
            stacklevel=3,
        )


def _sound(source: str) -> str:
    path = os.path.abspath(source)
    if path != path.strip() or path.endswith("|") or "\n" in path or not path.isprintable():
        raise FormatError(f"Kaldi would not take the path {quoted(source)} for a file; rename it")
    return path


def _write(path: Path, table: Mapping[str, str]) -> None:
    write_text(path, "".join(f"{key} {table[key]}\n" for key in sorted(table)))
