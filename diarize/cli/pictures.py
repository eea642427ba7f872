"""Pictures and videos as arrays, read by Pillow, OpenCV or PyAV, whichever is there; masks as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from diarize.errors import MediaError
from diarize.formats.files import atomic_file, files_in, new_folders

Array = npt.NDArray[Any]

_PICTURES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
_NO_PILLOW = 'pictures need Pillow; install it with: pip install "gmm-diarize[images]"'
_NO_VIDEO = (
    "video files need OpenCV or PyAV; install one with: pip install opencv-python-headless (or av), or give a folder "
    "of pictures or an array of frames (.npy)"
)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Say of errors about pixels which file they are in."""
    try:
        yield
    except ValueError as error:
        raise MediaError(f"{path}: {error}") from error


def read_picture(path: Path) -> Array:
    """Return a picture as (height, width) or (height, width, 3 or 4), uint8 or uint16.

    Raises
    ------
    MediaError
        If it cannot be read, or Pillow is not installed.
    """
    pillow = _pillow()
    try:
        with pillow.Image.open(path) as image:
            turned = pillow.ImageOps.exif_transpose(image)
            if turned.mode.startswith("I"):
                return np.asarray(turned).astype(np.uint16)
            return np.asarray(turned.convert(_mode(turned)))
    except (OSError, ValueError, SyntaxError, pillow.Image.DecompressionBombError) as error:
        raise MediaError(f"{path}: cannot read the picture: {getattr(error, 'strerror', None) or error}") from error


def _mode(image: Any) -> str:
    """Return how a picture is to be read: grey, colours, or colours with transparency."""
    if image.mode in ("1", "L"):
        return "L"
    return "RGBA" if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info else "RGB"


def _pillow() -> Any:
    try:
        import_module("PIL.Image")
        import_module("PIL.ImageOps")
        return import_module("PIL")
    except ImportError as error:
        raise MediaError(_NO_PILLOW) from error


def write_picture(path: Path, picture: Array) -> None:
    """Write a picture (height, width) or (height, width, 1 or 3), uint8 or uint16, as PNG.

    Raises
    ------
    MediaError
        If the name does not end in .png, or Pillow is not installed.
    """
    if path.suffix.lower() != ".png":
        raise MediaError(f"{path}: pictures are written as PNG; let the name end in .png")
    flat = picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture
    if flat.dtype == np.uint16 and flat.ndim == 3:  # Pillow has no such mode
        flat = (flat >> 8).astype(np.uint8)
    image = _pillow().Image.fromarray(np.ascontiguousarray(flat))
    with atomic_file(path) as file:
        image.save(file, format="png")


def write_array(path: Path, array: Array) -> None:
    """Write an array as .npy."""
    with atomic_file(path) as file:
        np.save(file, array, allow_pickle=False)


@dataclass(frozen=True, slots=True)
class Frames:
    """The frames of a video, to be gone through once.

    Parameters
    ----------
    count : int
        How many there are, as far as is known; else 0.
    open : callable
        Gives the frames: (height, width) or (height, width, 3), in the order red, green, blue.
    """

    count: int
    open: Callable[[], Iterator[Array]]

    def __iter__(self) -> Iterator[Array]:
        return self.open()


def open_video(path: Path) -> Frames:
    """Open a video file, a folder of pictures, or an array (.npy) of frames.

    Raises
    ------
    MediaError
        If it cannot be read, holds no frame, or what reads it is not installed.
    """
    if path.is_dir():
        pictures = files_in(path, _PICTURES)
        if not pictures:
            raise MediaError(f"{path}: no pictures in the folder")
        return Frames(len(pictures), lambda: (_opaque(read_picture(item)) for item in pictures))
    if not path.is_file():
        raise MediaError(f"{path}: no such file or folder")
    if path.suffix.lower() == ".npy":
        return _array_frames(path)
    for name, reader in (("cv2", _opencv_frames), ("av", _pyav_frames)):
        try:
            library = import_module(name)
        except ImportError:
            continue
        return reader(library, path)
    raise MediaError(_NO_VIDEO)


def _opaque(picture: Array) -> Array:
    return picture[..., :3] if picture.ndim == 3 else picture


def _array_frames(path: Path) -> Frames:
    try:
        frames = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise MediaError(f"{path}: cannot read the array: {error}") from error
    if not isinstance(frames, np.ndarray) or frames.ndim not in (3, 4) or 0 in frames.shape:
        shape = getattr(frames, "shape", None)
        raise MediaError(f"{path}: frames must be (n, height, width) or (n, height, width, n_channels), got {shape}")
    return Frames(len(frames), lambda: iter(frames))


def _opencv_frames(cv2: Any, path: Path) -> Frames:
    reader = cv2.VideoCapture(str(path))
    first = reader.read()[1] if reader.isOpened() else None
    if first is None:
        raise MediaError(f"{path}: OpenCV reads no frame of it; is it a video?")

    def frames() -> Iterator[Array]:
        frame = first
        while frame is not None:
            yield frame[..., ::-1]  # it gives blue first
            frame = reader.read()[1]
        reader.release()

    return Frames(max(0, int(reader.get(cv2.CAP_PROP_FRAME_COUNT))), frames)


def _pyav_frames(av: Any, path: Path) -> Frames:
    try:
        container = av.open(str(path))
        stream = container.streams.video[0]
    except (av.FFmpegError, IndexError) as error:
        raise MediaError(f"{path}: PyAV finds no video in it: {error}") from error

    def frames() -> Iterator[Array]:
        with container:
            for frame in container.decode(stream):
                yield frame.to_ndarray(format="rgb24")

    return Frames(max(0, int(stream.frames)), frames)


class MaskWriter:
    """Writes masks one by one into a folder, or all into one array file at the end."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._masks: list[Array] | None = [] if target.suffix.lower() == ".npy" else None
        self._stack = ExitStack()
        self.count = 0
        self._marked = np.zeros(2)

    def __enter__(self) -> Self:
        if self._masks is None:
            _pillow()
            self._stack.enter_context(new_folders())(self._target)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()
        if kind is None and self._masks:
            write_array(self._target, np.stack(self._masks))

    def add(self, mask: Array) -> None:
        """Take the next mask."""
        self.count += 1
        if self.count > 1:
            self._marked += np.mean(mask == 255), np.mean((mask > 0) & (mask < 255))
        if self._masks is None:
            write_picture(self._target / f"{self.count:06d}.png", mask)
        else:
            self._masks.append(mask)

    @property
    def foreground(self) -> float:
        """Mean share of foreground pixels after the first frame."""
        return float(self._marked[0] / max(self.count - 1, 1))

    @property
    def shadow(self) -> float:
        """Mean share of shadow after the first frame."""
        return float(self._marked[1] / max(self.count - 1, 1))
