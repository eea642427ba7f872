"""Compiled row by row: Gaussians with covariance matrices where entries of a row are missing (NaN).

Import this module inside functions only: importing it imports numba and compiles (or loads from numba's cache).

With S the covariance, P its inverse, o the observed and m the missing entries of a row, d_o = x_o - mean_o:

                               few entries missing         few entries observed
    expected d_m               -inv(P_mm) P_mo d_o         S_mo inv(S_oo) d_o
    covariance of d_m          inv(P_mm)                   S_mm - S_mo inv(S_oo) S_om
    log determinant of S_oo    log|P_mm| + log|S|          log|S_oo|
    distance                   |U' (d_o, d_m)|^2           d_o' inv(S_oo) d_o

with P = U U', so that always the smaller matrix is factored. The distance on the left is the least over all d_m:
rounding of d_m enters it squared only, where a difference of two quadratic forms would lose digits.

Rows come ordered by pattern of missing entries: what depends on the pattern alone is computed once for each run of rows
of one pattern. A `Gaussians` tuple holds
- means (n_components, n_features);
- U, P and S, (n_components, n_features, n_features), or (1, n_features, n_features) for one covariance of all.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np

from diarize.gmm.arrays import Float64
from diarize.gmm.engine.compilation import REORDERED, Flags, Integers, compiled, inner

Gaussians: TypeAlias = tuple[Float64, Float64, Float64, Float64]
Sums: TypeAlias = tuple[Float64, Float64]

GAUSSIANS = "Tuple((f8[:, ::1], f8[:, :, ::1], f8[:, :, ::1], f8[:, :, ::1]))"
ORDERED = "i8[::1], b1[::1]"
INF = math.inf
LOG_TWO_PI = math.log(2 * math.pi)
LEAST = 4 * float(np.finfo(np.float64).eps)  # pivots below this share of their diagonal are rounding


@inner(REORDERED)
def _split(row: Float64, index: Integers) -> int:
    """Write the observed entries to index, then the missing ones; return how many are observed."""
    count = 0
    for i in range(len(row)):
        if not np.isnan(row[i]):
            index[count] = i
            count += 1
    place = count
    for i in range(len(row)):
        if np.isnan(row[i]):
            index[place] = i
            place += 1
    return count


@inner(REORDERED)
def _few_missing(count: int, size: int) -> bool:
    return 2 * count >= size


@inner(REORDERED)
def _factor(matrix: Float64, chosen: Integers, root: Float64) -> float:
    """Write R, upper triangular with R' R = matrix[chosen, chosen], its diagonal inverted; return log|R' R|."""
    size = len(chosen)
    for a in range(size):
        for b in range(a, size):
            root[a, b] = matrix[chosen[a], chosen[b]]
    log_determinant = 0.0
    for a in range(size):
        pivot = max(root[a, a], LEAST * matrix[chosen[a], chosen[a]])
        log_determinant += math.log(pivot)
        scale = 1.0 / math.sqrt(pivot)
        root[a, a] = scale
        for b in range(a + 1, size):
            root[a, b] *= scale
        for i in range(a + 1, size):
            share = root[a, i]
            for b in range(i, size):
                root[i, b] -= share * root[a, b]
    return log_determinant


@inner(REORDERED)
def _choose(gaussian: int, gaussians: Gaussians, index: Integers, count: int, root: Float64) -> float:
    """Factor the smaller matrix of a pattern; return its log determinant."""
    if _few_missing(count, len(index)):
        return _factor(gaussians[2][gaussian], index[count:], root)
    return _factor(gaussians[3][gaussian], index[:count], root)


@inner(REORDERED)
def _forward(root: Float64, values: Float64, size: int) -> float:
    """Solve R' z = values in place; return |z|^2."""
    square = 0.0
    for a in range(size):
        share = values[a] * root[a, a]
        values[a] = share
        square += share * share
        for b in range(a + 1, size):
            values[b] -= share * root[a, b]
    return square


