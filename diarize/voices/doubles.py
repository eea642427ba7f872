"""Somebody who is known under two names."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from diarize.errors import DiarizeWarning
from diarize.model import Model
from diarize.voices.comparison import Person, log_ratios

_ONE = float(np.log(100.0))  # log ratio from which on two names are said to be one person's; few strangers reach it


def warn_of_doubles(people: Mapping[str, Person], pairs: Sequence[tuple[str, str]], model: Model) -> None:
    """Warn of pairs of names whose voices are a hundred times likelier one person's than two people's.

    Parameters
    ----------
    people : mapping of str to sequence of Voiceprint
    pairs : sequence of (str, str)
        Of different names.
    model : Model
        That the prints were made with.

    Warns
    -----
    DiarizeWarning
    """
    names = list(people)
    places = np.array([[names.index(name) for name in pair] for pair in pairs], np.intp).reshape(-1, 2)
    for (one, other), ratio in zip(pairs, log_ratios(list(people.values()), places, model), strict=True):
        if ratio > _ONE:
            message = f"{one} and {other} sound like one person, {np.exp(ratio):.0f} times likelier than two"
            warnings.warn(f"{message}; is somebody known under two names?", DiarizeWarning, stacklevel=3)
