"""Reading sound: formats, rates, channels, streaming, and everything that can be wrong with a file."""

from __future__ import annotations

import io
import os
import signal
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr

from diarize.audio import audio_uri, open_audio, read_audio, resample
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


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("wanted", [8000, 16000])
def test_streamed_resampling_equals_resampling_at_once(rate: int, wanted: int) -> None:
    samples = noise(2 * rate + 17)
    with open_audio((samples, rate), wanted, block_seconds=0.13) as stream:
        got = np.concatenate(list(stream))
    expected = soxr.resample(samples, rate, wanted)
    assert abs(len(got) - len(expected)) <= 1
    np.testing.assert_allclose(got[: len(expected)], expected[: len(got)], atol=1e-6)
    np.testing.assert_array_equal(resample(samples, rate, wanted), expected if rate != wanted else samples)


def test_resampling_keeps_a_tone_in_time_and_level() -> None:
    got = read_audio((tone(3.0, 44100, 1000.0), 44100), 16000)
    expected = tone(3.0, 16000, 1000.0)
    assert abs(len(got) - len(expected)) <= 1
    np.testing.assert_allclose(got[1000:-1000], expected[1000 : len(got) - 1000], atol=1e-3)


def test_block_length_changes_nothing(wav: Path) -> None:
    whole = read_audio(wav, 8000)
    for seconds in (0.001, 0.0371, 0.5, 100.0):
        with open_audio(wav, 8000, block_seconds=seconds) as stream:
            np.testing.assert_array_equal(np.concatenate(list(stream)), whole)


def test_blocks_are_not_overwritten_by_the_next(wav: Path) -> None:
    with open_audio(wav, 16000, block_seconds=0.1) as stream:
        np.testing.assert_array_equal(np.concatenate(list(stream)), soundfile.read(wav, dtype="float32")[0])


def test_channels_are_mixed_or_picked(tmp_path: Path) -> None:
    channels = np.stack([noise(5000, seed) for seed in range(3)], axis=1)
    path = tmp_path / "three.wav"
    soundfile.write(path, channels, 16000, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(path, 16000), channels.mean(axis=1), atol=1e-7)
    for index in range(3):
        np.testing.assert_array_equal(read_audio(path, 16000, channel=index + 1), channels[:, index])
    with open_audio(path, 16000) as stream:
        assert stream.n_channels == 3


@pytest.mark.parametrize("channel", [0, -1, 4, 1.0, "1"])
def test_missing_channel_says_how_many_there_are(channel: int) -> None:
    with pytest.raises(AudioError, match=rf"no channel {channel!r}; it has 3"):
        open_audio((np.zeros((100, 3)), 16000), 16000, channel=channel)


def test_32_channels(tmp_path: Path) -> None:
    channels = np.stack([noise(16000, seed) for seed in range(32)], axis=1)
    path = tmp_path / "array.wav"
    soundfile.write(path, channels, 16000, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(path, 16000), channels.mean(axis=1), atol=1e-6)
    np.testing.assert_array_equal(read_audio(path, 16000, channel=32), channels[:, 31])


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16"])
def test_integer_arrays_are_scaled_by_their_type(dtype: str) -> None:
    limits = np.iinfo(dtype)
    middle = 0 if limits.min < 0 else limits.max // 2 + 1
    got = read_audio((np.array([limits.min, middle, limits.max], dtype), 16000), 16000)
    np.testing.assert_allclose(got, [-1.0, 0.0, 1.0], atol=1 / 127)
    assert got[1] == 0


def test_float_arrays_and_lists_are_taken_as_they_are() -> None:
    np.testing.assert_array_equal(read_audio((np.array([0.25, -1.5]), 16000), 16000), np.float32([0.25, -1.5]))
    np.testing.assert_array_equal(read_audio(([0.25, -0.5], 16000), 16000), np.float32([0.25, -0.5]))


def test_file_objects_stay_open(wav: Path) -> None:
    memory = io.BytesIO(wav.read_bytes())
    np.testing.assert_array_equal(read_audio(memory, 16000), read_audio(wav, 16000))
    assert not memory.closed
    with wav.open("rb") as file, open_audio(file, 16000) as stream:
        assert stream.uri == "a meeting"


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


