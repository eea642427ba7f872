"""The decoder says nothing to the user; everybody else does."""

from __future__ import annotations

import ctypes
import os
import sys
import threading

import pytest

from diarize.audio.quiet import quiet_decoder

GNU = hasattr(os, "confstr") and (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
needs_gnu = pytest.mark.skipif(not GNU, reason="needs the GNU C library")


def say_in_c(text: bytes) -> None:
    """Write to the stream that a library in C takes for standard error."""
    library = ctypes.CDLL(None)
    stream = ctypes.c_void_p.in_dll(library, "stderr")
    library.fputs(text, stream)
    library.fflush(stream)


@needs_gnu
def test_only_what_c_writes_meanwhile_is_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    say_in_c(b"before ")
    with quiet_decoder(), quiet_decoder():
        say_in_c(b"inside ")
        os.write(2, b"descriptor ")
        print("Python", end=" ", file=sys.__stderr__, flush=True)
    say_in_c(b"after")
    heard = capfd.readouterr().err
    assert "inside" not in heard
    assert heard.startswith("before descriptor ")
    assert heard.endswith("after")


@needs_gnu
def test_threads_that_overlap_leave_the_stream_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    first_in, second_out = threading.Event(), threading.Event()

    def stay() -> None:
        with quiet_decoder():
            first_in.set()
            second_out.wait(10)
            say_in_c(b"inside ")

    other = threading.Thread(target=stay)
    other.start()
    first_in.wait(10)
    with quiet_decoder():
        say_in_c(b"inside ")
    second_out.set()
    other.join()
    say_in_c(b"after")
    assert capfd.readouterr().err == "after"


def test_an_error_ends_it(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), quiet_decoder():
        raise KeyError
    if GNU:
        say_in_c(b"after")
        assert capfd.readouterr().err == "after"
