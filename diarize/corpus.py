"""Many recordings: each one diarized and written; one that cannot be used is reported and does not stop the others."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diarize.annotation import Annotation
from diarize.errors import DiarizeError, DiarizeWarning
from diarize.formats.files import need_folder

if TYPE_CHECKING:
    from diarize.pipeline import Diarizer, Progress

Watch = Callable[[Path], "AbstractContextManager[Progress | None]"]
"""Makes a context for each recording, which gives a function that is called with stage and fraction, or None."""


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
    """

    audio: Path
    annotation: Annotation | None = None
    error: Exception | None = None
    warnings: tuple[str, ...] = ()


def diarize_corpus(
    diarizer: Diarizer, targets: Mapping[Path, Path | None], watch: Watch | None = None, **options: Any
) -> Iterator[Result]:
    """Diarize recordings one after the other, each when its result is asked for.

    Parameters
    ----------
    diarizer : Diarizer
    targets : mapping of Path to Path or None
        For each recording the file to write, in the format of its ending; None where the caller takes the annotation
        as it is. Folders are made where they are missing, before the first recording is read.
    watch : callable, optional
    **options
        As for the diarizer: `num_speakers`, `speech`, `channel` and so on.

    Yields
    ------
    Result
        In the order of `targets`. Errors of a recording are in it, whatever they are: one among thousands must not end
        the others.

    Raises
    ------
    FormatError
        A folder cannot be written to, at the start or later: no result could be kept.
    """
    for folder in {target.parent for target in targets.values() if target is not None}:
        need_folder(folder)
    for audio, target in targets.items():
        if target is not None:
            need_folder(target.parent)  # if it cannot be made again, no further result could be kept
        yield _diarized(diarizer, audio, target, watch or (lambda audio: nullcontext()), options)


def _diarized(diarizer: Diarizer, audio: Path, target: Path | None, watch: Watch, options: Mapping[str, Any]) -> Result:
    with _collected_warnings() as seen:
        try:
            with watch(audio) as progress:
                annotation = diarizer(audio, uri=audio.stem, progress=progress, **options)
        except BrokenPipeError:
            raise  # whoever reads the output has seen enough
        except Exception as error:
            return Result(audio, error=error, warnings=tuple(seen))
    if target is not None:
        need_folder(target.parent)  # it may have been removed in the meantime
        try:
            annotation.write(target, channel=options.get("channel") or 1)
        except (DiarizeError, OSError) as error:
            return Result(audio, error=error, warnings=tuple(seen))
    return Result(audio, annotation, warnings=tuple(seen))


@contextmanager
def _collected_warnings() -> Iterator[list[str]]:
    """Give a list that collects the package's own warnings, so that they are not shown."""
    seen: list[str] = []
    with warnings.catch_warnings():
        show_others = warnings.showwarning

        def keep(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if issubclass(category, DiarizeWarning):
                seen.append(str(message))
            else:
                show_others(message, category, *rest, **more)

        warnings.simplefilter("always", DiarizeWarning)
        warnings.showwarning = keep
        yield seen