def test_names(wav: Path) -> None:
    assert audio_uri(wav) == audio_uri(str(wav)) == "a meeting"
    assert audio_uri("x/meeting.part1.flac") == "meeting.part1"
    assert audio_uri((np.zeros(3), 16000)) == audio_uri(io.BytesIO()) == "audio"


def test_duration_and_clipping_are_counted_from_the_samples() -> None:
    samples = tone(2.0, 44100)
    samples[:441] = 1.0
    with open_audio((samples, 44100), 16000, block_seconds=0.3) as stream:
        assert stream.duration == 0
        for _ in stream:
            pass
    assert stream.duration == pytest.approx(2.0, abs=1e-12)
    assert stream.clipped_share == pytest.approx(441 / 88200)
    assert stream.native_sample_rate == 44100


def test_clipped_share_counts_the_used_channels_only() -> None:
    both = np.stack([np.ones(100), np.zeros(100)], axis=1)
    shares = []
    for channel in (None, 1, 2):
        with open_audio((both, 16000), 16000, channel=channel) as stream:
            list(stream)
        shares.append(stream.clipped_share)
    assert shares == [0.5, 1.0, 0.0]


def test_clipped_audio_is_read(tmp_path: Path) -> None:
    path = tmp_path / "loud.wav"
    soundfile.write(path, np.clip(20 * tone(0.5, 16000), -1, 1), 16000)
    with open_audio(path, 16000) as stream:
        assert np.abs(np.concatenate(list(stream))).max() == pytest.approx(1.0, abs=1e-4)
    assert stream.clipped_share > 0.9


@pytest.mark.parametrize("n_samples", [1, 2, 800])
def test_very_short_audio_is_valid(tmp_path: Path, n_samples: int) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, noise(n_samples), 16000)
    assert len(read_audio(path, 16000)) == n_samples
    assert len(read_audio(path, 8000)) in {n_samples // 2, (n_samples + 1) // 2}


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


def test_a_stream_is_read_once(wav: Path) -> None:
    with open_audio(wav, 16000) as stream:
        list(stream)
        with pytest.raises(AudioError, match="read already"):
            iter(stream)


# -- bad input ------------------------------------------------------------------------------------------------------


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"nothing\.wav: cannot be opened: No such file"):
        open_audio(tmp_path / "nothing.wav", 16000)


def test_directory(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="is a directory; name an audio file"):
        open_audio(tmp_path, 16000)


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(AudioError, match=r"empty\.wav: the file is empty"):
        open_audio(path, 16000)


@pytest.mark.parametrize("container", ["wav", "aiff", "au", "ogg"])
def test_header_only(tmp_path: Path, container: str) -> None:
    path = tmp_path / f"header.{container}"
    soundfile.write(path, np.zeros(0), 16000)
    with pytest.raises(AudioError, match="no audio samples"):
        open_audio(path, 16000)


@pytest.mark.parametrize("shape", [(0,), (0, 2)])
def test_array_without_samples(shape: tuple[int, ...]) -> None:
    with pytest.raises(AudioError, match="no audio samples"):
        open_audio((np.zeros(shape), 16000), 16000)


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


def test_headers_of_streamed_wav_files_are_not_taken_for_truncation(wav: Path) -> None:
    whole = read_audio(wav, 16000)
    for size in (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\xf0\xff\xff\xff"):
        content = bytearray(wav.read_bytes())
        content[4:8] = content[40:44] = size
        wav.write_bytes(content)
        np.testing.assert_array_equal(read_audio(wav, 16000), whole)


@pytest.mark.parametrize("name", ["random.wav", "random.mp3", "random.raw"])
def test_random_bytes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(np.random.default_rng(5).bytes(20000))
    with pytest.raises(AudioError, match=rf"{name}: is not a sound file .* convert it"):
        open_audio(path, 16000)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x00\x00\x00\x20ftypM4A ", "MP4"),
        (b"\x1aE\xdf\xa3\x01\x00", "WebM"),
        (b"0&\xb2u\x8e\x66\xcf\x11", "WMA"),
        (b"#!AMR\n", "AMR"),
    ],
)
def test_other_containers_are_named_with_a_way_out(tmp_path: Path, head: bytes, kind: str) -> None:
    path = tmp_path / "call.m4a"
    path.write_bytes(head + bytes(2000))
    with pytest.raises(AudioError, match=rf"call\.m4a: is an? {kind}.*ffmpeg -i INPUT output\.wav"):
        open_audio(path, 16000)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("block_seconds", [0.1, 30.0])
