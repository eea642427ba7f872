"""Pictures and videos as arrays."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from diarize.cli.pictures import MaskWriter, naming, open_video, read_picture, write_picture
from diarize.errors import MediaError

VIDEO = Path(__file__).resolve().parents[2] / "../shared/media/vtest.avi"


@pytest.mark.parametrize(
    ("mode", "shape"),
    [("1", (6, 8)), ("L", (6, 8)), ("LA", (6, 8, 4)), ("P", (6, 8, 3)), ("RGB", (6, 8, 3)), ("RGBA", (6, 8, 4))],
)
def test_modes_of_pictures(mode: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    image.new(mode, (8, 6)).save(tmp_path / "picture.png")
    picture = read_picture(tmp_path / "picture.png")
    assert picture.shape == shape
    assert picture.dtype == np.uint8


def test_pictures_are_turned_upright(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    exif = image.Exif()
    exif[0x0112] = 6
    image.new("RGB", (8, 6)).save(tmp_path / "side.jpg", exif=exif)
    assert read_picture(tmp_path / "side.jpg").shape == (8, 6, 3)


@pytest.mark.parametrize("picture", [np.arange(48).reshape(6, 8), np.arange(144).reshape(6, 8, 3)])
def test_what_is_written_is_read(picture: np.ndarray, tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    write_picture(tmp_path / "picture.png", picture.astype(np.uint8))
    np.testing.assert_array_equal(read_picture(tmp_path / "picture.png"), picture)


def test_without_pillow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    for name in ("PIL.Image", "PIL.ImageOps"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MediaError, match=r'pip install "gmm-diarize\[images\]"'):
        read_picture(tmp_path / "picture.png")
    with pytest.raises(MediaError, match="images"), MaskWriter(tmp_path / "masks"):
        pass


def test_without_a_reader_of_videos(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("cv2", "av"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "film.avi").write_bytes(b"RIFF")
    with pytest.raises(MediaError, match="pip install opencv-python-headless"):
        open_video(tmp_path / "film.avi")


def test_no_video(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    (tmp_path / "film.avi").write_bytes(b"RIFF")
    with pytest.raises(MediaError, match="OpenCV reads no frame"):
        open_video(tmp_path / "film.avi")


def test_a_real_video() -> None:
    pytest.importorskip("cv2")
    if not VIDEO.is_file():
        pytest.skip("needs the video media/vtest.avi beside the checkout, in ../shared")
    frames = open_video(VIDEO)
    assert frames.count == 795
    first = next(iter(frames))
    assert first.shape == (576, 768, 3)


def test_pyav_where_opencv_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A stand-in: PyAV's own interface is kept, its decoder is not needed."""

    class Stream:
        frames = 2

    class Frame:
        def to_ndarray(self, format: str) -> np.ndarray:
            assert format == "rgb24"
            return np.zeros((4, 5, 3), np.uint8)

    class Container:
        class streams:
            video = (Stream(),)

        def __enter__(self) -> Container:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def decode(self, stream: Stream) -> list[Frame]:
            return [Frame(), Frame()]

    library = ModuleType("av")
    vars(library).update(open=lambda path: Container(), FFmpegError=OSError)
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.setitem(sys.modules, "av", library)
    (tmp_path / "film.mp4").write_bytes(b"any")
    frames = open_video(tmp_path / "film.mp4")
    assert frames.count == 2
    assert [frame.shape for frame in frames] == [(4, 5, 3)] * 2


@pytest.mark.parametrize("array", [np.zeros(3), np.zeros((0, 4, 5)), np.zeros((2, 2)), np.array([None])])
def test_arrays_that_are_no_video(array: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "video.npy", array)
    with pytest.raises(MediaError, match=r"video\.npy"):
        open_video(tmp_path / "video.npy")


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no pictures"):
        open_video(tmp_path)


def test_errors_name_the_file() -> None:
    with pytest.raises(MediaError, match=r"a\.png: too dark"), naming(Path("a.png")):
        raise ValueError("too dark")
