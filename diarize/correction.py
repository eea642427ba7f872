"""A diarization corrected: what a person fixed is true, and the rest is found again given that."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import numpy as np
import numpy.typing as npt

from diarize.annotation import Annotation
from diarize.diarization import Diarization
from diarize.errors import ConfigError, DiarizeWarning, counted
from diarize.hints import Hints
from diarize.stages.confidence import Calibration
from diarize.stages.corrections import OPEN, FixedFrames, correct
from diarize.stages.detection import Detection
from diarize.stages.limits import UNLIMITED, Limits
from diarize.stages.matching import best_pairs
from diarize.stages.rounds import Outcome
from diarize.stages.turns import bridged, make_turns, numbered

Labels = npt.NDArray[np.intp]

_BEYOND = 0.5  # s that hints may reach beyond the end of a recording without a warning


def corrected(base: Diarization, hints: Hints, limits: Limits = UNLIMITED) -> Diarization:
    """Return a diarization given what is certain; the sound is not looked at again.

    Parameters
    ----------
    base : Diarization
        Of one that was corrected before, what it was at first is taken.
    hints : Hints
    limits : Limits
        Of the number of speakers.

    Raises
    ------
    ConfigError
        More people are named than there may be.

    Warns
    -----
    DiarizeWarning
        Hints lie behind the end of the recording, or move nothing since each channel was diarized by itself.
    """
    base = base.uncorrected or base
    check_people(hints, limits)
    if not hints:
        return base
    _warn(base, hints)
    config, voices = base.config, base.band.voices
    fixed = FixedFrames.of(hints.annotation, hints.silence, base.frames)
    speech = fixed.speech(base.detection.speech)
    if base.blocks is None or base.outcome is None or not speech.any():
        # no voices to move; each leg of a call is a person or a few at one end, and keeps its speakers
        return replace(base, annotation=hints.imposed(base.annotation), uncorrected=base)
    blocks, old = base.blocks.recut(speech, 2 * fixed.owners + fixed.several, fixed.several, voices)
    first = np.flatnonzero(speech)[np.cumsum(blocks.lengths) - blocks.lengths]
    owners = np.maximum(fixed.owners[first], OPEN)
    calibration = Calibration(config.output.confidence_slope, config.output.confidence_offset)
    old = np.maximum(old, 0)  # where there was no speech it does not matter: that is fixed
    known = Outcome(
        calibration.apply(base.outcome.posterior)[old],
        base.outcome.labels[old],
        candidates=tuple(labels[old] for labels in base.outcome.candidates),
    )
    outcome = correct(blocks, owners, known, voices, limits, config)
    before, labels = base.blocks.over_frames(base.outcome.labels, -1), blocks.over_frames(outcome.labels, -1)
    names = (*fixed.names, *_strangers(base, before, labels, len(fixed.names), hints.names))
    confidence = blocks.over_frames(calibration.apply(outcome.certainty), 0.0)
    overlap = None if base.overlap is None else np.where(speech, base.overlap, 0.0)
    turns = bridged(make_turns(labels, confidence, overlap, base.frames, names), config.output.max_pause)
    annotation = hints.imposed(Annotation(turns, base.annotation.uri))
    return replace(
        base,
        annotation=annotation,
        detection=Detection(speech),
        names=names,
        blocks=blocks,
        outcome=outcome,
        overlap=overlap,
        uncorrected=base,
    )


def check_people(hints: Hints, limits: Limits) -> None:
    """Refuse hints that name more people than there may be.

    Raises
    ------
    ConfigError
    """
    if len(hints.names) > limits.most:
        people = counted(len(hints.names), "person", "people")
        raise ConfigError(f"the hints name {people}, but there may be {limits.most} at most")


def _warn(base: Diarization, hints: Hints) -> None:
    """Warn of what the hints cannot do."""
    end = float(base.frames.edges[-1])
    beyond = [segment for segment in hints.fixed() if segment.end > end + _BEYOND]
    if beyond:
        last = beyond[-1].end
        message = f"hints reach to {last:.3f} s, the recording ends at {end:.3f} s; are they of another one?"
        warnings.warn(f"{base.annotation.uri}: {message}", DiarizeWarning, stacklevel=4)
    if base.legs:
        message = "each channel was diarized by itself, so hints stand in the result and move nothing else"
        warnings.warn(f"{base.annotation.uri}: {message}", DiarizeWarning, stacklevel=4)


def _strangers(base: Diarization, before: Labels, labels: Labels, n_named: int, taken: Sequence[str]) -> list[str]:
    """Return names of the speakers whom nobody named: those they had before, where these are free."""
    n_strangers = int(labels.max()) + 1 - n_named
    shape = (max(n_strangers, 0), len(base.names))
    both = (labels >= n_named) & (before >= 0)
    pairs = (labels[both] - n_named) * shape[1] + before[both]
    shared = np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)
    shared[:, [name in taken for name in base.names]] = 0
    rows, columns = best_pairs(shared) if shared.size else ((), ())
    names = {row: base.names[column] for row, column in zip(rows, columns, strict=True) if shared[row, column]}
    used = {*taken, *names.values()}
    free = (name for name in map(numbered, count(1)) if name not in used)
    return [names[row] if row in names else next(free) for row in range(n_strangers)]
