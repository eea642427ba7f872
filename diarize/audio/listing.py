"""Audio files in a folder, hidden ones left out."""

from __future__ import annotations

from pathlib import Path

from diarize.audio.opening import SUFFIXES


def audio_files(folder: Path, pattern: str) -> list[Path]:
    """List the audio files of a folder that match a pattern, in the order of their paths.

    Parameters
    ----------
    folder : Path
    pattern : str
        As for `Path.glob`: `*` for the files right in the folder, `**/*` for those in all folders below it as well.

    Returns
    -------
    list of Path
        Known by their ending, in capitals or not. Files that are hidden, or lie in a hidden folder below this one, are
        left out: their names begin with a dot, as those of the `._x.wav` that macOS puts beside each `x.wav` do.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     for file in ("b.WAV", "a.flac", "._a.flac", "notes.txt"):
    ...         (Path(name) / file).touch()
    ...     [path.name for path in audio_files(Path(name), "*")]
    ['a.flac', 'b.WAV']
    """
    return sorted(
        path
        for path in folder.glob(pattern)
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
