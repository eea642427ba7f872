"""Archives of arrays: what numpy reads, and nothing unpacked of files that were made to fill the memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile

import numpy as np
import pytest

from diarize.archive import Archive, write_archive

ARRAYS: dict[str, Any] = {
    "format": np.array("text"),
    "a/whole": np.array(7),
    "a/numbers": np.random.default_rng(0).normal(size=(30, 4)),
    "by columns": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "half": np.arange(5, dtype=np.float16),
    "swapped": np.arange(5, dtype=">i4"),
    "nothing": np.zeros((0, 3)),
    "truth": np.array([True, False]),
    "names": np.array(["a", "bcd"]),
}
LARGE = 64 << 20  # bytes of zeros; they take 64 kB in a file


def header(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    """Return the beginning of an .npy file."""
    stream = BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue()


def archive(members: dict[str, bytes], compression: int = ZIP_DEFLATED) -> BytesIO:
    file = BytesIO()
    with ZipFile(file, "w", compression) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file


def bomb() -> BytesIO:
    """Return an archive with a small array and one that unpacks to a thousand times its size."""
    file = archive({"small.npy": header((1,)) + bytes(8)})
    with ZipFile(file, "a", ZIP_DEFLATED) as made, made.open("large.npy", "w") as member:
        member.write(header((LARGE // 8,)))
        for _ in range(64):
            member.write(bytes(LARGE // 64))
    return file


def memory(action: Callable[[], Any]) -> int:
    """Return how many bytes are held at once during an action that must raise a ValueError."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError):
            action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_are_those_that_numpy_reads(save: Any) -> None:
    save(file := BytesIO(), **ARRAYS)
    arrays = Archive(file)
    file.seek(0)
    with np.load(file) as theirs:
        assert list(arrays) == theirs.files
        assert len(arrays) == len(ARRAYS)
        for name in theirs.files:
            assert name in arrays
            assert arrays[name].dtype == theirs[name].dtype
            np.testing.assert_array_equal(arrays[name], theirs[name])
            assert arrays[name].flags.writeable
    assert arrays.get("other") is None
    with pytest.raises(KeyError):
        arrays["other"]


def test_a_bomb_is_refused_before_anything_is_unpacked() -> None:
    file = bomb()
    with pytest.raises(ValueError, match=r"unpacks to 67 MB; a file of 0\.1 MB may unpack to 17 MB"):
        Archive(file)
    assert memory(lambda: Archive(file)) < 1 << 20


def test_a_file_that_lies_about_a_size_unpacks_no_more_than_it_says() -> None:
    file = bomb()
    with ZipFile(file, "a") as made:
        made.getinfo("large.npy").file_size = 1000
        made.writestr("another", b"so that the directory is written again")
    arrays = Archive(file)
    assert memory(lambda: arrays["large"]) < 1 << 20


@pytest.mark.parametrize("shape", [(3 << 27,), (1 << 60,), (1 << 40, 1 << 40), (2,), (-1,), (-1, -1), ()])
def test_a_header_that_lies_reserves_nothing(shape: tuple[int, ...]) -> None:
    arrays = Archive(archive({"x.npy": header(shape) + bytes(7)}))
    assert memory(lambda: arrays["x"]) < 1 << 20


def test_long_texts_count_as_well() -> None:
    arrays = Archive(archive({"x.npy": header((), "<U800000000") + bytes(8)}))
    assert memory(lambda: arrays["x"]) < 1 << 20


class Opened:
    """Shows that pickles are not opened."""

    seen = False

    def __reduce__(self) -> tuple[Any, ...]:
        return setattr, (Opened, "seen", True)


@pytest.mark.parametrize("values", [np.array([Opened()], dtype=object), np.zeros(2, complex), np.zeros(2, "M8[s]")])
def test_only_numbers_and_text_are_read(values: Any) -> None:
    np.savez(file := BytesIO(), x=values)
    with pytest.raises(ValueError, match="neither numbers nor text"):
        Archive(file)["x"]
    assert not Opened.seen


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\xff\xff{", b"\x93NUMPY\x09\x00", b"text"])
def test_members_that_are_no_arrays(content: bytes) -> None:
    with pytest.raises(ValueError, match="'x' cannot be read"):
        Archive(archive({"x": content}))["x"]


@pytest.mark.parametrize("text", ["(" * 5000, "[" * 9000, "{'descr': ()}", "{'descr': '<f8'", "\0", "1" * 9000])
def test_headers_that_are_no_headers(text: str) -> None:
    content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(8)
    with pytest.raises(ValueError, match="'x' cannot be read"):
        Archive(archive({"x": content}))["x"]


def test_other_compressions_are_refused() -> None:
    with pytest.raises(ValueError, match="compressed by method 14"):
        Archive(archive({"x.npy": header((1,)) + bytes(8)}, ZIP_LZMA))["x"]


def test_locked_members_are_refused() -> None:
    file = archive({"x.npy": header((1,)) + bytes(8)})
    with ZipFile(file, "a") as made:
        made.getinfo("x.npy").flag_bits |= 1
        made.writestr("another", b"so that the directory is written again")
    with pytest.raises(ValueError, match="'x' cannot be read"):
        Archive(file)["x"]


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06" + bytes(17), np.random.default_rng(0).bytes(5000)])
def test_files_that_are_no_archives(content: bytes) -> None:
    with pytest.raises(ValueError, match="no archive of arrays"):
        Archive(BytesIO(content))


def test_arrays_are_written_one_by_one_for_numpy_to_read() -> None:
    arrays = {"a": np.arange(12.0).reshape(3, 4), "texts": np.array(["x", "ü"]), "nothing": np.zeros((0, 3), np.int32)}
    files = [BytesIO(), BytesIO()]
    for file in files:
        write_archive(file, iter(arrays.items()))
    assert files[0].getvalue() == files[1].getvalue()
    files[0].seek(0)
    with np.load(files[0]) as read:
        assert sorted(read) == sorted(arrays)
        for name, array in arrays.items():
            assert read[name].dtype == array.dtype
            assert np.array_equal(read[name], array)
