"""Draw docs/picture.svg: the waveform of a sample, the reference turns and the turns that were found.

python docs/make_picture.py
"""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np
import soundfile

from diarize import Annotation, Diarizer

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "audio_samples" / "meeting.flac"
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")  # told apart by colour-blind people too
OTHER = "#999999"
LEFT, RIGHT, WIDTH = 84, 12, 880
WAVE_TOP, WAVE_HEIGHT, ROW_HEIGHT, BAR_HEIGHT = 8, 84, 22, 15


def partners(reference: Annotation, found: Annotation) -> dict[str, str]:
    """Return for each found speaker the reference speaker with whom it shares most time, each used once."""
    totals: dict[tuple[str, str], float] = {}
    for turn in found:
        for other in reference:
            if common := turn.segment.intersection(other.segment):
                pair = turn.speaker, other.speaker
                totals[pair] = totals.get(pair, 0.0) + common.duration
    mapping: dict[str, str] = {}
    for one, two in sorted(totals, key=lambda pair: -totals[pair]):
        if one not in mapping and two not in mapping.values():
            mapping[one] = two
    return mapping


class Picture:
    """Collects SVG elements on a common time axis."""

    def __init__(self, duration: float) -> None:
        self.scale = (WIDTH - LEFT - RIGHT) / duration
        self.elements: list[str] = []

    def x(self, seconds: float) -> float:
        return LEFT + seconds * self.scale

    def text(self, x: float, y: float, words: str, anchor: str = "end") -> None:
        self.elements.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>')

    def wave(self, samples: np.ndarray, rate: int) -> None:
        """Draw the outline of the waveform: largest and smallest sample of each pixel."""
        middle, half = WAVE_TOP + WAVE_HEIGHT / 2, WAVE_HEIGHT / 2 / np.abs(samples).max()
        pixels = np.array_split(samples, round(len(samples) / rate * self.scale))
        upper = [f"{LEFT + i},{middle - pixel.max() * half:.1f}" for i, pixel in enumerate(pixels)]
        lower = [f"{LEFT + i},{middle - pixel.min() * half:.1f}" for i, pixel in enumerate(pixels)]
        self.elements.append(f'<polygon points="{" ".join(upper + lower[::-1])}" fill="#667"/>')

    def turns(self, top: float, title: str, annotation: Annotation, colours: dict[str, str]) -> None:
        """Draw one row of turns for each colour."""
        rows = list(dict.fromkeys(colours.values()))
        self.text(LEFT - 10, top + len(rows) * ROW_HEIGHT / 2 + 4, title)
        for turn in annotation:
            y = top + rows.index(colours[turn.speaker]) * ROW_HEIGHT
            self.elements.append(
                f'<rect x="{self.x(turn.start):.1f}" y="{y:.1f}" width="{turn.duration * self.scale:.1f}" '
                f'height="{BAR_HEIGHT}" rx="3" fill="{colours[turn.speaker]}">'
                f"<title>{escape(turn.speaker)} {turn.start:.2f} - {turn.end:.2f} s</title></rect>"
            )

    def axis(self, top: float, duration: float) -> None:
        for second in range(0, int(duration) + 1, 10):
            x = self.x(second)
            self.elements.insert(0, f'<path d="M{x:.1f} {WAVE_TOP}V{top}" stroke="#e4e4e4"/>')
            self.text(x, top + 15, f"{second} s", "middle")

    def svg(self, height: float) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
            f'font-family="sans-serif" font-size="12" fill="#333">\n'
            f'<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(self.elements) + "\n</svg>\n"
        )


def main() -> None:
    samples, rate = soundfile.read(SAMPLE)
    duration = len(samples) / rate
    reference = Annotation.from_rttm(SAMPLE.with_suffix(".rttm"))
    found = Diarizer()(SAMPLE)
    names = dict(zip(dict.fromkeys(turn.speaker for turn in reference), COLOURS, strict=False))
    mapping = partners(reference, found)
    picture = Picture(duration)
    picture.wave(samples, rate)
    top = WAVE_TOP + WAVE_HEIGHT + 14
    picture.turns(top, "reference", reference, names)
    top += len(names) * ROW_HEIGHT + 12
    found_colours = {mapping.get(label, ""): label for label in found.labels}
    ordered = {found_colours[name]: names[name] for name in names if name in found_colours}
    ordered |= {label: OTHER for label in found.labels if label not in ordered}
    picture.turns(top, "found", found, ordered)
    top += len(set(ordered.values())) * ROW_HEIGHT + 4
    picture.axis(top, duration)
    (ROOT / "docs" / "picture.svg").write_text(picture.svg(top + 26), encoding="utf-8")


if __name__ == "__main__":
    main()
