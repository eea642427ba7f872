"""Compiled recursions for label chains of minimum duration; a duration of one is the plain speaker loop.

Import this module inside functions only: importing it imports numba and compiles (or loads from numba's cache).

Everything is in log space, relative to the best label of each frame. Forward and backward values are kept near zero
by taking out a whole number at every frame: whole numbers add up without rounding, so a recording of any length loses
no precision.

Notation: label s lasts at least d frames, x[t, s] is the joint log probability of the past and of entering s at
frame t, W[t, s] the log-likelihood of s over frames t to t + d - 1, a[t, s] the joint log probability of the past,
frame t, and being in the last state of the chain of s. A `Chains` tuple holds
- links (4, n_labels): log start, log stay, log leave and log weight, with p(j | i) = leave[i] weight[j] for i != j;
- matrix (2, n_labels, n_labels): these log transitions written out, as they are and transposed, or (2, 0, 0);
- durations (n_labels,) in frames, and whether the end of the recording may cut the last stay short.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from diarize.hmm.structures import Floats

Function = TypeVar("Function", bound=Callable[..., Any])
Integers: TypeAlias = npt.NDArray[np.int64]
Indices: TypeAlias = npt.NDArray[np.int32]
Flags: TypeAlias = npt.NDArray[np.bool_]
Chains: TypeAlias = tuple[Floats, Floats, Integers, bool]
Forward: TypeAlias = tuple[Floats, Floats, Floats, float]

INF = math.inf
CHAINS = "Tuple((f8[:, ::1], f8[:, :, ::1], i8[::1], b1))"
FORWARD = "Tuple((f8[:, ::1], f8[:, ::1], f8[::1], f8))"
TINY = 1e-280  # sums of exponentials below this have lost digits
NEGLIGIBLE = -40.0  # exp of it is below the rounding of 1
VANISHING = -700.0  # exp of it is almost below the smallest number


def _compiled(signature: str) -> Callable[[Function], Function]:
    """Compile now and for one signature; cached on disk where numba finds a folder that it can write."""

    def compile_(function: Function) -> Function:
        try:
            return cast(Function, numba.njit(signature, cache=True, nogil=True)(function))
        except (RuntimeError, OSError):  # nowhere to write, or a full disk
            return cast(Function, numba.njit(signature, nogil=True)(function))

    return compile_


def _inner(function: Function) -> Function:
    """Compile as part of the kernels that call it, only when these are not in the cache."""
    return cast(Function, numba.njit(nogil=True)(function))


@_inner
def _log_add(a: float, b: float) -> float:
    high = max(a, b)
    gap = min(a, b) - high
    if not gap > NEGLIGIBLE:  # so that NaN, from two times -inf, ends here too
        return high
    return high + math.log(1.0 + math.exp(gap))  # log1p is slower, and what it saves is lost in the sum


@_inner
def _exp(value: float) -> float:
    return math.exp(value) if value > VANISHING else 0.0  # underflow is slow


@_inner
def _log_sum_without(values: Floats, offsets: Floats, left_out: int) -> float:
    total = -INF
    for r in range(len(values)):
        if r != left_out:
            total = _log_add(total, values[r] + offsets[r])
    return total


@_inner
def _log_sum_row(values: Floats, matrix: Floats, row: int) -> float:
    total = -INF
    for r in range(len(values)):
        total = _log_add(total, values[r] + matrix[row, r])
    return total


@_inner
def _spread(values: Floats, before: Floats, after: Floats, matrix: Floats, scratch: Floats, out: Floats) -> None:
    """Set out[s] to the log of the sum over r != s of exp(values[r]) p(r, s)."""
    n = len(values)
    if matrix.size > 0:
        for s in range(n):
            out[s] = _log_sum_row(values, matrix, s)
        return
    high = -INF
    for r in range(n):
        high = max(high, values[r] + before[r])
    if high == -INF:
        for s in range(n):
            out[s] = -INF
        return
    # Sums of all but one by prefix and suffix: a subtraction from the total would cancel.
    total = 0.0
    for r in range(n):
        scratch[r] = _exp(values[r] + before[r] - high)
        out[r] = total
        total += scratch[r]
    total = 0.0
    for s in range(n - 1, -1, -1):
        others = out[s] + total
        total += scratch[s]
        if others > TINY:
            out[s] = after[s] + high + math.log(others)
        else:  # happens to one label a frame at most, the one that outweighs all others
            out[s] = after[s] + _log_sum_without(values, before, s)


@_compiled("f8[:, ::1](f8[:, ::1], i8[::1])")
def windows(emissions: Floats, durations: Integers) -> Floats:
    """Sum emissions over the d frames from t on, or to the end, in constant time each.

    Differences of cumulative sums would lose digits and fail at -inf. A window of d frames covers the end of one block
    of d frames and the beginning of the next: two sums that need no subtraction (M. van Herk, Pattern Recognition
    Letters 13 (1992), 517-521, doi:10.1016/0167-8655(92)90069-C).
    """
    n_frames, n_labels = emissions.shape
    sums = np.empty_like(emissions)
    for s in range(n_labels):
        d = min(durations[s], n_frames)
        for first in range(0, n_frames, d):  # what lies in the block of t ...
            total = 0.0
            for t in range(min(first + d, n_frames) - 1, first - 1, -1):
                total += emissions[t, s]
                sums[t, s] = total
        for first in range(d, n_frames, d):  # ... and what lies in the block after it
            total = 0.0
            for t in range(first + 1 - d, first):
                if t + d - 1 < n_frames:
                    total += emissions[t + d - 1, s]
                sums[t, s] += total
    return sums


@_compiled(f"{FORWARD}(f8[:, ::1], f8[:, ::1], {CHAINS})")
def forward(emissions: Floats, windows: Floats, chains: Chains) -> Forward:
    """Return a (relative to base[t + 1]), x (relative to base[t]), base, and the log evidence relative to base[-1]."""
    links, matrix, durations, open_end = chains
    n_frames, n_labels = emissions.shape
    last, entry, base = np.empty_like(emissions), np.empty_like(emissions), np.zeros(n_frames + 1)
    stay, leave, weight, into = links[1], links[2], links[3], matrix[1]
    now, scratch, entered = np.full(n_labels, -INF), np.empty(n_labels), links[0].copy()
    for t in range(n_frames):
        if t > 0:
            _spread(now, leave, weight, into, scratch, entered)
        high = -INF
        for s in range(n_labels):
            entry[t, s] = entered[s]
            value = now[s] + stay[s] + emissions[t, s]
            first = t + 1 - durations[s]
            if first >= 0:
                value = _log_add(value, entry[first, s] + windows[first, s] + (base[first] - base[t]))
            now[s] = value
            high = max(high, value)
        shift = np.rint(high) if high > -INF else 0.0
        base[t + 1] = base[t] + shift
        for s in range(n_labels):
            now[s] -= shift
            last[t, s] = now[s]
    evidence = -INF
    for s in range(n_labels):
        evidence = _log_add(evidence, last[-1, s])
        if open_end:
            for first in range(max(0, n_frames + 1 - durations[s]), n_frames):
                evidence = _log_add(evidence, entry[first, s] + windows[first, s] + (base[first] - base[-1]))
    return last, entry, base, evidence


@_compiled(f"void(f8[:, ::1], f8[:, ::1], {CHAINS}, {FORWARD})")
def backward(emissions: Floats, windows: Floats, chains: Chains, past: Forward) -> None:
    """Turn a and x into the posterior of being in the last state of a chain and of entering it, in place."""
    links, matrix, durations, open_end = chains
    last, entry, base, evidence = past
    n_frames, n_labels = emissions.shape
    future, tail = np.zeros_like(emissions), np.zeros(n_frames)  # of being in the last state; relative to tail[t]
    stay, leave, weight, out_of = links[1], links[2], links[3], matrix[0]
    entered, left, scratch = np.empty(n_labels), np.empty(n_labels), np.empty(n_labels)
    for t in range(n_frames - 1, -1, -1):
        for s in range(n_labels):
            end = t + durations[s] - 1
            entered[s] = -INF
            if end < n_frames:
                entered[s] = windows[t, s] + future[end, s] + (tail[end] - tail[t])
            elif open_end:
                entered[s] = windows[t, s] - tail[t]
            entry[t, s] = _exp(entry[t, s] + entered[s] + (base[t] + tail[t] - base[-1]) - evidence)
            last[t, s] = _exp(last[t, s] + future[t, s] + (base[t + 1] + tail[t] - base[-1]) - evidence)
        if t == 0:
            break
        _spread(entered, weight, leave, out_of, scratch, left)
        high = -INF
        for s in range(n_labels):
            future[t - 1, s] = _log_add(stay[s] + emissions[t, s] + future[t, s], left[s])
            high = max(high, future[t - 1, s])
        shift = np.rint(high) if high > -INF else 0.0
        tail[t - 1] = tail[t] + shift
        for s in range(n_labels):
            future[t - 1, s] -= shift


@_compiled("f8[:, ::1](f8[:, ::1], f8[:, ::1], i8[::1])")
def occupancy(last: Floats, entry: Floats, durations: Integers) -> Floats:
    """Turn posteriors of last states into posteriors of labels, in place; count entries and stays in the last state."""
    n_frames, n_labels = last.shape
    counts = np.zeros((2, n_labels))
    inside = np.zeros(n_labels)  # in a chain but not in its last state: entered less than d - 1 frames ago
    for t in range(n_frames):
        total = 0.0
        for s in range(n_labels):
            first = t + 1 - durations[s]
            arrived = entry[first, s] if first >= 0 else 0.0
            counts[0, s] += entry[t, s]
            counts[1, s] += last[t, s] - arrived
            if durations[s] > 1:
                inside[s] = max(inside[s] + entry[t, s] - arrived, 0.0)
            last[t, s] += inside[s]
            total += last[t, s]
        for s in range(n_labels):
            last[t, s] /= total
    return counts


@_inner
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
                if values[r] + matrix[s, r] > out[s]:
                    out[s], origin[s] = values[r] + matrix[s, r], r
        elif n > 1:
            r = second if s == first else first
            out[s], origin[s] = values[r] + before[r] + after[s], r


@_inner
def _best_end(
    last: Floats, entry: Floats, windows: Floats, base: Floats, durations: Integers, open_end: bool
) -> tuple[float, int, int]:
    """Return the best log probability, its label, and where its last stay began if the end cut it short (else -1)."""
    n_frames, n_labels = entry.shape
    best, label, began = -INF, -1, -1
    for s in range(n_labels):
        if last[s] > best:
            best, label, began = last[s], s, -1
        if open_end:
            for first in range(max(0, n_frames + 1 - durations[s]), n_frames):
                value = entry[first, s] + windows[first, s] + (base[first] - base[-1])
                if value > best:
                    best, label, began = value, s, first
    return best, label, began


@_inner
def _trace_back(label: int, began: int, stayed: Flags, origin: Indices, durations: Integers) -> Integers:
    labels = np.empty(len(stayed), np.int64)
    t, s = len(labels) - 1, label
    while t >= 0 and s >= 0:
        end = t
        first = began
        if first < 0:
            while stayed[t, s]:
                t -= 1
            first = t + 1 - durations[s]
        for i in range(first, end + 1):
            labels[i] = s
        s, t, began = origin[first, s], first - 1, -1
    return labels


@_compiled(f"Tuple((f8, i8[::1]))(f8[:, ::1], f8[:, ::1], {CHAINS})")
def viterbi(emissions: Floats, windows: Floats, chains: Chains) -> tuple[float, Integers]:
    """Return the log probability of the best path and its labels; of equal paths into a frame, the one that stays."""
    links, matrix, durations, open_end = chains
    n_frames, n_labels = emissions.shape
    entry, base = np.empty_like(emissions), np.zeros(n_frames + 1)
    stayed = np.zeros((n_frames, n_labels), np.bool_)
    origin = np.empty((n_frames, n_labels), np.int32)
    stay, leave, weight, into = links[1], links[2], links[3], matrix[1]
    last, entered, came = np.full(n_labels, -INF), links[0].copy(), np.full(n_labels, -1, np.int32)
    for t in range(n_frames):
        if t > 0:
            _best(last, leave, weight, into, entered, came)
        high = -INF
        for s in range(n_labels):
            entry[t, s], origin[t, s] = entered[s], came[s]
            value = last[s] + stay[s] + emissions[t, s]
            stayed[t, s] = value > -INF
            first = t + 1 - durations[s]
            if first >= 0:
                arrived = entry[first, s] + windows[first, s] + (base[first] - base[t])
                if arrived > value:
                    value, stayed[t, s] = arrived, False
            last[s] = value
            high = max(high, value)
        shift = np.rint(high) if high > -INF else 0.0
        base[t + 1] = base[t] + shift
        for s in range(n_labels):
            last[s] -= shift
    best, label, first = _best_end(last, entry, windows, base, durations, open_end)
    return best + base[-1], _trace_back(label, first, stayed, origin, durations)
