"""Compiled loops of the E step: moments of a block of rows, products, posteriors from log densities.

Import this module inside functions only: importing it imports numba, and the first call of each function compiles it
(or loads it from numba's cache).

Loops run along rows of arrays, which compilers turn into vector instructions. What is called one after the other for
every block is one function too: between calls from several threads, Python itself would be in the way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diarize.gmm.arrays import Float64, Floats
from diarize.gmm.engine.compilation import FUSED, REORDERED, Integers, compiled
from diarize.gmm.engine.elementary import exp, log
from diarize.gmm.engine.tiles import COMPONENTS, MOMENTS, WIDE, densities_tile, pointer, sums_tile

_CHUNK = 128  # columns at a time: what is read twice stays in the first level cache
_CHAIN = 32  # numbers added one after the other: longer sums lose what is small in float32
VARIANCES, MATRICES, ONE_MATRIX = range(3)


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
                    v = exp(v if v > lowest else lowest)
                    row[j] = v
                    whole[j] += v


@compiled(fast=FUSED)
def log_sums(peak: Floats, total: Floats, offset: float, log_likelihood: Float64) -> bool:
    """Write log(total) + peak + offset to log_likelihood, all (n_groups, n); return whether all of it is finite."""
    finite = True
    for g in range(len(peak)):
        high, whole, out = peak[g], total[g], log_likelihood[g]
        for j in range(len(out)):
            out[j] = log(np.float64(whole[j])) + np.float64(high[j]) + offset
        for j in range(len(out)):
            finite &= abs(out[j]) < np.inf
    return finite


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
    halves = np.zeros(n_rows)
    for m in range(1, n_moments):
        row = moments[m]
        for i in range(n_rows):
            halves[i] += 0.5 * row[i] * row[i]
    return halves


@compiled(fast=FUSED)
def squared_distances(x: Floats, mean: Float64, factor: Float64) -> Float64:
    """Return the squared norms (n,) of (x - mean) factor for rows x (n, d), in float64."""
    squares = np.zeros(len(x))
    for i in range(len(x)):
        for d in range(len(mean)):
            away = (x[i, d] - mean[d]) * factor[d]
            squares[i] += away * away
    return squares


@compiled(fast=FUSED)
def log_densities(coefficients: Floats, moments: Floats, out: Floats) -> None:
    """Write the product of coefficients and moments.

    Parameters
    ----------
    coefficients : array (k / HIGH, m, HIGH)
        k components in the order in which they are read.
    moments : array (m or more, n)
        Moments of n rows, a whole number of WIDE registers.
    out : array (k, n)
        What is written.
    """
    n_tiles, n_moments, high = coefficients.shape
    count = moments.shape[1]
    step = WIDE * (64 // moments.itemsize)
    for first in range(0, count, step):
        for tile in range(n_tiles):
            left, right = pointer(coefficients, tile * n_moments * high), pointer(moments, first)
            densities_tile(left, right, n_moments, pointer(out, tile * high * count + first), count)


@compiled(fast=REORDERED)
def add_products(shares: Floats, moments: Floats, sums: Float64) -> None:
    """Add shares @ moments.T to sums, in float64 from one call to the next.

    Parameters
    ----------
    shares : array (k, n)
        k components, a whole number of COMPONENTS, at n rows, a whole number of registers.
    moments : array (m, n)
        A whole number of MOMENTS.
    sums : array (k, m)
        What is added to.
    """
    count = moments.shape[1]
    registers = np.empty((COMPONENTS, MOMENTS, 64 // moments.itemsize), moments.dtype)
    chunk = _CHAIN * registers.shape[2]
    for m in range(0, sums.shape[1], MOMENTS):
        for k in range(0, len(sums), COMPONENTS):
            registers[:] = 0
            for j in range(0, count, chunk):
                left, right = pointer(shares, k * count + j), pointer(moments, m * count + j)
                sums_tile(left, right, min(chunk, count - j), count, pointer(registers, 0))
            for a in range(COMPONENTS):
                for b in range(MOMENTS):
                    total = 0.0
                    for lane in range(registers.shape[2]):
                        total += registers[a, b, lane]
                    sums[k + a, m + b] += total


class Mixture(NamedTuple):
    """A mixture as `evaluate` takes it."""

    kind: int  # VARIANCES, MATRICES or ONE_MATRIX for all components
    centre: Float64
    forward: Float64  # (1, d) for VARIANCES, else (d, d)
    coefficients: Floats
    bias: Floats
    lowest: Floats  # (1,)


class Arrays(NamedTuple):
    """What `evaluate` writes: arrays of the functions that it calls."""

    moments: Floats
    shares: Floats
    peak: Floats
    total: Floats


@compiled(fast=FUSED)
def expand(x: Floats, mixture: Mixture, moments: Floats) -> None:
    """Write the moments of rows x (n, d), of the mixture's kind, into moments (m, n) with padding."""
    if mixture.kind == VARIANCES:
        expand_variances(x, mixture.centre, mixture.forward[0], moments)
    else:
        whiten(x, mixture.centre, mixture.forward, moments)
        if mixture.kind == MATRICES:
            expand_products(moments, x.shape[1], len(x))
        else:
            moments[0, : len(x)] = 1


