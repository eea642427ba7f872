"""Grey pictures as PNG files."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]


def png(pixels: Grey) -> bytes:
    """Return a grey picture of shape (height, width) as a PNG file.

    Examples
    --------
    >>> png(np.zeros((2, 3), np.uint8))[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    height, width = pixels.shape
    left = np.concatenate([np.zeros((height, 1), np.uint8), pixels[:, :-1]], axis=1)
    rows = np.concatenate([np.ones((height, 1), np.uint8), pixels - left], axis=1)  # filter 1: from the left neighbour
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # 8 bits, grey
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
