"""Make docs/cookbook/background.png from the scene on the page: run it in the checkout, with the extra `images`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

PAGE = Path(__file__).resolve().parents[1] / "background.md"


def main() -> None:
    """Put a frame beside its mask, the background, and the numbers of components."""
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[:2]:
        exec(compile(block, PAGE.name, "exec"), names)
    counts = 255 - 60 * (names["known"].counts.astype(int) - 1).clip(0, 4)
    panels = [names["seen"], grey(names["mask"]), names["still"], grey(counts)]
    gap = np.full((90, 4, 3), 255, dtype=np.uint8)
    row = np.hstack([part for panel in panels for part in (panel, gap)][:-1])
    image = Image.fromarray(row).resize((2 * row.shape[1], 2 * row.shape[0]), Image.Resampling.NEAREST)
    image.quantize(256, dither=Image.Dither.NONE).save(PAGE.with_suffix(".png"), optimize=True)


def grey(values: Any) -> Any:
    return np.repeat(np.asarray(values, dtype=np.uint8)[..., None], 3, axis=2)


if __name__ == "__main__":
    main()
