"""A diarization corrected: what a person fixed is true, and the rest is found again given that."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count

import numpy as np
import numpy.typing as npt

from diarize.annotation import Annotation
from diarize.channels.legs import joined, uneven
from diarize.channels.told import told_of
from diarize.diarization import Diarization
from diarize.errors import ConfigError, DiarizeWarning, counted
from diarize.hints import Hints
from diarize.stages.confidence import Calibration
from diarize.stages.corrections import OPEN, FixedFrames, correct
from diarize.stages.limits import UNLIMITED, Limits
from diarize.stages.matching import best_pairs
from diarize.stages.rounds import Outcome
from diarize.stages.turns import bridged, make_turns, numbered

Labels = npt.NDArray[np.intp]
Names = Callable[[], Iterator[str]]

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
        Hints lie behind the end of the recording, or the limits could not be kept.
    """
    base = base.uncorrected or base
    check_people(hints, limits)
    if not hints:
        return base
    _warn(base, hints)
    if base.legs:
        result = _legs_corrected(base, hints, limits)
    else:
        result = _corrected(base, hints, limits, lambda: map(numbered, count(1)))
    _warn_of_limits(result, limits)
    still = set(result.annotation.labels) - set(hints.names)
    ratios = {name: ratio for name, ratio in base.ratios.items() if name in still}
    return replace(result, given=hints.names, ratios=ratios)


def _corrected(base: Diarization, hints: Hints, limits: Limits, free: Names) -> Diarization:
    """Return what comes of one channel, or the mean of all; `free` gives names of new strangers.

    Of a name that is given only where nothing was heard nothing follows; unless there would be too many people then, so
    that it must be somebody who was heard.
    """
    before = base.detection.speech
    fixed = FixedFrames.of(hints.annotation, hints.silence, base.frames)
    detection = base.detection.told(fixed.speech(before), fixed.owners != OPEN)
    said = replace(base, annotation=hints.imposed(base.annotation), detection=detection, uncorrected=base)
    heard = fixed.heard_in(before)
    result = _moved(said, base, hints, heard, limits, free())
    if heard.names != fixed.names and len(result.annotation.labels) > limits.most:
        return _moved(said, base, hints, fixed, limits, free())
    return result


def _moved(
    said: Diarization, base: Diarization, hints: Hints, fixed: FixedFrames, limits: Limits, free: Iterator[str]
) -> Diarization:
    """Return what was `said` of a diarization, its voices found anew given what is fixed."""
    config, voices = base.config, base.band.voices
    speech = fixed.speech(base.detection.speech)
    if base.blocks is None or base.outcome is None or not speech.any():
        return replace(said, names=(), blocks=None, outcome=None, overlap=None)  # there are no voices
    if not fixed.names and np.array_equal(speech, base.detection.speech):
        return said  # nobody was named, and nothing was taken away
    blocks, old = base.blocks.recut(speech, 2 * fixed.owners + fixed.several, fixed.several, voices)
    first = np.flatnonzero(speech)[np.cumsum(blocks.lengths) - blocks.lengths]
    owners = np.maximum(fixed.owners[first], OPEN)
    calibration = Calibration(config.output.confidence_slope, config.output.confidence_offset)
    posterior = calibration.apply(base.outcome.posterior)[old]
    posterior[old < 0] = 0.5  # where there was no speech nothing is known of any voice
    known = Outcome(
        posterior,
        base.outcome.labels[old],
        candidates=tuple(labels[old] for labels in base.outcome.candidates),
    )
    outcome = correct(blocks, owners, known, voices, limits, config)
    before, labels = base.blocks.over_frames(base.outcome.labels, -1), blocks.over_frames(outcome.labels, -1)
    names = (*fixed.names, *_strangers(base, before, labels, fixed.names, hints.names, free))
    confidence = blocks.over_frames(calibration.apply(outcome.certainty), 0.0)
    overlap = None if base.overlap is None else np.where(speech, base.overlap, 0.0)
    turns = bridged(make_turns(labels, confidence, overlap, base.frames, names), config.output.max_pause)
    annotation = hints.imposed(Annotation(turns, base.annotation.uri))
    return replace(said, annotation=annotation, names=names, blocks=blocks, outcome=outcome, overlap=overlap)


def _legs_corrected(base: Diarization, hints: Hints, limits: Limits) -> Diarization:
    """Return what comes of the legs of a call, each given what was said of it; the limits hold for all together."""
    told = told_of(base.legs, hints)

    def result(number: int, limits: Limits) -> Diarization:
        leg = base.legs[number]
        taken = {*hints.names, *(name for other in base.legs if other is not leg for name in other.names)}
        return _corrected(
            leg, told[number], limits, lambda: (name for name in _at_end(leg, hints) if name not in taken)
        )

    room = max(1, limits.most - len(base.legs) + 1)
    legs = {number: result(number, Limits(1, max(room, len(one.names)))) for number, one in enumerate(told)}
    while change := uneven(legs, [leg.detection for leg in legs.values()], limits, hints.names):
        number, wanted = change
        legs[number] = result(number, Limits(wanted, wanted))
        if len(legs[number].annotation.labels) != wanted:
            break  # as near as it comes
    return replace(joined([*legs.values()], base), uncorrected=base)


def _at_end(leg: Diarization, hints: Hints) -> Iterator[str]:
    """Yield names of people behind the channel of a leg; after its number, where its name was given to somebody."""
    number = f"channel{leg.channel}"
    name = leg.channel_name or number
    name = number if name in hints.names else name
    if len(leg.names) == 1:
        yield name
    yield from (f"{name} {place}" for place in count(1 + (len(leg.names) == 1)))


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


def _warn_of_limits(result: Diarization, limits: Limits) -> None:
    people = len(result.annotation.labels)
    if people and people not in limits:
        why = "nobody could be put together" if people > limits.most else "it finds no further voices"
        message = f"{counted(people, 'person', 'people')} after the correction: {why}; more hints help"
        warnings.warn(f"{result.annotation.uri}: {message}", DiarizeWarning, stacklevel=4)


def _strangers(
    base: Diarization, before: Labels, labels: Labels, named: Sequence[str], taken: Sequence[str], free: Iterator[str]
) -> list[str]:
    """Return names of the speakers whom nobody named: those they had before, where these are not `taken`.

    The first speakers are those who were `named`.
    """
    n_named = len(named)
    n_strangers = int(labels.max()) + 1 - n_named
    shape = (max(n_strangers, 0), len(base.names))
    both = (labels >= n_named) & (before >= 0)
    pairs = (labels[both] - n_named) * shape[1] + before[both]
    shared = np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)
    shared[:, [name in taken for name in base.names]] = 0
    rows, columns = best_pairs(shared) if shared.size else ((), ())
    names = {row: base.names[column] for row, column in zip(rows, columns, strict=True) if shared[row, column]}
    used = {*taken, *names.values()}
    unused = (name for name in free if name not in used)
    return [names[row] if row in names else next(unused) for row in range(n_strangers)]