@inner(REORDERED)
def _backward(root: Float64, values: Float64, size: int) -> None:
    """Solve R y = values in place."""
    for a in range(size - 1, -1, -1):
        total = values[a]
        for b in range(a + 1, size):
            total -= root[a, b] * values[b]
        values[a] = total * root[a, a]


@inner(REORDERED)
def _complete(
    row: Float64, mean: Float64, matrix: Float64, index: Integers, count: int, root: Float64, work: Float64
) -> None:
    """Write the row minus the mean to work[0], its missing entries as expected given the observed ones.

    The matrix is P with few entries missing, else S; the root that of `_choose`.
    """
    size = len(index)
    away, values = work[0], work[1]
    away[:] = 0.0
    for a in range(count):
        away[index[a]] = row[index[a]] - mean[index[a]]
    if _few_missing(count, size):
        for a in range(size - count):
            total = 0.0
            for i in range(size):
                total -= matrix[index[count + a], i] * away[i]
            values[a] = total
        _forward(root, values, size - count)
        _backward(root, values, size - count)
        for a in range(size - count):
            away[index[count + a]] = values[a]
        return
    for a in range(count):
        values[a] = away[index[a]]
    _forward(root, values, count)
    _backward(root, values, count)
    for a in range(count, size):
        total = 0.0
        for b in range(count):
            total += matrix[index[a], index[b]] * values[b]
        away[index[a]] = total


@inner(REORDERED)
def _distance(root: Float64, away: Float64, white: Float64) -> float:
    """Return |U' away|^2, U the upper triangular root of the precision."""
    white[:] = 0.0
    for i in range(len(away)):
        for j in range(i, len(away)):
            white[j] += away[i] * root[i, j]
    square = 0.0
    for j in range(len(white)):
        square += white[j] * white[j]
    return square


@compiled(f"void(f8[:, ::1], {ORDERED}, f8[::1], {GAUSSIANS}, f8[:, ::1])", REORDERED)
def log_joint(
    x: Float64, order: Integers, fresh: Flags, log_weights: Float64, gaussians: Gaussians, out: Float64
) -> None:
    """Write log(weight x density of the observed entries) of each row under each component to out (n, k)."""
    means, roots, precisions, _ = gaussians
    n_components, size = means.shape
    index, count, inside = np.empty(size, np.int64), 0, 0.0
    root, work = np.empty((size, size)), np.empty((3, size))
    for c in range(len(roots)):
        first, last = (c, c + 1) if len(roots) == n_components else (0, n_components)
        whole = 0.0  # log determinant of the covariance
        for i in range(size):
            whole -= 2.0 * math.log(roots[c, i, i])
        for place in range(len(order)):
            row = x[order[place]]
            if fresh[place]:
                count = _split(row, index)
                inside = _choose(c, gaussians, index, count, root) + count * LOG_TWO_PI
                if _few_missing(count, size):
                    inside += whole
            for k in range(first, last):
                if _few_missing(count, size):
                    _complete(row, means[k], precisions[c], index, count, root, work)
                    distance = _distance(roots[c], work[0], work[2])
                else:
                    for a in range(count):
                        work[1, a] = row[index[a]] - means[k, index[a]]
                    distance = _forward(root, work[1], count)
                # rows so far away that numbers overflow have no density
                out[order[place], k] = log_weights[k] - 0.5 * (distance + inside) if distance < INF else -INF


@inner(REORDERED)
def _invert(root: Float64, size: int) -> None:
    """Turn R (diagonal inverted) into its inverse, in place."""
    for a in range(size - 1, -1, -1):
        for b in range(size - 1, a, -1):
            total = 0.0
            for c in range(a + 1, b + 1):
                total -= root[a, c] * root[c, b]
            root[a, b] = total * root[a, a]


