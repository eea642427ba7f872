"""Many recordings: each one diarized and written; one that cannot be used is reported and does not stop the others."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diarize.annotation import Annotation
from diarize.errors import Cancelled, ConfigError, DiarizeError, DiarizeWarning, FormatError, quoted
from diarize.formats.about import About
from diarize.formats.files import new_folders
from diarize.formats.registry import format_to_write, write_all
from diarize.hints import Hints
from diarize.shaping import Shape

if TYPE_CHECKING:
    from diarize.audio import AudioInput
    from diarize.diarization import Diarization
    from diarize.pipeline import Diarizer
    from diarize.progress import Progress

Targets = Path | str | Sequence[Path | str] | None
"""Where the result of one recording is written."""

Watch = Callable[[Path], "AbstractContextManager[Progress | None]"]
"""Makes a context for each recording, which gives a function that is called with stage and fraction, or None."""

Cut = Callable[[Path], "AudioInput"]
"""Gives for the path of a recording what is diarized of it."""

Finish = Callable[["Diarization"], "Diarization"]
"""Gives for a diarization what is made of it, such as one with the names of known people."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one recording.

    Parameters
    ----------
    audio : Path
    annotation : Annotation or None
        None where it failed.
    error : Exception or None
        Why it failed.
    warnings : tuple of str
    about : About or None
        What files say beside who speaks; None where it failed.
    layout : str
        What its channels are to each other and what was done; empty where there is one.
    """

    audio: Path
    annotation: Annotation | None = None
    error: Exception | None = None
    warnings: tuple[str, ...] = ()
    about: About | None = None
    layout: str = ""


def diarize_corpus(
    diarizer: Diarizer,
    targets: Mapping[Path, Targets] | Mapping[str, Targets],
    watch: Watch | None = None,
    shape: Shape = Shape(),  # noqa: B008 (a frozen value)
    cut: Cut = Path,
    *,
    hints: Mapping[Path, Hints] | None = None,
    keep: Mapping[Path, Path] | None = None,
    finish: Finish | None = None,
    **options: Any,
) -> Iterator[Result]:
    """Diarize recordings one after the other, each when its result is asked for.

    Parameters
    ----------
    diarizer : Diarizer
    targets : mapping of path to path, sequence of paths or None
        For each recording the file to write, or several, each in the format of its ending; None where the caller takes
        the annotation as it is. Folders are made where they are missing, before the first recording is read; those
        that nothing is written to are removed in the end.
    watch : callable, optional
    shape : Shape
        How annotations are shaped before they are written.
    cut : callable
        Gives for the path of a recording what is diarized of it, such as an `Excerpt`.
    hints : mapping of path to Hints, optional
        What is certain of recordings; those that are missing are diarized without.
    keep : mapping of path to path, optional
        For recordings the file in which the diarization is kept, to be corrected later.
    finish : callable, optional
        Gives for a diarization what is made of it, such as `Voices.name`.
    **options
        As for the diarizer: `num_speakers`, `speech`, `channel` and so on.

    Yields
    ------
    Result
        In the order of `targets`. Errors of a recording are in it, whatever they are: one among thousands must not end
        the others.

    Raises
    ------
    ConfigError
        The targets are no mapping.
    FormatError
        A target is in no format that can be written, or a folder cannot be written to, at the start or later: no
        result could be kept.
    Cancelled
        The call-back that watches a recording returned False: the recordings that are left are not begun.
    """
    if not isinstance(targets, Mapping):
        raise ConfigError(f"targets map each recording to the file of its result, or to None; got {quoted(targets)}")
    files = {Path(audio): _paths(target) for audio, target in targets.items()}
    with new_folders() as need:
        for target in (target for several in files.values() for target in several):
            format_to_write(target)
            need(target.parent)
        for target in (keep or {}).values():
            need(target.parent)
        for audio, several in files.items():
            kept = (keep or {}).get(audio)
            notes = _make_again([*several, *([kept] if kept else [])], need)  # else all further work would be in vain
            given = {**options, "audio": cut(audio)}
            if hints is not None and audio in hints:
                given["hints"] = hints[audio]
            show = watch or (lambda audio: nullcontext())
            result = _diarized(diarizer, audio, show, given, notes, (kept, finish))
            yield _written(result, several, shape, need)


def _paths(target: Targets) -> tuple[Path, ...]:
    if target is None:
        return ()
    return (Path(target),) if isinstance(target, str | Path) else tuple(map(Path, target))


def _diarized(
    diarizer: Diarizer,
    audio: Path,
    watch: Watch,
    options: Mapping[str, Any],
    notes: list[str],
    after: tuple[Path | None, Finish | None],
) -> Result:
    keep, finish = after
    with _collected_warnings() as seen:
        seen += notes
        try:
            with watch(audio) as progress:
                found = diarizer.diarize(**options, uri=audio.stem, progress=progress)
            if finish is not None:
                found = finish(found)
        except (BrokenPipeError, Cancelled):
            raise  # whoever reads the output, or watches, has seen enough
        except Exception as error:
            return Result(audio, error=error, warnings=tuple(seen))
    about = found.about(str(audio))
    if "hints" in options:
        about = replace(about, hints=options["hints"])
    result = Result(audio, found.annotation, warnings=tuple(seen), about=about, layout=found.layout)
    if keep is not None:
        try:
            found.save(keep)
        except FormatError as error:  # the turns are there all the same
            return replace(result, error=error)
    return result


def _written(result: Result, targets: Sequence[Path], shape: Shape, need: Callable[[Path], None]) -> Result:
    """Return a result whose annotation is shaped, and written where there are targets."""
    if result.annotation is None or result.about is None:
        return result
    annotation = shape.apply(result.annotation)
    with _collected_warnings() as seen:
        seen += [*result.warnings, *_make_again(targets, need)]
        try:
            for target in targets:
                write_all([annotation], target, about={annotation.uri: result.about})
        except (DiarizeError, OSError) as error:
            return Result(result.audio, error=error, warnings=tuple(seen))
    return replace(result, annotation=annotation, warnings=tuple(seen))


def _make_again(targets: Sequence[Path], need: Callable[[Path], None]) -> list[str]:
    """Make the folders of results again where they were removed meanwhile; return what is to be said of it."""
    gone = sorted({target.parent for target in targets if not target.parent.is_dir()})
    for folder in gone:
        need(folder)
    return [f"the folder {folder} was removed and is made again; what was in it is gone" for folder in gone]


@contextmanager
def _collected_warnings() -> Iterator[list[str]]:
    """Give a list that collects the package's own warnings, so that they are not shown."""
    seen: list[str] = []
    with warnings.catch_warnings():
        show_others = warnings.showwarning

        def keep(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if issubclass(category, DiarizeWarning):
                seen.extend({str(message)} - set(seen))  # a recording may be read several times
            else:
                show_others(message, category, *rest, **more)

        warnings.simplefilter("always", DiarizeWarning)
        warnings.showwarning = keep
        yield seen
