"""Voice files: sums of known voices in an .npz file, by person, recording and band."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from diarize.archive import Archive
from diarize.errors import ModelError
from diarize.formats.files import atomic_file
from diarize.stages.speakers import BlockStatistics
from diarize.voices.prints import Voiceprint

People = dict[str, tuple[Voiceprint, ...]]

_FORMAT = "diarize-voices-1"
_BANDS = ("wide", "narrow")
_PRIVATE = 0o600
# what files, numpy and zip raise over a file that is none of these, or a damaged one
_DAMAGE = (OSError, ValueError, TypeError, KeyError, IndexError, ArithmeticError, MemoryError)


def write_people(
    path: str | os.PathLike[str], people: Mapping[str, Sequence[Voiceprint]], models: Mapping[str, str]
) -> None:
    """Write a voice file, whole or not at all; a new one can be read by its owner alone.

    Raises
    ------
    FormatError
        The file cannot be written.
    """
    prints = [heard for several in people.values() for heard in several]
    arrays: dict[str, Any] = {
        "format": np.array(_FORMAT),
        "names": np.array(list(people), dtype=str),
        "person": np.repeat(np.arange(len(people)), [len(several) for several in people.values()]).astype(np.int64),
        "seconds": np.array([heard.seconds for heard in prints], dtype=np.float64),
    }
    for band, model in models.items():
        rows = [row for row, heard in enumerate(prints) if band in heard.bands]
        arrays[f"{band}/model"] = np.array(model)
        arrays[f"{band}/rows"] = np.array(rows, dtype=np.int64)
        for name in ("counts", "projected"):
            sums = [[getattr(one, name)[0] for one in prints[row].bands[band]] for row in rows]
            arrays[f"{band}/{name}"] = np.array(sums, dtype=np.float32)
    old = Path(path)
    mode = stat.S_IMODE(old.stat().st_mode) if old.is_file() else _PRIVATE
    with atomic_file(path) as file:
        if isinstance(file.name, str):
            with suppress(OSError):  # not all file systems know permissions
                Path(file.name).chmod(mode)
        np.savez_compressed(file, **arrays)


def read_people(path: str | os.PathLike[str]) -> tuple[People, dict[str, str]]:
    """Return the people of a voice file, and the fingerprint of the model that each band was made with.

    Raises
    ------
    ModelError
        There is no such file, or it is no voice file of this version.
    """
    try:
        with open(path, "rb") as file:
            return _people(Archive(file))
    except FileNotFoundError:
        raise ModelError(f"{path}: no such voice file") from None
    except _DAMAGE as error:
        raise ModelError(f"{path}: not a voice file made by `diarize enroll`: {error}") from error


def _people(arrays: Mapping[str, Any]) -> tuple[People, dict[str, str]]:
    if "format" not in arrays or str(arrays["format"]) != _FORMAT:
        raise ValueError("it is none, or one of another version")
    names, persons, seconds = [str(name) for name in arrays["names"]], arrays["person"], arrays["seconds"]
    if len(set(names)) < len(names) or persons.shape != seconds.shape or persons.ndim != 1:
        raise ValueError("its names and recordings do not fit together")
    if not (np.isfinite(seconds).all() and (seconds > 0).all() and np.isin(persons, np.arange(len(names))).all()):
        raise ValueError("it holds numbers that are none of people or seconds")
    bands: list[dict[str, tuple[BlockStatistics, ...]]] = [{} for _ in persons]
    models = {}
    for band in _BANDS:
        if f"{band}/model" not in arrays:
            continue
        models[band] = str(arrays[f"{band}/model"])
        rows, counts, projected = (arrays[f"{band}/{name}"] for name in ("rows", "counts", "projected"))
        if not len(rows) == len(counts) == len(projected) or not np.isin(rows, np.arange(len(bands))).all():
            raise ValueError(f"the {band} band has another number of recordings in each of its arrays")
        if len(rows) and (counts.ndim != 3 or projected.ndim != 3 or counts.shape[1] != projected.shape[1]):
            raise ValueError(f"the arrays of the {band} band have wrong shapes")
        if not (np.isfinite(counts).all() and np.isfinite(projected).all() and (counts >= 0).all()):
            raise ValueError(f"the {band} band holds values that are no sums of speech")
        for row, zeroth, first in zip(rows, counts, projected, strict=True):
            pairs = zip(zeroth, first, strict=True)
            bands[int(row)][band] = tuple(BlockStatistics(one[None], other[None]) for one, other in pairs)
    prints = [Voiceprint(float(length), heard) for length, heard in zip(seconds, bands, strict=True)]
    people: dict[str, tuple[Voiceprint, ...]] = dict.fromkeys(names, ())
    for person, heard in zip(persons, prints, strict=True):
        people[names[int(person)]] += (heard,)
    return people, models