@compiled(fast=FUSED)
def evaluate(x: Floats, mixture: Mixture, out: Arrays) -> None:
    """Do all of the E step of a block of rows x (n, d), up to `softmax`, by tiles."""
    expand(x, mixture, out.moments)
    log_densities(mixture.coefficients, out.moments, out.shares)
    softmax(out.shares, mixture.bias, mixture.lowest[0], out.peak, out.total)


@compiled(fast=FUSED)
def scale(factor: Floats, moments: Floats, n_moments: int, shares: Floats, n_components: int) -> None:
    """Multiply each group's shares by factor (n_groups, n), or for one group the moments if there are fewer of them."""
    n_groups, count = factor.shape
    if n_groups == 1 and n_moments < n_components:
        for m in range(n_moments):
            row, share = moments[m], factor[0]
            for j in range(count):
                row[j] *= share[j]
        return
    for k in range(n_components):
        row, share = shares[k], factor[k * n_groups // n_components]
        for j in range(count):
            row[j] *= share[j]


@compiled(fast=FUSED)
def add_scaled(
    factor: Floats, moments: Floats, n_moments: int, shares: Floats, n_components: int, sums: Float64
) -> None:
    """Do `scale`, then `add_products`."""
    scale(factor, moments, n_moments, shares, n_components)
    add_products(shares, moments, sums)


@compiled(fast=FUSED)
def add_segments(shares: Floats, total: Floats, x: Floats, marks: Integers, zeroth: Floats, first: Floats) -> None:
    """Add posteriors, and posteriors times rows, of consecutive segments.

    Parameters
    ----------
    shares : array (k, n or more)
        Posteriors times `total`, (n,).
    x : array (n, d)
        Rows.
    marks : array (s + 1,)
        Segment i is the rows from marks[i] up to marks[i + 1].
    zeroth, first : array (s, k) and (s, k, d)
        What is added to.
    """
    factor, n_features = 1 / total, x.shape[1]
    for i in range(len(marks) - 1):
        start, stop = marks[i], marks[i + 1]
        whole = stop - (stop - start) % 4
        for k in range(zeroth.shape[1]):
            sums, count = first[i, k], zeroth[i, k]
            for t in range(start, whole, 4):  # four rows at a time: the sums are read and written less often
                a, b = x.dtype.type(shares[k, t] * factor[t]), x.dtype.type(shares[k, t + 1] * factor[t + 1])
                c, d = x.dtype.type(shares[k, t + 2] * factor[t + 2]), x.dtype.type(shares[k, t + 3] * factor[t + 3])
                count += (a + b) + (c + d)
                for j in range(n_features):
                    sums[j] += (a * x[t, j] + b * x[t + 1, j]) + (c * x[t + 2, j] + d * x[t + 3, j])
            for t in range(whole, stop):
                a = x.dtype.type(shares[k, t] * factor[t])
                count += a
                for j in range(n_features):
                    sums[j] += a * x[t, j]
            zeroth[i, k] = count


@compiled(fast=FUSED)
def weighted(weight: Float64, total: Floats, log_likelihood: Float64, factor: Floats) -> tuple[float, float]:
    """Write weight / total to factor, (n_groups, n); return the sums of weight and of weight times log-likelihood.

    The weight is (n_groups, n), or (0, 0) for 1 everywhere. What has no weight adds no log-likelihood, be it -inf.
    """
    rows, summed = 0.0, 0.0
    for g in range(len(total)):
        for j in range(total.shape[1]):
            share = weight[g, j] if weight.size > 0 else 1.0
            factor[g, j] = share / np.float64(total[g, j])
            if share > 0:
                rows += share
                summed += share * log_likelihood[g, j]
    return rows, summed
