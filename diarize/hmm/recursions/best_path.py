"""Compiled search for the best path through label chains of minimum duration; notation as in `kernels`.

Import this module inside functions only: importing it imports numba and compiles (or loads from numba's cache).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from diarize.gmm.engine.compilation import Flags, Indices, Integers, compiled, inner
from diarize.hmm.recursions.kernels import CHAINS, INF, Chains
from diarize.hmm.structures import Floats

Position: TypeAlias = tuple[int, int, int]
"""Where the way back has got to: frame, label, first frame of the stay in it (-1 = in the last state of the chain)."""
Ways: TypeAlias = tuple[Floats, Floats, Floats]
"""The a of one frame, x of all rows up to it, and base, with maxima for sums."""
Origins: TypeAlias = tuple[Flags, Indices]
"""Whether the best way to a[t, s] stayed, and from which label that to x[t, s] came."""

WAYS = "Tuple((f8[::1], f8[:, ::1], f8[::1]))"
ORIGINS = "Tuple((b1[:, ::1], i4[:, ::1]))"
POSITION = "UniTuple(i8, 3)"


@inner()
def _best(values: Floats, before: Floats, after: Floats, matrix: Floats, out: Floats, origin: Indices) -> None:
    """Set out[s] to the largest values[r] + log p(r, s) over r != s, and origin[s] to that r."""
    n = len(values)
    first, second = 0, -1  # the two best to come from
    for r in range(1, n):
        if values[r] + before[r] > values[first] + before[first]:
            first, second = r, first
        elif second < 0 or values[r] + before[r] > values[second] + before[second]:
            second = r
    for s in range(n):
        out[s], origin[s] = -INF, -1
        if matrix.size > 0:
            for r in range(n):
                if values[r] + matrix[1, s, r] > out[s]:
                    out[s], origin[s] = values[r] + matrix[1, s, r], r
        elif n > 1:
            r = second if s == first else first
            out[s], origin[s] = values[r] + before[r] + after[s], r


@compiled(f"{ORIGINS}(f8[:, ::1], f8[:, ::1], {CHAINS}, {WAYS}, i8)")
def forward(emissions: Floats, windows: Floats, chains: Chains, ways: Ways, behind: int) -> Origins:
    """Fill in x and base from row `behind` on, take a from the frame before to the last; return where they come from.

    Of equal paths into a frame the one that stays is taken.
    """
    links, matrix, durations, _ = chains
    now, entry, base = ways
    n_frames, n_labels = entry.shape
    stayed = np.zeros((n_frames, n_labels), np.bool_)
    origin = np.empty((n_frames, n_labels), np.int32)
    stay, leave, weight = links[1], links[2], links[3]
    entered, came = links[0].copy(), np.full(n_labels, -1, np.int32)
    for t in range(behind, n_frames):
        if t > 0:
            _best(now, leave, weight, matrix, entered, came)
        high = -INF
        for s in range(n_labels):
            entry[t, s], origin[t, s] = entered[s], came[s]
            value = now[s] + stay[s] + emissions[t, s]
            stayed[t, s] = value > -INF
            first = t + 1 - durations[s]
            if first >= 0:
                arrived = entry[first, s] + windows[first, s] + (base[first] - base[t])
                if arrived > value:
                    value, stayed[t, s] = arrived, False
            now[s] = value
            high = max(high, value)
        shift = np.rint(high) if high > -INF else 0.0
        base[t + 1] = base[t] + shift
        for s in range(n_labels):
            now[s] -= shift
    return stayed, origin


@compiled(f"Tuple((f8, i8, i8))(f8[:, ::1], {CHAINS}, {WAYS})")
def best_end(windows: Floats, chains: Chains, ways: Ways) -> tuple[float, int, int]:
    """Return the best log probability, its label, and the row where its last stay began if the end cut it short."""
    now, entry, base = ways
    _, _, durations, open_end = chains
    n_frames, n_labels = entry.shape
    best, label, began = -INF, -1, -1
    for s in range(n_labels):
        if now[s] > best:
            best, label, began = now[s], s, -1
        if open_end:
            for first in range(max(0, n_frames + 1 - durations[s]), n_frames):
                value = entry[first, s] + windows[first, s] + (base[first] - base[-1])
                if value > best:
                    best, label, began = value, s, first
    return best + base[-1], label, began


@compiled(f"{POSITION}(i8[::1], {POSITION}, {ORIGINS}, i8[::1], i8, i8)")
def trace_back(
    labels: Integers, position: Position, origins: Origins, durations: Integers, row_zero: int, begin: int
) -> Position:
    """Fill in labels of a whole recording backwards, as far as one block knows; return where that is.

    Row 0 of the block is frame `row_zero` of the recording; its own frames begin with frame `begin`.
    """
    t, s, began = position
    stayed, origin = origins
    while t >= 0 and s >= 0:
        if began < 0:
            while t >= begin and stayed[t - row_zero, s]:
                labels[t] = s
                t -= 1
            if t < begin:
                break
            began = t + 1 - durations[s]
        for i in range(began, t + 1):
            labels[i] = s
        if began < begin:
            t = began  # what lies between is filled in
            break
        s, t, began = origin[began - row_zero, s], began - 1, -1
    return t, s, began
