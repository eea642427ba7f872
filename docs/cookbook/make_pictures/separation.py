"""Draw docs/cookbook/separation.png: spectrograms of a mixture and of what the page makes of it.

python docs/cookbook/make_pictures/separation.py
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from _palette import save
from matplotlib.figure import Figure

TARGET = Path(__file__).resolve().parents[1] / "separation.png"


def draw(target: Path = TARGET) -> None:
    """Write the picture; the code is that of the page."""
    names: dict[str, Any] = {}
    page = TARGET.with_suffix(".md").read_text(encoding="utf-8")
    exec(re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)[0], names)
    figure = Figure(figsize=(8.0, 2.6), dpi=75, layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    seconds, top = len(names["mixture"]) * names["hop"] / names["rate"], names["rate"] / 2000
    for axis, spectrum, title in zip(
        axes, [names["mixture"], *names["separated"]], ["mixture", "lower voice", "higher voice"], strict=True
    ):
        level = 20 * np.log10(np.abs(spectrum.T) + 1e-2)
        axis.imshow(level, origin="lower", aspect="auto", extent=(0, seconds, 0, top), vmin=-15, vmax=40, cmap="Greys")
        axis.set_ylim(0, 2)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("s")
    axes[0].set_ylabel("kHz")
    save(figure, target)


if __name__ == "__main__":
    draw()