def test_samples_that_are_not_finite_are_named_with_their_time(
    tmp_path: Path, value: float, block_seconds: float
) -> None:
    samples = np.stack([noise(44100), noise(44100, 1)], axis=1)
    samples[[22050, 40000], 1] = value
    path = tmp_path / "bad.wav"
    soundfile.write(path, samples, 44100, subtype="FLOAT")
    with (
        pytest.raises(AudioError, match=r"bad\.wav: the sample at 0\.500 s is"),
        open_audio(path, 16000, block_seconds=block_seconds) as stream,
    ):
        list(stream)
    assert len(read_audio(path, 16000, channel=1)) == 16000  # the other channel is sound


def test_float64_beyond_float32_is_an_error_too() -> None:
    with pytest.raises(AudioError, match=r"the sample at 0\.000 s is inf"):
        read_audio((np.full(10, 1e300), 16000), 16000)


def test_sample_rate_under_8_khz(tmp_path: Path) -> None:
    path = tmp_path / "slow.wav"
    soundfile.write(path, noise(6000), 6000)
    with pytest.raises(AudioError, match=r"slow\.wav: the sample rate is 6000 Hz; speech needs at least 8000"):
        open_audio(path, 16000)
    with pytest.raises(AudioError, match="7999 Hz"):
        open_audio((noise(100), 7999), 16000)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (42, "must be a path"),
        ((np.zeros(10),), "tuple of the samples and the sample rate"),
        ((np.zeros(10), 16000.5), "whole Hz"),
        ((np.zeros(10), "16000"), "whole Hz"),
        ((np.zeros(10), None), "whole Hz"),
        ((np.zeros(10), np.nan), "whole Hz"),
        ((np.zeros((2, 3, 4)), 16000), r"shape must be .* got \(2, 3, 4\)"),
        ((np.zeros((2, 16000)), 16000), r"shape must be .* got \(2, 16000\)"),
        ((np.zeros(10, complex), 16000), "integers or floats, got complex128"),
        ((["a", "b"], 16000), "integers or floats"),
        (io.StringIO("RIFF and so on"), "open it in binary mode"),
    ],
)
def test_things_that_are_no_audio(source: object, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        open_audio(source, 16000)  # type: ignore[arg-type]


# -- MP3 counts -----------------------------------------------------------------------------------------------------


def mp3(mode: str) -> bytes:
    """Six seconds, quiet and then loud, so that a guess from the first frames of a variable rate is wrong."""
    file = io.BytesIO()
    samples = np.concatenate([0.001 * tone(3.0, 44100), noise(3 * 44100)])
    soundfile.write(file, samples, 44100, format="MP3", bitrate_mode=mode, compression_level=0.5)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_mp3_has_no_drift(mode: str) -> None:
    assert len(read_audio(io.BytesIO(mp3(mode)), 44100)) == 6 * 44100


def test_joined_mp3_files_are_read_to_the_end() -> None:
    content = mp3("VARIABLE")
    single = read_audio(io.BytesIO(content), 44100)
    double = read_audio(io.BytesIO(content + content), 44100)
    np.testing.assert_array_equal(double, np.concatenate([single, single]))


def test_mp3_of_variable_rate_without_a_count_is_read_to_the_end() -> None:
    content = mp3("VARIABLE")
    bare = content[content.index(b"\xff\xfb", 4) :]  # without its first frame, which holds the count
    assert len(read_audio(io.BytesIO(bare), 44100)) == pytest.approx(6 * 44100, abs=0.15 * 44100)


# -- memory ---------------------------------------------------------------------------------------------------------


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
