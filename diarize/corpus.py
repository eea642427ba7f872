"""Many recordings: each one diarized and written; one that cannot be used is reported and does not stop the others."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diarize.annotation import Annotation
from diarize.errors import ConfigError, DiarizeError, DiarizeWarning, quoted
from diarize.formats.files import need_folder
from diarize.formats.registry import format_to_write

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
    diarizer: Diarizer,
    targets: Mapping[Path, Path | None] | Mapping[str, str | None],
    watch: Watch | None = None,
    **options: Any,
) -> Iterator[Result]:
    """Diarize recordings one after the other, each when its result is asked for.

    Parameters
    ----------
    diarizer : Diarizer
    targets : mapping of path to path or None
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
    ConfigError
        The targets are no mapping.
    FormatError
        A target is in no format that can be written, or a folder cannot be written to, at the start or later: no
        result could be kept.
    """
    if not isinstance(targets, Mapping):
        raise ConfigError(f"targets map each recording to the file of its result, or to None; got {quoted(targets)}")
    files = {Path(audio): None if target is None else Path(target) for audio, target in targets.items()}
    for target in files.values():
        if target is not None:
            format_to_write(target)
            need_folder(target.parent)
    for audio, target in files.items():
        notes = _make_again(target)  # where that cannot be, all further work would be in vain
        yield _diarized(diarizer, audio, target, watch or (lambda audio: nullcontext()), options, notes)


def _diarized(
    diarizer: Diarizer, audio: Path, target: Path | None, watch: Watch, options: Mapping[str, Any], notes: list[str]
) -> Result:
    with _collected_warnings() as seen:
        seen += notes
        try:
            with watch(audio) as progress:
                annotation = diarizer(audio, uri=audio.stem, progress=progress, **options)
        except BrokenPipeError:
            raise  # whoever reads the output has seen enough
        except Exception as error:
            return Result(audio, error=error, warnings=tuple(seen))
    if target is not None:
        seen += _make_again(target)
        try:
            annotation.write(target, channel=options.get("channel") or 1)
        except (DiarizeError, OSError) as error:
            return Result(audio, error=error, warnings=tuple(seen))
    return Result(audio, annotation, warnings=tuple(seen))


def _make_again(target: Path | None) -> list[str]:
    """Make the folder of a result again where it was removed in the meantime; return what is to be said of it."""
    if target is None or target.parent.is_dir():
        return []
    need_folder(target.parent)
    return [f"the folder {target.parent} was removed and is made again; what was in it is gone"]


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
