"""How far the confidence of turns tells the truth: reliability curve and expected calibration error (ECE).

    python benchmarks/calibration.py DIR [--config NAME|PATH] [--model MODEL.npz]

DIR holds recordings as for accuracy.py. A turn's time is right where the reference speaker that its speaker is paired
with talks; bins are weighted by time. "Raw" is the mean posterior over a turn. What is "calibrated" has the map of two
parameters (diarize/stages/confidence.py) in between, fitted to the blocks of all OTHER recordings. The last line of a
table is the map fitted to all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from diarize import Annotation, Diarizer, load_config
from diarize.evaluation.calibration import fit_calibration, reliability
from diarize.evaluation.scoring import best_mapping
from diarize.evaluation.tuning import Example, find_examples
from diarize.model import Model
from diarize.stages.blocks import cut_blocks
from diarize.stages.confidence import Calibration
from diarize.stages.limits import Limits
from diarize.stages.vbhmm import infer

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The blocks of a recording: how sure, which share is right, how long inside the UEM, how long, of which turn."""

    folder: str
    sure: Floats
    right: Floats
    seconds: Floats
    lengths: Floats
    turn: npt.NDArray[np.intp]

    def turns(self, calibration: Calibration | None = None) -> Floats:
        """Return probability, share that is right and seconds of each turn, (3, n_turns)."""
        sure = self.sure if calibration is None else calibration.apply(self.sure)
        sums = np.zeros((4, self.turn.max() + 1))
        np.add.at(
            sums.T,
            self.turn,
            np.stack([self.lengths, sure * self.lengths, self.seconds, self.right * self.seconds], axis=1),
        )
        sums = sums[:, sums[2] > 0]
        return np.stack([sums[1] / sums[0], sums[3] / sums[2], sums[2]])


def judge(example: Example, diarizer: Diarizer, given: bool) -> Judged | None:
    """Diarize a recording and see which of its blocks are right; None where no speech was found."""
    analysis, config, reference = diarizer.analyse(example.audio), diarizer.config, example.reference
    band, frames = analysis.band, analysis.recording.frames
    mask = frames.mask(reference.speech()) if given else diarizer.detect(analysis).speech
    if not mask.any():
        return None
    blocks = cut_blocks(analysis.recording, mask, band.voices, config.speakers.block)
    outcome = infer(blocks, band.voices, Limits(), config)
    labels, block = blocks.over_frames(outcome.labels, -1), blocks.over_frames(np.arange(len(blocks)), -1)
    hypothesis = Annotation(frames.turns(labels, [str(label) for label in range(outcome.n_speakers)]), reference.uri)
    right = np.zeros(len(mask), dtype=bool)
    for label, speaker in best_mapping(reference, hypothesis, example.uem).items():
        right |= (labels == int(label)) & frames.mask(turn.segment for turn in reference if turn.speaker == speaker)
    scored = mask if example.uem is None else mask & frames.mask(example.uem)
    n_blocks, step = len(blocks), band.features.frame_step
    inside = np.bincount(block[scored], minlength=n_blocks)
    good = np.bincount(block[scored & right], minlength=n_blocks)
    turn = np.cumsum(np.diff(labels, prepend=labels[0]) != 0)[mask]
    first = np.cumsum(blocks.lengths) - blocks.lengths
    return Judged(
        example.audio.parent.name,
        outcome.posterior[np.arange(n_blocks), outcome.labels],
        good / np.maximum(inside, 1),
        np.asarray(inside * step, dtype=np.float64),
        blocks.lengths.astype(float),
        np.unique(turn[first], return_inverse=True)[1],
    )


def fit(judged: list[Judged]) -> Calibration:
    """Fit the map to the blocks of recordings."""
    parts = [(item.sure, item.right, item.seconds) for item in judged]
    return fit_calibration(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def table(judged: list[Judged], title: str) -> None:
    """Print the curves and the errors."""
    raw = [item.turns() for item in judged]
    held_out = [item.turns(fit([other for other in judged if other is not item])) for item in judged]
    click.echo(f"{title}: {len(judged)} recordings, {sum(turns[2].sum() for turns in raw):.0f} s in turns")
    click.echo(f"{'':12}" + "".join(f"{name:^24}" for name in ("raw", "calibrated, leave one out")))
    click.echo(f"{'confidence':12}" + f"{'time %':>8}{'said':>8}{'right':>8}" * 2)
    curves = [reliability(*np.concatenate(turns, axis=1)) for turns in (raw, held_out)]
    for low in range(10):
        cells = "".join(
            f"{100 * curve.seconds[low] / curve.seconds.sum():8.2f}{curve.probability[low]:8.3f}{curve.right[low]:8.3f}"
            for curve in curves
        )
        click.echo(f"{low / 10:.1f} to {(low + 1) / 10:.1f}  {cells.replace('nan', '  -')}")
    for name in ("", *dict.fromkeys(item.folder for item in judged)):
        chosen = [index for index, item in enumerate(judged) if name in ("", item.folder)]
        errors = [
            100 * reliability(*np.concatenate([turns[index] for index in chosen], axis=1)).error
            for turns in (raw, held_out)
        ]
        click.echo(f"ECE {name or 'all':20}{errors[0]:8.2f} -> {errors[1]:.2f} %")
    score = [np.average((turns[0] - turns[1]) ** 2, weights=turns[2]) for turns in map(np.hstack, (raw, held_out))]
    click.echo(f"squared gap, all        {score[0]:8.4f} -> {score[1]:.4f}")
    final = fit(judged)
    click.echo(f"fitted to all: slope {final.slope:.3f}, offset {final.offset:.3f}\n")


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--config", default="default", show_default=True, help="Settings to use.")
@click.option("--model", type=click.Path(exists=True, dir_okay=False), help="A model instead of the configured one.")
def main(folder: Path, config: str, model: str | None) -> None:
    diarizer = Diarizer(load_config(config), model=Model.load(model) if model else None)
    examples = find_examples(folder)
    for given in (False, True):
        judged = [judge(example, diarizer, given) for example in examples]
        table([item for item in judged if item], "given speech marks" if given else "own speech detection")


if __name__ == "__main__":
    main()
