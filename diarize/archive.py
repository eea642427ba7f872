"""Arrays in .npz files: written one by one; read from files that anybody may have made, so sizes are checked first."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from math import prod
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_SMALL = 16 << 20  # bytes that any file may unpack to
_GROWTH = 8  # times its size that a larger file may; numbers that were trained hardly compress
_LEVEL = 1  # of compression; the usual one takes four times as long and saves a tenth
_KINDS = "biufU"  # truth values, whole and real numbers, text
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class Archive(Mapping[str, Array]):
    """The arrays of an .npz file by name, each read when it is asked for; nothing in the file is run.

    Parameters
    ----------
    file : binary file
        Stays open as long as arrays are read.

    Raises
    ------
    ValueError
        The file is no zip archive, or unpacks to much more than it is large. Also when an array is asked for that is
        damaged, holds anything but numbers and text, or has another size than its header says.

    Examples
    --------
    >>> file = BytesIO()
    >>> np.savez(file, width=3, names=["a", "b"])
    >>> archive = Archive(file)
    >>> sorted(archive), int(archive["width"])
    (['names', 'width'], 3)
    """

    def __init__(self, file: BinaryIO) -> None:
        size = file.seek(0, os.SEEK_END)
        try:
            self._zip = ZipFile(file)
        except Exception as error:  # besides BadZipFile, whatever struct, codecs and seek raise over damaged bytes
            raise ValueError(f"no archive of arrays: {error}") from error
        total, most = sum(info.file_size for info in self._zip.infolist()), _SMALL + _GROWTH * size
        if total > most:
            raise ValueError(
                f"it unpacks to {total / 1e6:.0f} MB; a file of {size / 1e6:.1f} MB may unpack to {most / 1e6:.0f} MB"
            )
        self._members = {info.filename.removesuffix(".npy"): info for info in self._zip.infolist()}

    def __getitem__(self, name: str) -> Array:
        info = self._members[name]
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):  # others may ask for gigabytes to begin with
            raise ValueError(f"{name!r} is compressed by method {info.compress_type}, which no .npz file uses")
        try:
            with self._zip.open(info) as member:
                return _array(member.read(info.file_size))  # a read without a number would unpack more than announced
        except Exception as error:  # zipfile, zlib and numpy raise a dozen kinds over damaged bytes
            raise ValueError(f"{name!r} cannot be read: {error}") from error

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


def write_archive(file: BinaryIO, arrays: Iterable[tuple[str, Array]]) -> None:
    """Write arrays as .npz, each as it comes, so that only one is in memory; the same arrays give the same bytes.

    Parameters
    ----------
    file : binary file
    arrays : iterable of (str, array)
        Numbers and text, under names that differ.
    """
    with ZipFile(file, "w") as target:
        for name, array in arrays:
            content = BytesIO()
            np.lib.format.write_array(content, np.asanyarray(array), allow_pickle=False)
            entry = ZipInfo(f"{name}.npy")  # of a fixed date
            target.writestr(entry, content.getvalue(), ZIP_DEFLATED, _LEVEL)


def _array(content: bytes) -> Array:
    """Return the array of an .npy file, a copy of its own."""
    stream = BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"unknown version {version} of the .npy format")
    shape, by_columns, dtype = _HEADERS[version](stream)
    if dtype.kind not in _KINDS:
        raise ValueError(f"it holds values of type {dtype}, neither numbers nor text")
    there, wanted = len(content) - stream.tell(), dtype.itemsize * prod(shape)
    if there != wanted:
        raise ValueError(f"{wanted} bytes are announced for {dtype} of shape {shape}, {there} are there")
    values = np.frombuffer(content, dtype, offset=stream.tell()) if there else np.zeros(0, dtype)
    return values.reshape(shape, order="F" if by_columns else "C").copy(order="K")
