"""Pictures of who speaks when: a lane for each speaker, the sound above, a reference above that, errors below.

matplotlib is loaded to draw only, and no state of its own is changed: there is no `pyplot` here.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diarize.annotation import Annotation, Segment
from diarize.audio import AudioInput, open_audio
from diarize.audio.peaks import Peaks
from diarize.errors import MediaError
from diarize.evaluation.differences import differences
from diarize.evaluation.scoring import best_mapping
from diarize.formats.files import atomic_file
from diarize.gmm.plots import COLOURS

_RATE, _STEP = 8000, 0.02  # Hz, and s for each value of a wave
_ROWS = ((900, 900), (3600, 900), (14400, 1800), (float("inf"), 3600))  # s of a recording up to which a row has so many
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)  # s
_WIDTH, _LANE, _WAVE, _SPACE, _MOST = 12.0, 0.24, 0.7, 0.45, 300.0  # inches
_NAME = 18  # characters of a speaker's name
_GREY, _ERRORS = "#555555", {"missed": "#000000", "false alarm": "#777777", "confusion": "#aa3377"}
_FAINT = 0.3  # how much colour is left where a turn is as likely wrong as right
_PIXELS = 1600  # of a row, for the wave


class Wave(NamedTuple):
    """The outline of a sound.

    Parameters
    ----------
    peaks : array of shape (n,), float32
        The largest sample, without sign, of each 20 ms.
    duration : float, seconds
    start : float, seconds
        Of the recording that lie before the first peak.
    """

    peaks: npt.NDArray[np.float32]
    duration: float
    start: float = 0.0


class _Lane(NamedTuple):
    """A row of bars under one name."""

    name: str
    bars: list[tuple[float, float, Any]]  # start, end, colour


def read_wave(audio: AudioInput, channel: int | None = None) -> Wave:
    """Return the outline of a recording, or of an excerpt of it, which is read block by block.

    Raises
    ------
    AudioError
        The audio cannot be used.
    """
    peaks = Peaks(round(_RATE * _STEP))
    with open_audio(audio, _RATE, channel) as stream:
        for block in stream:
            peaks.add(block)
        return Wave(np.abs(peaks.all()).max(axis=1), stream.duration, stream.start)


def draw_timeline(
    annotation: Annotation,
    target: str | PathLike[str],
    *,
    reference: Annotation | None = None,
    wave: Wave | None = None,
    start: float = 0.0,
    end: float | None = None,
) -> None:
    """Draw who speaks when into a file, PNG, SVG or what else matplotlib writes; long recordings in several rows.

    Parameters
    ----------
    annotation : Annotation
        Turns of lower confidence are paler.
    target : path
        A file appears whole or not at all.
    reference : Annotation, optional
        Drawn above; its speakers and those that they are paired with have the same colours, and errors are marked
        below.
    wave : Wave, optional
        From `read_wave`; drawn above all.
    start, end : float, seconds
        Draw only this stretch of the recording, without `end` up to the last turn and the end of the sound. Speakers
        and their colours stay those of the whole.

    Raises
    ------
    MediaError
        matplotlib is not installed, or writes no such file; or nothing comes after the start.
    FormatError
        The file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MediaError('pictures need matplotlib; install it with: pip install "gmm-diarize[plot]"') from error
    kind = Path(target).suffix[1:].lower()
    if kind not in Figure().canvas.get_supported_filetypes():
        raise MediaError(f"{target}: a picture ends in .png or .svg")
    groups = _groups(annotation, reference) if reference is not None else {"": _plain(annotation)}
    ends = [turn.end for turn in (*annotation, *(reference or ()))]
    last = max([*ends, wave.start + wave.duration if wave else 0.0], default=0.0) or 1.0
    if start >= last:
        raise MediaError(f"there is nothing to draw from {start:g} s on: turns and sound end at {last:.3f} s")
    shown = Segment(start, last if end is None else min(end, last))
    layout = _Layout.of(shown, sum(len(group) + (title != "") for title, group in groups.items()), wave is not None)
    figure = Figure(figsize=(_WIDTH, layout.height), dpi=120)
    sure = all(turn.confidence is None for turn in annotation)
    title = annotation.uri if sure else f"{annotation.uri}   (the paler, the less sure)"
    figure.text(0.01, 1 - 0.08 / layout.height, title, va="top", fontsize=10, parse_math=False)
    for row in range(layout.rows):
        _draw_row(figure, layout, row, groups, wave)
    _save(figure, target, kind)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where rows of a picture lie, in inches; titles of groups count as `lanes`.

    `start` is the time at which the first row begins, `seconds` are those of a row.
    """

    start: float
    seconds: float
    rows: int
    lanes: int
    lane: float
    wave: float

    @classmethod
    def of(cls, shown: Segment, lanes: int, has_wave: bool) -> _Layout:
        duration = shown.duration
        longest = next(longest for limit, longest in _ROWS if duration <= limit)
        rows = max(1, int(np.ceil(duration / longest - 1e-9)))
        wave = _WAVE if has_wave else 0.0
        lane = min(_LANE, max((_MOST / rows - wave - _SPACE) / max(lanes, 1), 0.02))
        return cls(shown.start, duration if rows == 1 else longest, rows, max(lanes, 1), lane, wave)

    @property
    def row(self) -> float:
        """Height of a row with its axis."""
        return self.wave + self.lanes * self.lane + _SPACE

    @property
    def height(self) -> float:
        """Height of the picture."""
        return 0.35 + self.rows * self.row

    def part(self, row: int) -> Segment:
        """Return the stretch of the recording that a row shows."""
        return Segment(self.start + row * self.seconds, self.start + (row + 1) * self.seconds)

    def axes(self, figure: Any, row: int, top: float, height: float) -> Any:
        """Return axes `top` inches below the top of a row."""
        bottom = self.height - 0.35 - row * self.row - top - height
        axes = figure.add_axes((0.13, bottom / self.height, 0.84, height / self.height))
        axes.set_xlim(self.part(row).start, self.part(row).end)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.set_yticks([])
        return axes


def _draw_row(figure: Any, layout: _Layout, row: int, groups: dict[str, list[_Lane]], wave: Wave | None) -> None:
    part = layout.part(row)
    if wave is not None:
        _draw_wave(layout.axes(figure, row, 0.0, layout.wave), wave, part)
    axes = layout.axes(figure, row, layout.wave, layout.lanes * layout.lane)
    axes.set_ylim(layout.lanes, 0)
    size = min(8.0, 55 * layout.lane)
    place = 0
    for group, lanes in groups.items():
        if group:
            _label(axes, place, group, fontsize=size, fontstyle="italic", color=_GREY)
            place += 1
        for lane in lanes:
            _label(axes, place, lane.name, fontsize=size)
            _draw_lane(axes, place, lane, part)
            place += 1
    step = next((step for step in _TICKS if layout.seconds / step <= 16), _TICKS[-1])
    ticks = np.arange(round(np.ceil(part.start / step - 1e-9)), np.floor(part.end / step + 1e-9) + 1) * step
    axes.set_xticks(ticks, [_clock(tick, step) for tick in ticks], fontsize=8)
    axes.grid(axis="x", color="#dddddd", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)


def _label(axes: Any, place: int, name: str, **look: Any) -> None:
    text = name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
    where = axes.get_yaxis_transform()
    axes.text(-0.006, place + 0.5, text, ha="right", va="center", parse_math=False, transform=where, **look)


def _draw_lane(axes: Any, place: int, lane: _Lane, part: Segment) -> None:
    axes.axhline(place + 0.5, color="#eeeeee", linewidth=0.8, zorder=0)
    bars = [bar for bar in lane.bars if bar[0] < part.end and bar[1] > part.start]
    colours = [colour for _, _, colour in bars]
    spans = [(max(start, part.start), min(end, part.end) - max(start, part.start)) for start, end, _ in bars]
    if bars:
        axes.broken_barh(spans, (place + 0.12, 0.76), facecolors=colours, edgecolors=colours, linewidth=0.3)


def _draw_wave(axes: Any, wave: Wave, part: Segment) -> None:
    first, last = (min(max(round((time - wave.start) / _STEP), 0), len(wave.peaks)) for time in (part.start, part.end))
    peaks = wave.peaks[first:last]
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_ylim(-1.05, 1.05)
    if not len(peaks):
        return
    starts = np.unique(np.linspace(0, len(peaks), min(_PIXELS, len(peaks)), endpoint=False).astype(int))
    outline = np.maximum.reduceat(peaks, starts) / max(float(wave.peaks.max()), 1e-9)
    times = max(part.start, wave.start) + starts * _STEP
    axes.fill_between(times, -outline, outline, color=_GREY, linewidth=0, step="post")


def _plain(annotation: Annotation) -> list[_Lane]:
    names = _in_order(annotation)
    return _lanes(annotation, dict(zip(names, names, strict=True)), names)


def _groups(annotation: Annotation, reference: Annotation) -> dict[str, list[_Lane]]:
    """Return the lanes of the reference, of the annotation and of the errors; paired speakers have one colour."""
    partner = best_mapping(reference, annotation)
    true = _in_order(reference)
    found = sorted(_in_order(annotation), key=lambda name: true.index(partner[name]) if name in partner else len(true))
    alone = {name: ("", name) for name in found if name not in partner}  # no name of the reference's
    colours = [*true, *alone.values()]
    errors = {name: _Lane(name, []) for name in _ERRORS}
    for item in differences(reference, annotation):
        errors[item.kind].bars.append((item.start, item.end, _ERRORS[item.kind]))
    return {
        "reference": _plain(reference),
        "found": _lanes(annotation, {name: partner.get(name, alone.get(name)) for name in found}, colours),
        "errors": list(errors.values()),
    }


def _in_order(annotation: Annotation) -> list[str]:
    """Return the speakers in the order of their first words."""
    return list(dict.fromkeys(turn.speaker for turn in annotation))


def _lanes(annotation: Annotation, shown: Mapping[str, Any], colours: Sequence[Any]) -> list[_Lane]:
    """Return a lane for each speaker of `shown`, in the colour of the name that it stands for."""
    lanes = {name: _Lane(name, []) for name in shown}
    for turn in annotation:
        colour = COLOURS[colours.index(shown[turn.speaker]) % (len(COLOURS) - 1)]  # the last one is grey
        lanes[turn.speaker].bars.append((turn.start, turn.end, _paler(colour, turn.confidence)))
    return list(lanes.values())


def _paler(colour: str, confidence: float | None) -> tuple[float, ...]:
    """Return a colour mixed with white, the more the less sure."""
    plain = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    sure = 1.0 if confidence is None else _FAINT + (1 - _FAINT) * max(2 * confidence - 1, 0.0)
    return tuple(round(1 - sure * (1 - part), 3) for part in plain)


def _save(figure: Any, target: str | PathLike[str], kind: str) -> None:
    from matplotlib import rc_context

    metadata = {"Date": None} if kind == "svg" else None
    with warnings.catch_warnings(), rc_context({"svg.hashsalt": "diarize"}), atomic_file(target) as file:
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # a name in a script that the font lacks
        figure.savefig(file, format=kind, metadata=metadata)


def _clock(seconds: float, step: float) -> str:
    if step < 1:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, left = divmod(whole, 60)
    return f"{minutes}:{left:02}" if whole < 3600 else f"{minutes // 60}:{minutes % 60:02}:{left:02}"
