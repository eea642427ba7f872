"""Sound files of all kinds, whole, cut short, joined and damaged."""

from __future__ import annotations

import os
import signal
import threading
import tracemalloc
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from diarize.audio import open_audio, read_audio
from diarize.errors import AudioError, DiarizeWarning

FORMATS = [
    # name, subtype, greatest difference from what was written (None: lossy)
    ("wav", "PCM_U8", 1 / 128),
    ("wav", "PCM_16", 1 / 32768),
    ("wav", "PCM_24", 1 / 2**23),
    ("wav", "PCM_32", 1e-7),
    ("wav", "FLOAT", 0.0),
    ("wav", "DOUBLE", 0.0),
    ("flac", "PCM_16", 1 / 32768),
    ("aiff", "PCM_16", 1 / 32768),
    ("au", "PCM_16", 1 / 32768),
    ("w64", "PCM_16", 1 / 32768),
    ("caf", "PCM_16", 1 / 32768),
    ("rf64", "PCM_16", 1 / 32768),
    ("wav", "ULAW", None),
    ("ogg", "VORBIS", None),
    ("ogg", "OPUS", None),
    ("mp3", "MPEG_LAYER_III", None),
]


def tone(seconds: float, rate: int, frequency: float = 440.0, level: float = 0.5) -> npt.NDArray[np.float32]:
    return (level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def noise(n_samples: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return (0.1 * np.random.default_rng(seed).standard_normal(n_samples)).astype(np.float32)


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    path = tmp_path / "a meeting.wav"
    soundfile.write(path, noise(16000), 16000, subtype="PCM_16")
    return path


@pytest.mark.parametrize(("container", "subtype", "tolerance"), FORMATS)
def test_formats_give_what_was_written(tmp_path: Path, container: str, subtype: str, tolerance: float | None) -> None:
    path = tmp_path / f"x.{container}"
    written = tone(1.0, 16000)
    soundfile.write(path, written, 16000, format=container, subtype=subtype)
    got = read_audio(path, 16000)
    assert got.dtype == np.float32
    if tolerance is None:
        assert abs(len(got) - len(written)) <= 1
        assert np.corrcoef(got[: len(written)], written[: len(got)])[0, 1] > 0.99
    else:
        np.testing.assert_allclose(got, written, atol=tolerance, rtol=0)


def test_pipes_are_read(wav: Path) -> None:
    reading, writing = os.pipe()

    def feed() -> None:
        with os.fdopen(writing, "wb") as file:
            file.write(wav.read_bytes())

    feeder = threading.Thread(target=feed)
    feeder.start()
    with os.fdopen(reading, "rb") as file:
        got = read_audio(file, 16000)
    feeder.join()
    np.testing.assert_array_equal(got, read_audio(wav, 16000))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX signals")
@pytest.mark.parametrize("container", ["wav", "flac"])
def test_an_interrupt_while_reading_is_not_lost(tmp_path: Path, container: str) -> None:
    """Where libsndfile calls back into Python, cffi prints an exception and goes on as if the file had ended."""
    path = tmp_path / f"long.{container}"
    soundfile.write(path, noise(16000 * 300), 16000)
    fired, raised = [], 0

    def interrupt(number: int, _: object) -> None:
        fired.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for milliseconds in range(1, 11):
            try:
                signal.setitimer(signal.ITIMER_REAL, milliseconds / 1000)
                read_audio(path, 16000)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                raised += 1
    finally:
        signal.signal(signal.SIGALRM, before)
    assert fired
    assert raised == len(fired)


@pytest.mark.parametrize("container", ["wav", "aiff", "au", "ogg"])
def test_header_only(tmp_path: Path, container: str) -> None:
    path = tmp_path / f"header.{container}"
    soundfile.write(path, np.zeros(0), 16000)
    with pytest.raises(AudioError, match="no audio samples"):
        open_audio(path, 16000)


@pytest.mark.parametrize(("container", "subtype"), [(name, kind) for name, kind, _ in FORMATS if name != "caf"])
def test_truncated_file_is_read_as_far_as_it_goes(tmp_path: Path, container: str, subtype: str) -> None:
    path = tmp_path / f"cut.{container}"
    soundfile.write(path, noise(96000), 16000, format=container, subtype=subtype)
    whole = read_audio(path, 16000)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.7)])
    with pytest.warns(DiarizeWarning, match=r"cut\.\w+: the file is cut short or damaged; using the \d\.\d{3} s"):
        got = read_audio(path, 16000)
    assert 0.4 * len(whole) < len(got) < 0.75 * len(whole)
    n_sure = int(0.9 * len(got))  # a lossy decoder may make up its last packet
    np.testing.assert_array_equal(got[:n_sure], whole[:n_sure])


