"""Compiled inner loops of the E step: moments of a block of rows, posteriors from log densities.

Import this module inside functions only: importing it imports numba, and the first call of each function compiles it
(or loads it from numba's cache).

Loops run along rows of arrays, which compilers turn into vector instructions. That needs an exponential without
branches or calls, so there is one here: exp(v) = 2^n exp(r) with |r| <= log(2) / 2, exp(r) by Taylor's series.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from diarize.gmm.engine.compilation import FUSED, compiled, inline
from diarize.gmm.parameters import Float64, Floats

_CHUNK = 128  # columns at a time: what is read twice stays in the first level cache


@inline
def _bits(typingctx: Any, value: Any) -> Any:
    """Return the bits of a float as an integer of the same size."""
    whole = types.int32 if value == types.float32 else types.int64

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(signature.return_type))

    return whole(value), generate


@inline
def _from_bits(typingctx: Any, value: Any) -> Any:
    """Return the float that has these bits."""
    real = types.float32 if value == types.int32 else types.float64

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(signature.return_type))

    return real(value), generate


def _exp(value: float) -> float:
    """Return exp(value) for -700 < value <= 0 (-80 in float32)."""
    return math.exp(value)


@overload(_exp, inline="always")
def _exp_as_compiled(value: Any) -> Any:
    kind = np.float32 if value == types.float32 else np.float64
    mantissa, degree = (23, 7) if kind == np.float32 else (52, 13)
    whole: Any = np.int32 if kind == np.float32 else np.int64
    magic = kind(1.5 * 2**mantissa)  # added to a number, it leaves that number, rounded, in the lowest bits
    shift = whole(mantissa)
    one = kind(1.0).view(whole)
    log2_e = kind(1 / math.log(2))
    high, low = kind(0.693359375), kind(-2.1219444005469058e-4)  # log(2) in two: n times the first is exact
    c = tuple(kind(1 / math.factorial(i)) for i in range(14))
    if degree == 7:

        def single(value: Any) -> Any:
            shifted = value * log2_e + magic
            n = shifted - magic
            r = value - n * high - n * low
            p = c[6] + r * c[7]
            p = c[4] + r * (c[5] + r * p)
            p = c[2] + r * (c[3] + r * p)
            p = c[0] + r * (c[1] + r * p)
            return p * _from_bits(whole((_bits(shifted) << shift) + one))

        return single

    def double(value: Any) -> Any:
        shifted = value * log2_e + magic
        n = shifted - magic
        r = value - n * high - n * low
        p = c[12] + r * c[13]
        p = c[10] + r * (c[11] + r * p)
        p = c[8] + r * (c[9] + r * p)
        p = c[6] + r * (c[7] + r * p)
        p = c[4] + r * (c[5] + r * p)
        p = c[2] + r * (c[3] + r * p)
        p = c[0] + r * (c[1] + r * p)
        return p * _from_bits(whole((_bits(shifted) << shift) + one))

    return double


@compiled(fast=FUSED)
def softmax(joint: Floats, bias: Floats, lowest: float, peak: Floats, total: Floats) -> None:
    """Turn log densities into shares of the likelihood, in place.

    Parameters
    ----------
    joint : array (k or more, n or more)
        Log densities; becomes exp(joint + bias - peak), of nothing below `lowest`. What is beyond k and n stays.
    bias : array (k,)
        Added to each component.
    lowest : float
        Logarithm of the smallest share: further down numbers are denormal, and slow.
    peak, total : array (n_groups, n)
        Become the highest log density and the sum of shares of each group of k / n_groups components.
    """
    n_groups, count = peak.shape
    size = len(bias) // n_groups
    for first in range(0, count, _CHUNK):
        last = min(first + _CHUNK, count)
        for g in range(n_groups):
            high, whole = peak[g, first:last], total[g, first:last]
            high[:] = -np.inf
            whole[:] = 0
            for k in range(g * size, (g + 1) * size):
                row, more = joint[k, first:last], bias[k]
                for j in range(len(row)):
                    v = row[j] + more
                    row[j] = v
                    high[j] = v if v > high[j] else high[j]
            for k in range(g * size, (g + 1) * size):
                row = joint[k, first:last]
                for j in range(len(row)):
                    v = row[j] - high[j]
                    v = _exp(v if v > lowest else lowest)
                    row[j] = v
                    whole[j] += v


@compiled(fast=FUSED)
def expand_variances(x: Floats, centre: Float64, scale: Float64, out: Floats) -> None:
    """Write the moments [1, z, z^2] of rows x (n, d), z = (x - centre) scale, into out (1 + 2 d, n or more)."""
    n_features = x.shape[1]
    out[0, : len(x)] = 1
    for d in range(n_features):
        first, second = out[1 + d], out[1 + n_features + d]
        away, factor = x.dtype.type(centre[d]), out.dtype.type(scale[d])
        for i in range(len(x)):
            z = out.dtype.type(x[i, d] - away) * factor
            first[i] = z
            second[i] = z * z


@compiled(fast=FUSED)
def whiten(x: Floats, centre: Float64, forward: Float64, out: Floats) -> None:
    """Write z = forward (x - centre) for rows x (n, d), forward lower triangular, into rows 1 to d of out.

    Whitening cancels digits when dimensions are correlated: always in float64.
    """
    n_features = x.shape[1]
    away, sums = np.empty((n_features, _CHUNK)), np.empty(_CHUNK)
    for first in range(0, len(x), _CHUNK):
        count = min(_CHUNK, len(x) - first)
        for d in range(n_features):
            row = away[d]
            for i in range(count):
                row[i] = x[first + i, d] - centre[d]
        for d in range(n_features):
            sums[:] = 0
            for e in range(d + 1):
                row, factor = away[e], forward[d, e]
                for i in range(_CHUNK):
                    sums[i] += factor * row[i]
            target = out[1 + d, first : first + count]
            for i in range(count):
                target[i] = sums[i]


@compiled(fast=FUSED)
def expand_products(out: Floats, n_features: int, n_rows: int) -> None:
    """Fill out (1 + d + d (d + 1) / 2, n or more), which has whitened rows from 1 on, with ones and all products."""
    out[0, :n_rows] = 1
    at = 1 + n_features
    for a in range(n_features):
        left = out[1 + a]
        for b in range(a, n_features):
            right, product = out[1 + b], out[at]
            for i in range(n_rows):
                product[i] = left[i] * right[i]
            at += 1


@compiled(fast=FUSED)
def half_squares(moments: Floats, n_moments: int, n_rows: int) -> Float64:
    """Return half the sum of squares of moments 1 to n_moments - 1 of each row, (n_rows,), in float64."""
    found = np.zeros(n_rows)
    for m in range(1, n_moments):
        row = moments[m]
        for i in range(n_rows):
            found[i] += 0.5 * row[i] * row[i]
    return found


@compiled(fast=FUSED)
def squared_distances(x: Floats, mean: Float64, factor: Float64) -> Float64:
    """Return the squared norms (n,) of (x - mean) factor for rows x (n, d), in float64."""
    found = np.zeros(len(x))
    for i in range(len(x)):
        for d in range(len(mean)):
            away = (x[i, d] - mean[d]) * factor[d]
            found[i] += away * away
    return found
