"""Files that libsndfile does not know, by PyAV: at the right time, the right track, whole and damaged."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from diarize.audio import Excerpt, libav, open_audio, read_audio
from diarize.errors import AudioError, DiarizeWarning
from tests.audio.media import RATE, clicks, lag, media

pytest.importorskip("av", reason="PyAV is not installed")

KINDS = [
    # container, codec, sample rate, most delay that is left in (s)
    ("ipod", "aac", 44100, 0.0),
    ("mp4", "aac", RATE, 0.0),
    ("mov", "pcm_s16le", RATE, 0.0),
    ("webm", "libopus", 48000, 0.005),
    ("matroska", "aac", RATE, 0.0),
    ("adts", "aac", RATE, 0.0),
    ("wv", "wavpack", RATE, 0.0),
    ("tta", "tta", RATE, 0.0),
    ("caf", "alac", RATE, 0.0),
    ("amr", "libopencore_amrnb", 8000, 0.005),
    ("ac3", "ac3", 32000, 0.0),
    ("asf", "wmav2", 44100, 0.0),
    ("flv", "aac", 44100, 0.0),
    ("avi", "mp2", 44100, 0.0),
    ("mpegts", "aac", 44100, 0.0),
]


@pytest.mark.parametrize(("container", "codec", "rate", "delay"), KINDS)
def test_sound_stays_at_its_time(container: str, codec: str, rate: int, delay: float) -> None:
    written = clicks(rate=rate)
    heard = read_audio(io.BytesIO(media(container, codec, written, rate=rate)), rate)
    assert len(heard) / rate == pytest.approx(8.0, abs=0.07)
    late = [lag(heard, written, place, rate) for place in (1.0, 6.0)]
    assert abs(late[0]) <= delay + 0.001
    assert late[1] == late[0]


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("matroska", "pcm_s16le"), ("mpegts", "aac")])
def test_a_pause_of_the_recorder_becomes_silence(container: str, codec: str) -> None:
    written = clicks()
    file = io.BytesIO(media(container, codec, written, gap=(3.0, 5.0)))
    with pytest.warns(DiarizeWarning, match=r"nothing is recorded at 3\.0\d\d s; 5\.000 s are replaced by silence"):
        heard = read_audio(file, RATE)
    assert abs(lag(heard, written, 1.0)) < 0.065
    assert lag(heard[5 * RATE :], written, 6.0) == lag(heard, written, 1.0)
    assert not heard[round(3.5 * RATE) : round(7.5 * RATE)].any()


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_sound_that_begins_after_the_picture(container: str) -> None:
    written = clicks()
    heard = read_audio(io.BytesIO(media(container, "aac", written, late=2.0, video=True)), RATE)
    assert not heard[: round(1.9 * RATE)].any()
    assert abs(lag(heard[2 * RATE :], written, 1.0)) < 0.001


def test_tracks() -> None:
    first, second = clicks(seed=1), clicks(seed=2)
    content = media("matroska", "flac", first, second, names=("", "the interpreter"))
    np.testing.assert_allclose(read_audio(Excerpt(io.BytesIO(content), track=2), RATE), second, atol=1e-4)
    with pytest.warns(DiarizeWarning, match=r"1 \(flac.*\), 2 \(flac.*the interpreter\); track 1 is used.*--track N"):
        np.testing.assert_allclose(read_audio(io.BytesIO(content), RATE), first, atol=1e-4)
    with pytest.raises(AudioError, match=r"no track 3; its tracks are 1 \(flac, 16000 Hz, mono"):
        open_audio(Excerpt(io.BytesIO(content), track=3), RATE)


def test_a_video_without_sound() -> None:
    content = media("mp4", "aac", video=True)
    with pytest.raises(AudioError, match="holds no sound, only video"):
        open_audio(io.BytesIO(content), RATE)


def test_a_file_that_is_cut_short() -> None:
    written = clicks()
    content = media("matroska", "pcm_s16le", written)
    with pytest.warns(DiarizeWarning, match=r"cut short or damaged; using the 5\.\d{3} s before"):
        heard = read_audio(io.BytesIO(content[: len(content) * 5 // 8 + 20000]), RATE)
    np.testing.assert_allclose(heard[: 5 * RATE], written[: 5 * RATE], atol=1e-4)


def test_damage_costs_what_it_hits() -> None:
    written = clicks()
    content = bytearray(media("mp4", "aac", written))
    middle = content.index(b"mdat") + 4 + (len(content) - content.index(b"mdat")) // 2
    content[middle : middle + 1500] = np.random.default_rng(0).bytes(1500)
    with pytest.warns(DiarizeWarning, match=r"it is damaged at [34]\.\d{3} s"):
        heard = read_audio(io.BytesIO(content), RATE)
    assert [lag(heard, written, place) for place in (1.0, 6.0)] == [0, 0]


def test_a_container_says_how_much_is_missing() -> None:
    content = media("avi", "mp2", clicks(), rate=RATE)
    with pytest.warns(DiarizeWarning, match=r"using the [45]\.\d{3} s before that, where it should be 8\.\d{3} s long"):
        read_audio(io.BytesIO(content[: len(content) * 6 // 10]), RATE)


@pytest.mark.parametrize(("container", "codec"), [("ipod", "aac"), ("matroska", "libopus"), ("mpegts", "aac")])
def test_an_excerpt_is_a_slice_of_the_whole(container: str, codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libav, "_MARGIN", 0.5)
    content = media(container, codec, clicks(rate=48000), rate=48000)
    whole = read_audio(io.BytesIO(content), 48000)
    heard = read_audio(Excerpt(io.BytesIO(content), 3.3337, 5.0), 48000)
    np.testing.assert_array_equal(heard, whole[round(3.3337 * 48000) : 5 * 48000])


def test_encrypted_sound() -> None:
    av = pytest.importorskip("av")
    key = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "ab" * 16, "encryption_kid": "cd" * 16}
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options=key) as output:
        stream = output.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(clicks()[None, :1024], format="fltp", layout="mono")
        frame.rate = RATE
        output.mux([*stream.encode(frame), *stream.encode(None)])
    with pytest.raises(AudioError, match="its sound is encrypted"):
        open_audio(io.BytesIO(file.getvalue()), RATE)


def test_a_playlist_reads_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "sound.ts").write_bytes(media("mpegts", "aac", clicks()))
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:8\n#EXTINF:8,\nsound.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(AudioError, match="is not a sound file"):
        open_audio(path, RATE)


def test_the_libraries_write_nothing(tmp_path: Path) -> None:
    content = bytearray(media("mpegts", "aac", clicks()))
    content[20000:23000] = np.random.default_rng(0).bytes(3000)
    (tmp_path / "call.ts").write_bytes(content)
    code = (
        "import sys, warnings; warnings.simplefilter('ignore')\n"
        "from diarize.audio import read_audio; read_audio(sys.argv[1], 16000)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "call.ts")], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_late_sound_alone_is_not_called_short() -> None:  # warnings are errors
    heard = read_audio(io.BytesIO(media("matroska", "pcm_s16le", clicks(), late=2.0)), RATE)
    assert len(heard) / RATE == pytest.approx(8.0, abs=0.01)


@pytest.mark.parametrize("container", ["adts", "mpegts"])
def test_nothing_is_lost_where_the_sample_rate_changes(container: str) -> None:
    written = clicks(rate=48000), clicks()
    parts = [media(container, "aac", part, rate=rate) for part, rate in zip(written, (48000, RATE), strict=True)]
    heard = read_audio(io.BytesIO(b"".join(parts)), RATE)
    assert len(heard) / RATE == pytest.approx(16.0, abs=0.2)
    second = heard[8 * RATE :]
    assert abs(lag(second, written[1], 1.0)) < 0.2
    assert lag(second, written[1], 6.0) == pytest.approx(lag(second, written[1], 1.0), abs=0.001)