@inner(REORDERED)
def _add_covariance(
    weight: float, matrix: Float64, index: Integers, count: int, root: Float64, tall: Float64, second: Float64
) -> None:
    """Add weight times the covariance of the missing entries to the upper triangle of second; spoils the root."""
    size = len(index)
    missing = index[count:]
    if _few_missing(count, size):
        _invert(root, size - count)
        for a in range(size - count):
            for b in range(a, size - count):
                total = 0.0
                for c in range(b, size - count):
                    total += root[a, c] * root[b, c]
                second[missing[a], missing[b]] += weight * total
        return
    for a in range(count):
        for i in range(size - count):
            tall[a, i] = matrix[index[a], missing[i]]
        for b in range(a):
            share = root[b, a]
            for i in range(size - count):
                tall[a, i] -= share * tall[b, i]
        for i in range(size - count):
            tall[a, i] *= root[a, a]
    for i in range(size - count):
        for j in range(i, size - count):
            total = matrix[missing[i], missing[j]]
            for a in range(count):
                total -= tall[a, i] * tall[a, j]
            second[missing[i], missing[j]] += weight * total


@compiled(f"Tuple((f8[:, ::1], f8[:, :, ::1]))(f8[:, ::1], {ORDERED}, f8[:, ::1], f8[::1], {GAUSSIANS})", REORDERED)
def statistics(
    x: Float64, order: Integers, fresh: Flags, posterior: Float64, least: Float64, gaussians: Gaussians
) -> Sums:
    """Return the expected first and second order sums about the means; shares of row r not above least[r] are left out.

    The second are (k, d, d), or (1, d, d) for one covariance; their upper triangle is filled.
    """
    means, roots, precisions, covariances = gaussians
    n_components, size = means.shape
    first, second = np.zeros((n_components, size)), np.zeros(roots.shape)
    index, count = np.empty(size, np.int64), 0
    root, tall, work = np.empty((size, size)), np.empty((size, size)), np.empty((2, size))
    for c in range(len(roots)):
        start, stop = (c, c + 1) if len(roots) == n_components else (0, n_components)
        total = 0.0  # of the shares in the run of rows of one pattern; 0: nothing is factored yet
        for place in range(len(order)):
            row = x[order[place]]
            if fresh[place]:
                if total > 0.0:
                    _add_covariance(total, covariances[c], index, count, root, tall, second[c])
                count, total = _split(row, index), 0.0
            matrix = precisions[c] if _few_missing(count, size) else covariances[c]
            for k in range(start, stop):
                share = posterior[order[place], k]
                if not share > least[order[place]]:
                    continue
                if total == 0.0:
                    _choose(c, gaussians, index, count, root)
                total += share
                _complete(row, means[k], matrix, index, count, root, work)
                for i in range(size):
                    part = share * work[0, i]
                    first[k, i] += part
                    for j in range(i, size):
                        second[c, i, j] += part * work[0, j]
        if total > 0.0:
            _add_covariance(total, covariances[c], index, count, root, tall, second[c])
    return first, second


@compiled(f"void(f8[:, ::1], {ORDERED}, f8[:, ::1], f8[::1], {GAUSSIANS}, f8[:, ::1])", REORDERED)
def expected(
    x: Float64,
    order: Integers,
    fresh: Flags,
    posterior: Float64,
    least: Float64,
    gaussians: Gaussians,
    out: Float64,
) -> None:
    """Add share times conditional mean to out (n, d) where entries are missing, over the shares above least[r]."""
    means, roots, precisions, covariances = gaussians
    n_components, size = means.shape
    index, count, ready = np.empty(size, np.int64), 0, False
    root, work = np.empty((size, size)), np.empty((2, size))
    for c in range(len(roots)):
        start, stop = (c, c + 1) if len(roots) == n_components else (0, n_components)
        for place in range(len(order)):
            row = x[order[place]]
            if fresh[place]:
                count, ready = _split(row, index), False
            matrix = precisions[c] if _few_missing(count, size) else covariances[c]
            for k in range(start, stop):
                share = posterior[order[place], k]
                if count == size or not share > least[order[place]]:
                    continue
                if not ready:
                    _choose(c, gaussians, index, count, root)
                    ready = True
                _complete(row, means[k], matrix, index, count, root, work)
                for i in index[count:]:
                    out[order[place], i] += share * (means[k, i] + work[0, i])
