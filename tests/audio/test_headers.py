"""What is no sound, and what only looks cut short."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from diarize.audio import decoders, open_audio, read_audio
from diarize.audio.headers import cut_short
from diarize.errors import AudioError, DiarizeWarning


def noise(n_samples: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return (0.1 * np.random.default_rng(seed).standard_normal(n_samples)).astype(np.float32)


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    path = tmp_path / "a meeting.wav"
    soundfile.write(path, noise(16000), 16000, subtype="PCM_16")
    return path


def test_headers_of_streamed_wav_files_are_not_taken_for_truncation(wav: Path) -> None:
    whole = read_audio(wav, 16000)
    for size in (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\xf0\xff\xff\xff"):
        content = bytearray(wav.read_bytes())
        content[4:8] = content[40:44] = size
        wav.write_bytes(content)
        with pytest.warns(DiarizeWarning, match="does not say how long it is; it is read to its end") as caught:
            np.testing.assert_array_equal(read_audio(wav, 16000), whole)
        assert len(caught) == 1


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(AudioError, match=r"empty\.wav is empty"):
        open_audio(path, 16000)


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
def test_other_containers_are_named_with_a_way_out(
    tmp_path: Path, head: bytes, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoders, "pyav", lambda: None)
    monkeypatch.setattr(decoders, "ffmpeg", lambda: None)
    path = tmp_path / "call.m4a"
    path.write_bytes(head + bytes(2000))
    with pytest.raises(AudioError, match=rf"call\.m4a: is an? {kind}.*install PyAV .*gmm-diarize\[media\].*ffmpeg"):
        open_audio(path, 16000)


@pytest.mark.parametrize("subtype", ["IMA_ADPCM", "MS_ADPCM", "PCM_16"])
def test_a_byte_rate_is_no_size(tmp_path: Path, subtype: str) -> None:
    """FFmpeg writes a byte rate for ADPCM that is twice what it should be; libsndfile notes that in its log."""
    path = tmp_path / "call.wav"
    soundfile.write(path, noise(32000), 16000, subtype=subtype)
    content = bytearray(path.read_bytes())
    content[28:32] = (64000).to_bytes(4, "little")
    path.write_bytes(content)
    assert len(read_audio(path, 16000)) == pytest.approx(32000, abs=1000)  # a warning would be an error


@pytest.mark.parametrize(
    ("line", "cut"),
    [
        ("data : 160000 (should be 111965)", True),
        ("RIFF : 160036 (should be 112001)", True),
        (" SSND : 160008 (should be 111991)", True),
        ("  Data Size   : 160000 (should be 111992)", True),
        ("  Riff size : 160096 (should be 112064)", True),
        ("Ogg: Last page lacks an end-of-stream bit.", True),
        ("Seems to be a truncated file.", True),
        ("data : 160000 (should be 159990)", False),  # a few bytes
        ("data : 4294967295 (should be 111965)", False),  # written to a pipe
        ("data : 1000 (should be 111965)", False),
        ("  Bytes/sec     : 16000 (should be 8027)", False),
        ("  Block Align   : 512 (should be 256)", False),
        ("", False),
    ],
)
def test_what_libsndfile_says_of_sizes(line: str, cut: bool) -> None:
    assert cut_short(f"File : call.wav\n{line}\nfmt  : 16") is cut
