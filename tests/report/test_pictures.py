"""PNG files, read by Pillow."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest

from diarize.report.pictures import png


@pytest.mark.parametrize("shape", [(1, 1), (64, 2048), (3, 7)])
def test_another_program_sees_the_same_pixels(shape: tuple[int, int]) -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    with image.open(BytesIO(png(pixels))) as picture:
        assert picture.mode == "L"
        assert np.array_equal(np.asarray(picture), pixels)
