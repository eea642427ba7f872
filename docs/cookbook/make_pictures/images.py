"""Make docs/cookbook/images.png: run it in the checkout, with the extra `images`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

from diarize.gmm import segment_image


def main() -> None:
    """Put a photograph beside two of its segmentations."""
    photo = load_sample_image("china.jpg")
    panels = [
        photo,
        segment_image(photo, 6, random_state=0).picture(),
        segment_image(photo, 6, spatial=0.3, smoothing=1.5, random_state=0).picture(),
    ]
    small = [np.asarray(Image.fromarray(panel).resize((240, 160))) for panel in panels]
    gap = np.full((160, 6, 3), 255, dtype=np.uint8)
    row = np.hstack([small[0], gap, small[1], gap, small[2]])
    target = Path(__file__).resolve().parents[1] / "images.png"
    Image.fromarray(row).quantize(160, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    main()