def test_memory_does_not_grow_with_the_audio(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 8000, 2, subtype="PCM_16") as file:
        for _ in range(40):
            file.write(np.zeros((60 * 8000, 2)))
    tracemalloc.start()
    try:
        with open_audio(path, 16000, block_seconds=10.0) as stream:
            n_samples = sum(len(block) for block in stream)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert n_samples == 40 * 60 * 16000  # 154 MB as float32
    assert peak < 8e6


CODECS = [  # that cannot seek, or not well; container, subtype, rate
    ("wav", "GSM610", 8000),
    ("w64", "GSM610", 8000),
    ("aiff", "GSM610", 8000),
    ("wav", "G721_32", 8000),
    ("au", "G721_32", 8000),
    ("au", "G723_24", 8000),
    ("au", "G723_40", 8000),
    ("wav", "NMS_ADPCM_16", 8000),
    ("wav", "NMS_ADPCM_24", 8000),
    ("wav", "NMS_ADPCM_32", 8000),
    ("xi", "DPCM_8", 44100),
    ("xi", "DPCM_16", 44100),
    ("aiff", "DWVW_16", 16000),
    ("aiff", "DWVW_24", 16000),
    ("wav", "IMA_ADPCM", 8000),
    ("wav", "MS_ADPCM", 8000),
]


@pytest.mark.parametrize(("container", "subtype", "rate"), CODECS)
def test_codecs_that_cannot_seek(tmp_path: Path, container: str, subtype: str, rate: int) -> None:
    path = tmp_path / f"call.{container}"
    samples = tone(3.0, rate, 300.0)
    soundfile.write(path, samples, rate, format=container, subtype=subtype)
    warned = pytest.warns(DiarizeWarning, match="44100 Hz is assumed") if container == "xi" else nullcontext()
    with warned, open_audio(path, rate, block_seconds=0.7) as stream:
        heard = np.concatenate(list(stream))
    assert len(samples) <= len(heard) <= len(samples) + 0.1 * rate  # filled up to whole packets
    # the best of the delays: the codec of NMS comes a little late
    fit = max(np.corrcoef(heard[late : len(samples)], samples[: len(samples) - late])[0, 1] for late in range(30))
    assert fit > 0.95


def test_a_cut_codec_that_cannot_seek(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    soundfile.write(path, tone(6.0, 8000), 8000, subtype="GSM610")
    path.write_bytes(path.read_bytes()[: int(0.7 * path.stat().st_size)])
    with pytest.warns(DiarizeWarning, match=r"call\.wav: the file is cut short or damaged; using the 4\.\d{3} s"):
        assert len(read_audio(path, 8000)) == pytest.approx(0.7 * 48000, abs=500)


def test_many_parts_of_a_joined_file_use_one_copy_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    soundfile.write(path, np.zeros(60 * 8000), 8000)
    single = path.read_bytes()
    with path.open("wb") as file:
        for _ in range(30):
            file.write(single)
    tracemalloc.start()
    try:
        with open_audio(path, 8000, block_seconds=10.0) as stream:
            n_samples = sum(len(block) for block in stream)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert n_samples == 30 * 60 * 8000
    assert peak < 8e6


def test_a_copy_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "twice.flac"
    soundfile.write(path, noise(1000), 16000)
    path.write_bytes(2 * path.read_bytes())

    def no_room(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", no_room)
    with pytest.raises(AudioError, match=r"twice\.flac: no temporary copy can be made: No space left on device"):
        open_audio(path, 16000)


def test_a_rate_that_no_header_holds_is_said_to_be_assumed(tmp_path: Path) -> None:
    path = tmp_path / "call.xi"
    soundfile.write(path, tone(2.0, 8000), 8000, format="XI", subtype="DPCM_16")
    with pytest.warns(DiarizeWarning, match=r"call\.xi: XI files hold no sample rate; 44100 Hz is assumed.*convert it"):
        assert len(read_audio(path, 44100)) == 16000
