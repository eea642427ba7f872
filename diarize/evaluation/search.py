"""A search for settings with small errors, one setting after the other, each along a ladder of values."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
import numpy.typing as npt

from diarize.config import Config
from diarize.errors import ConfigError

Floats = npt.NDArray[np.float64]

# The settings that decide most, and the values that are tried, in steps from one to the next.
LADDERS: dict[str, tuple[float, ...]] = {
    "speech.bias": (-4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 2, 3, 4),
    "output.max_pause": (0, 0.2, 0.4, 0.6, 0.8, 1, 1.5),
    "speakers.prior": (0.4, 0.55, 0.75, 1, 1.35, 1.8, 2.5),  # factors of what it is; its limits change with it
    "speakers.acoustic_scale": (0.04, 0.055, 0.07, 0.09, 0.12, 0.16, 0.2, 0.25),
    "speakers.loop_probability": (0.7, 0.8, 0.9, 0.95, 0.975, 0.99),
    "speech.acoustic_scale": (0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3),
}
_PRIOR = ("prior", "min_prior", "max_prior")
_PASSES = 3  # over all settings at most; as a rule the second changes little
_WORTH = 0.01  # share of the error that a step must take away: less is chance


def search(errors: Callable[[Config], Floats], start: Config) -> Config:
    """Find settings with small errors: one setting after the other moves along its ladder while that helps.

    A step helps if it takes away one per cent of the error, and more than its standard error over the recordings, so
    that neither near ties nor a single recording change anything.

    Parameters
    ----------
    errors : callable
        Takes a Config and returns the error in each recording, shape (n_recordings,), not negative.
    start : Config
        Where all settings begin.

    Examples
    --------
    >>> search(lambda config: np.full(3, (config.speech.bias - 1) ** 2), Config()).speech.bias
    1.0
    """
    best = start
    for _ in range(_PASSES):
        before = best
        for name in LADDERS:
            rungs, place = _rungs(name, best, start)
            for step in (1, -1):
                at = place + step
                while 0 <= at < len(rungs) and _helps(errors(best), errors(rungs[at])):
                    best, at = rungs[at], at + step
                if best is not rungs[place]:
                    break  # one direction was right, so the other is not
        if best == before:
            break
    return best


def _helps(before: Floats, after: Floats) -> bool:
    won = before - after
    chance = sqrt(len(won)) * won.std(ddof=1) if len(won) > 1 else 0.0
    return bool(won.sum() > max(chance, _WORTH * before.sum()))


def _rungs(name: str, config: Config, start: Config) -> tuple[list[Config], int]:
    """Return the configurations along one ladder, in order, and the index of the present one."""
    section, _, setting = name.partition(".")
    now, origin = (getattr(getattr(each, section), setting) for each in (config, start))
    ladder = LADDERS[name]
    values = {float(f"{origin * rung:.4g}") for rung in ladder} if name == "speakers.prior" else set(map(float, ladder))
    order = sorted(values - {now} | {now})
    rungs = []
    for value in order:
        try:
            rungs.append(config if value == now else _changed(config, start, section, setting, value))
        except ConfigError:  # beyond what the setting may be
            continue
    return rungs, rungs.index(config)


def _changed(config: Config, start: Config, section: str, setting: str, value: float) -> Config:
    """Return the configuration with one setting changed; the limits of the prior keep their distance from it."""
    changes = {setting: value}
    if setting == "prior":
        factor = value / start.speakers.prior
        changes |= {name: float(f"{factor * getattr(start.speakers, name):.4g}") for name in _PRIOR}
    return config.with_(**{section: getattr(config, section).with_(**changes)})
