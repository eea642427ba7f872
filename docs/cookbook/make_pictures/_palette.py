"""Small PNG files: matplotlib's pictures in few colours."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

_COLOURS = 64


def save(figure: Figure, target: Path) -> None:
    """Write a figure as a PNG of few colours."""
    memory = BytesIO()
    figure.savefig(memory, format="png")
    Image.open(memory).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
