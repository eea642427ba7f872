"""Where the results of recordings go: files, or standard output; checked before any work is done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diarize.cli.output import file_or_standard, is_standard, keep_sources, need_page, refuse_as_folder, warn
from diarize.cli.plot import check_picture

if TYPE_CHECKING:
    from diarize.hints import Hints

KEPT = ".npz"
"""What the name of a file ends in that holds a diarization to be corrected later."""

Targets = Mapping[Path, tuple[Path, ...] | None]
"""The files of each recording, None for standard output."""


def targets_of(audio: tuple[Path, ...], output: Path | None, channel: int | None, formats: tuple[str, ...]) -> Targets:
    """Return the files that each recording's result is written to, in the formats that are named; RTTM by default.

    Raises
    ------
    UsageError
        The name of a file or of standard output does not suit the recordings and formats, or two results would be one.
    """
    from diarize.formats.names import result_stem
    from diarize.formats.registry import by_ending, by_name, writable_endings

    if is_standard(output) and len(audio) > 1:
        raise click.UsageError("several recordings need a folder for their files: -o OUT")
    target = file_or_standard(output)
    if target is None:
        if len(formats) > 1 or any(by_name(name).folder for name in formats):
            raise click.UsageError(f"--format {','.join(formats)} needs a folder for the files: -o OUT")
        return {audio[0]: None}
    known = by_ending(target)
    if known is not None and known.write is not None and (known.folder or not target.is_dir()):
        if len(audio) > 1:
            raise click.UsageError(f"several recordings cannot share the file {target}; give a folder: -o OUT")
        if formats not in ((), (known.name,)):
            raise click.UsageError(
                f"{target} is a file in {known.name}; for --format {','.join(formats)} name a folder"
            )
        return {audio[0]: (target,)}
    refuse_as_folder(target, writable_endings())
    endings = [by_name(name).ending for name in formats or ("rttm",)]
    taken: dict[str, Path] = {}
    for path in audio:
        name = result_stem(path.stem, channel)
        if name in taken:
            raise click.UsageError(f"{taken[name]} and {path} would both be written to {name}{endings[0]}")
        taken[name] = path
    return {path: tuple(target / f"{name}{ending}" for ending in endings) for name, path in taken.items()}


def check_plot(plot: Path | None, targets: Targets) -> None:
    """Refuse a picture that cannot be drawn, or of several recordings."""
    if plot is None:
        return
    check_picture(plot)
    if len(targets) > 1:
        raise click.UsageError("--plot draws one recording; draw each of several with `diarize plot`")


def check_speech(speech: Path | None, targets: Targets) -> None:
    """Refuse speech marks of nobody knows which recording, or that would be written over."""
    if speech is None:
        return
    from diarize.formats.registry import format_of

    if len(targets) > 1 and format_of(speech).anonymous:
        raise click.UsageError(f"{speech} names no recording, so it can mark only one; use RTTM or UEM for several")
    if any(target.resolve() == speech.resolve() for several in targets.values() for target in several or ()):
        raise click.UsageError(f"the result would overwrite the speech marks {speech}; choose another -o OUT")


def check_report(report: Path | None, targets: Targets, speech: Path | None, plot: Path | None) -> None:
    """Refuse a page that cannot be written, of several recordings, or of what can be read only once."""
    if report is None:
        return
    if len(targets) > 1:
        raise click.UsageError("a page is about one recording; use `diarize report` for each of several")
    [(audio, written)] = targets.items()
    need_page(report, audio, speech, plot, *(written or ()))
    if audio.exists() and not audio.is_file():
        raise click.UsageError(f"--report reads the recording again, but {audio} is no file; save it first")


def check_hints(hints: Path | None, targets: Targets) -> None:
    """Refuse hints of nobody knows which recording, or that would be written over."""
    if hints is None:
        return
    from diarize.formats.registry import by_ending, format_of

    several = len(targets) > 1
    if several and not (hints.is_dir() and by_ending(hints) is None) and format_of(hints).anonymous:
        raise click.UsageError(f"{hints} names no recording, so it can hold hints for only one; name a folder of files")
    for target in (target for files in targets.values() for target in files or ()):
        keep_sources(target, hints)


def hints_for(hints: Path | None, targets: Targets) -> dict[Path, Hints] | None:
    """Return what is certain of each recording; those of which nothing is are left out, with a warning.

    Raises
    ------
    FormatError
        The hints cannot be read, or are of none of the recordings.
    """
    if hints is None:
        return None
    from diarize.formats.hints import hints_of, read_all_hints

    known = read_all_hints(hints)
    found = {path: hints_of(known, hints, path.stem) for path in targets if path.stem in known or "" in known}
    missing = [path for path in targets if path not in found]
    if missing and known and not found:
        hints_of(known, hints, missing[0].stem)  # says which there are
    for path in missing:
        warn(f"{path}: there are no hints for this recording in {hints}")
    return found


def kept_at(keep: Path | None, targets: Targets, *sources: Path | None) -> dict[Path, Path]:
    """Return the file in which each recording is kept: the one that is named, or one for each in a folder.

    Raises
    ------
    UsageError
        The name does not suit the recordings, or something would be written over.
    """
    if keep is None:
        return {}
    if keep.suffix.lower() == KEPT and not keep.is_dir():
        if len(targets) > 1:
            raise click.UsageError(f"several recordings cannot be kept in the file {keep}; give a folder: --keep KEPT")
        files = dict.fromkeys(targets, keep)
    else:
        refuse_as_folder(keep, KEPT)
        files = {path: keep / f"{path.stem}{KEPT}" for path in targets}
        if len(set(files.values())) < len(files):
            raise click.UsageError("two recordings have the same name, and would be kept in the same file")
    written = [target for several in targets.values() for target in several or ()]
    for file in files.values():
        keep_sources(file, *targets, *written, *sources)
    return files
