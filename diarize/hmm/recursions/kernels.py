"""Compiled recursions for label chains of minimum duration; a duration of one is the plain speaker loop.

Import this module inside functions only: importing it imports numba and compiles (or loads from numba's cache).

Everything is in log space, relative to the best label of each frame. Forward and backward values are kept near zero
by taking out a whole number at every frame: whole numbers add up without rounding, so a recording of any length loses
no precision.

Notation: label s lasts at least d frames, x[t, s] is the joint log probability of the past and of entering s at
frame t, W[t, s] the log-likelihood of s over frames t to t + d - 1, a[t, s] the joint log probability of the past,
frame t, and being in the last state of the chain of s. A `Chains` tuple holds
- links (4, n_labels): log start, log stay, log leave and log weight, with p(j | i) = leave[i] weight[j] for i != j;
- matrix (4, n_labels, n_labels): these log transitions written out, as they are and transposed, and both without the
  logarithm, or (4, 0, 0);
- durations (n_labels,) in frames, and whether the end of the recording may cut the last stay short.

Recordings come in blocks of rows, with rows of the blocks before and after around them, at least d - 1 of them where
the recording has them; `behind` is how many rows come before. A `Past` tuple holds a, x, and `base`, which forward
values are relative to, for these rows and those of the block. A `Message` tuple holds the log probability of the future
given the last state of a chain, for the frame before the end of the block and the rows after it, what it is relative
to, and base and log evidence at the end of the recording.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np

from diarize.gmm.engine.compilation import Integers, compiled, inner
from diarize.hmm.structures import Floats

Chains: TypeAlias = tuple[Floats, Floats, Integers, bool]
Past: TypeAlias = tuple[Floats, Floats, Floats]
Message: TypeAlias = tuple[Floats, Floats, float, float]

INF = math.inf
CHAINS = "Tuple((f8[:, ::1], f8[:, :, ::1], i8[::1], b1))"
PAST = "Tuple((f8[:, ::1], f8[:, ::1], f8[::1]))"
MESSAGE = "Tuple((f8[:, ::1], f8[::1], f8, f8))"
TINY = 1e-280  # sums of exponentials below this have lost digits
NEGLIGIBLE = -40.0  # exp of it is below the rounding of 1
VANISHING = -700.0  # exp of it is almost below the smallest number


@inner()
def _log_add(a: float, b: float) -> float:
    high = max(a, b)
    gap = min(a, b) - high
    if not gap > NEGLIGIBLE:  # so that NaN, from two times -inf, ends here too
        return high
    return high + math.log(1.0 + math.exp(gap))  # log1p is slower, and what it saves is lost in the sum


@inner()
def _exp(value: float) -> float:
    return math.exp(value) if value > VANISHING else 0.0  # underflow is slow


@inner()
def _log_sum_without(values: Floats, offsets: Floats, left_out: int) -> float:
    total = -INF
    for r in range(len(values)):
        if r != left_out:
            total = _log_add(total, values[r] + offsets[r])
    return total


@inner()
def _log_sum_row(values: Floats, matrix: Floats, row: int) -> float:
    total = -INF
    for r in range(len(values)):
        total = _log_add(total, values[r] + matrix[row, r])
    return total


@inner()
def _spread(
    values: Floats, before: Floats, after: Floats, matrix: Floats, transposed: int, scratch: Floats, out: Floats
) -> None:
    """Set out[s] to the log of the sum over r != s of exp(values[r]) p(r, s), or p(s, r) if not transposed."""
    n = len(values)
    written_out = matrix.size > 0
    high = -INF
    for r in range(n):
        high = max(high, values[r] if written_out else values[r] + before[r])
    if high == -INF:
        for s in range(n):
            out[s] = -INF
        return
    if written_out:
        for r in range(n):
            scratch[r] = _exp(values[r] - high)
        for s in range(n):
            total = 0.0
            for r in range(n):
                total += scratch[r] * matrix[2 + transposed, s, r]
            if total > TINY:
                out[s] = high + math.log(total)
            else:
                out[s] = _log_sum_row(values, matrix[transposed], s)
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


@compiled("f8[:, ::1](f8[:, ::1], i8[::1])")
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


@compiled(f"f8(f8[:, ::1], f8[:, ::1], {CHAINS}, {PAST}, f8[::1], i8)")
def forward(emissions: Floats, windows: Floats, chains: Chains, past: Past, now: Floats, behind: int) -> float:
    """Fill in a (relative to base[t + 1]), x (relative to base[t]) and base from row `behind` on.

    `now` is the a of the frame before that row, and in the end that of the last. Return the log evidence relative to
    base[-1], or -inf where emissions hold rows of the next block.
    """
    links, matrix, durations, open_end = chains
    last, entry, base = past
    n_frames, n_labels = last.shape
    stay, leave, weight = links[1], links[2], links[3]
    scratch, entered = np.empty(n_labels), links[0].copy()
    if behind > 0:
        last[behind - 1] = now
    for t in range(behind, n_frames):
        if t > 0:
            _spread(now, leave, weight, matrix, 1, scratch, entered)
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
    if len(emissions) == n_frames:
        for s in range(n_labels):
            evidence = _log_add(evidence, last[-1, s])
            if open_end:
                for first in range(max(0, n_frames + 1 - durations[s]), n_frames):
                    evidence = _log_add(evidence, entry[first, s] + windows[first, s] + (base[first] - base[-1]))
    return evidence


@inner()
def _entered(
    t: int, windows: Floats, future: Floats, tail: Floats, durations: Integers, open_end: bool, out: Floats
) -> None:
    """Set out to the log probability of frames t and later, given that a label is entered at t; relative to tail[t]."""
    n_frames = len(windows)
    for s in range(len(out)):
        end = t + durations[s] - 1
        out[s] = -INF
        if end < n_frames:
            out[s] = windows[t, s] + future[end, s] + (tail[end] - tail[t])
        elif open_end:
            out[s] = windows[t, s] - tail[t]


@inner()
def _count(left: Floats, entered: Floats, offset: float, matrix: Floats, weights: Floats, counts: Floats) -> None:
    """Add to counts the probability of each change of label: exp(left[r] + entered[s] + offset) p(r, s)."""
    n = len(left)
    high, highest = left.max(), entered.max()
    if high == -INF or highest == -INF:
        return
    fast = high + highest + offset < -VANISHING / 2  # else what is lost in an exp below might count
    for s in range(n):
        weights[s] = _exp(entered[s] - highest)
    for r in range(n):
        share = _exp(left[r] - high) * _exp(high + highest + offset) if fast else 0.0
        for s in range(n):
            if fast:
                counts[r, s] += share * weights[s] * matrix[2, r, s]
            elif r != s:
                counts[r, s] += _exp(left[r] + entered[s] + offset + matrix[0, r, s])


@compiled(f"Tuple((f8[:, ::1], f8[::1], f8[:, ::1]))(f8[:, ::1], f8[:, ::1], {CHAINS}, {PAST}, i8, {MESSAGE})")
def backward(
    emissions: Floats, windows: Floats, chains: Chains, past: Past, behind: int, message: Message
) -> tuple[Floats, Floats, Floats]:
    """Turn a and x into the posterior of being in the last state of a chain and of entering it, in place.

    Return the log probability of the future given the last state, what it is relative to, and the expected changes of
    label where these are written out as a matrix.
    """
    links, matrix, durations, open_end = chains
    last, entry, base = past
    after, tail_after, end, evidence = message
    n_frames, n_labels = last.shape
    future, tail = np.zeros_like(emissions), np.zeros(len(emissions))
    future[n_frames - 1 : n_frames - 1 + len(after)] = after
    tail[n_frames - 1 : n_frames - 1 + len(after)] = tail_after
    stay, leave, weight = links[1], links[2], links[3]
    entered, left, scratch = np.empty(n_labels), np.empty(n_labels), np.empty(n_labels)
    counts = np.zeros(matrix.shape[1:])
    for t in range(n_frames - 1, -1, -1):
        _entered(t, windows, future, tail, durations, open_end, entered)
        offset = base[t] + tail[t] - end - evidence
        if t < behind:  # of these only who has not yet been in the last state before the block is of interest
            for s in range(n_labels):
                entry[t, s] = _exp(entry[t, s] + entered[s] + offset) if t + durations[s] > behind else 0.0
            continue
        for s in range(n_labels):
            entry[t, s] = _exp(entry[t, s] + entered[s] + offset)
            last[t, s] = _exp(last[t, s] + future[t, s] + (base[t + 1] - base[t]) + offset)
        if t == 0:
            break
        if matrix.size > 0:
            _count(last[t - 1], entered, offset, matrix, scratch, counts)
        _spread(entered, weight, leave, matrix, 0, scratch, left)
        high = -INF
        for s in range(n_labels):
            future[t - 1, s] = _log_add(stay[s] + emissions[t, s] + future[t, s], left[s])
            high = max(high, future[t - 1, s])
        shift = np.rint(high) if high > -INF else 0.0
        tail[t - 1] = tail[t] + shift
        for s in range(n_labels):
            future[t - 1, s] -= shift
    return future, tail, counts


@compiled("f8[:, ::1](f8[:, ::1], f8[:, ::1], i8[::1], i8)")
def occupancy(last: Floats, entry: Floats, durations: Integers, behind: int) -> Floats:
    """Turn posteriors of last states into posteriors of labels, in place, from row `behind` on.

    Return expected entries, those at the first frame of the recording left out, and stays in the last state.
    """
    n_frames, n_labels = last.shape
    counts = np.zeros((2, n_labels))
    inside = np.zeros(n_labels)  # in a chain but not in its last state: entered less than d - 1 frames ago
    for t in range(behind):
        inside += entry[t]
    for t in range(behind, n_frames):
        total = 0.0
        for s in range(n_labels):
            first = t + 1 - durations[s]
            arrived = entry[first, s] if first >= 0 else 0.0
            counts[0, s] += entry[t, s] if t > 0 else 0.0
            counts[1, s] += last[t, s] - arrived
            if durations[s] > 1:
                inside[s] = max(inside[s] + entry[t, s] - arrived, 0.0)
            last[t, s] += inside[s]
            total += last[t, s]
        for s in range(n_labels):
            last[t, s] /= total
    return counts
