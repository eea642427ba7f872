"""One step of an online mixture for each pixel of a picture: compiled, in single precision.

Import this module inside functions only: importing it imports numba, and the first call compiles it (or loads it from
numba's cache).

The equations are those of

- [Z04] Z. Zivkovic. Improved adaptive Gaussian mixture model for background subtraction. ICPR 2004.
  doi:10.1109/ICPR.2004.1333992
- [Z06] Z. Zivkovic, F. van der Heijden. Efficient adaptive density estimation per image pixel for the task of
  background subtraction. Pattern Recognition Letters 27, 2006. doi:10.1016/j.patrec.2005.11.005
- [P03] A. Prati, I. Mikic, M. M. Trivedi, R. Cucchiara. Detecting moving shadows: algorithms and evaluation. IEEE
  Transactions on Pattern Analysis and Machine Intelligence 25, 2003. doi:10.1109/TPAMI.2003.1206520

Most pixels show what their first, heaviest component expects. So the first component of a block of pixels is done at
once, in loops over pixels that the compiler turns into vector instructions; only pixels that need more are then gone
through one by one. A block holds, for each component, one row of all its weights, one of variances and one of means in
each channel: loops run along rows, a block stays in the cache, and components that no pixel has cost nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from diarize.gmm.engine.compilation import compiled, inner

Float32: TypeAlias = npt.NDArray[np.float32]
Bytes: TypeAlias = npt.NDArray[np.uint8]

BLOCK = 512  # pixels
FOREGROUND = 255
WEIGHT, VARIANCE, MEAN = 0, 1, 2
"""Rows of a component: its weights, its variances (the same in all channels), and its means from here on."""

_ZERO: Any = np.float32(0.0)
_ONE: Any = np.float32(1.0)
_LEAST_TOTAL: Any = np.finfo(np.float32).eps
_BACKGROUND, _EXPLAINED, _DONE = 1, 2, 4


class Rates(NamedTuple):
    """How mixtures follow and are read; float32, whole numbers aside."""

    rate: Any
    loss: Any  # of weight in each step: rate times the complexity reduction
    ratio: Any
    near_background: Any
    near_component: Any
    first_variance: Any
    least_variance: Any
    most_variance: Any
    darkest: Any
    shadow: int  # value in the mask; that of the foreground where shadows are not wanted
    channels: tuple[int, ...]  # 0, 1, ...: the length of a tuple is known to the compiler


class _Scratch(NamedTuple):
    away: Float32  # (n_channels, BLOCK) mean of the first component minus pixel
    distance: Float32  # (BLOCK,) its square, summed
    gain: Float32  # (BLOCK,) how far the first component moves
    state: Bytes  # (BLOCK,)


@compiled()
def step(frame: Any, blocks: Float32, counts: Bytes, rates: Rates, mask: Bytes) -> None:
    """Classify pixels, and learn from them.

    Parameters
    ----------
    frame : array (n_pixels * n_channels,)
        Their values, uint8 or float32.
    blocks : array (n_blocks, n_mixtures, 2 + n_channels, BLOCK)
        Their mixtures, changed in place; components are sorted by weight, those from `counts` on mean nothing.
    counts : array (n_pixels,)
        How many components each has, changed in place.
    rates : Rates
        What to do.
    mask : array (n_pixels,)
        0, the shadow's value or 255 is written here.
    """
    channels = len(rates.channels)
    scratch = _Scratch(
        np.empty((channels, BLOCK), np.float32),
        np.empty(BLOCK, np.float32),
        np.empty(BLOCK, np.float32),
        np.empty(BLOCK, np.uint8),
    )
    for number in range(len(blocks)):
        start, stop = number * BLOCK, min((number + 1) * BLOCK, len(mask))
        values, block, count = frame[start * channels : stop * channels], blocks[number], counts[start:stop]
        _first_component(values, block[0], count, rates, scratch)
        _rest(values, block, count, rates, scratch.state, mask[start:stop])


@inner()
def _rest(values: Any, block: Float32, counts: Bytes, rates: Rates, states: Bytes, mask: Bytes) -> None:
    """Finish the pixels of a block one by one."""
    for place in range(len(mask)):
        state = states[place]
        background = state & _BACKGROUND != 0
        if state & _EXPLAINED and not state & _DONE:
            _fade(block, counts, rates, place)
        elif not state & _DONE:
            background = _others(values, block, counts, rates, place, background)
        mask[place] = 0 if background else _judge(values, block, counts, rates, place)


@inner()
def _first_component(values: Any, first: Float32, counts: Bytes, rates: Rates, scratch: _Scratch) -> None:
    """Update the first component of all pixels of a block, and say of each what is known then."""
    size, channels = len(counts), len(rates.channels)
    weights, variances = first[WEIGHT, :size], first[VARIANCE, :size]
    distance, gain, state = scratch.distance[:size], scratch.gain[:size], scratch.state[:size]
    distance[:] = _ZERO
    for channel in range(channels):
        means, away = first[MEAN + channel, :size], scratch.away[channel, :size]
        for place in range(size):
            difference = means[place] - np.float32(values[place * channels + channel])
            away[place] = difference
            distance[place] += difference * difference
    # a loop over few arrays is turned into vector instructions; one over many is not
    for place in range(size):
        near = distance[place] < rates.near_component * variances[place]
        weight = (_ONE - rates.rate) * weights[place] - rates.loss
        more = weight + rates.rate
        gain[place] = rates.rate / more if near else _ZERO
        weights[place] = more if near else weight
    for place in range(size):
        weight, square, variance = weights[place], distance[place], variances[place]
        near, behind = square < rates.near_component * variance, square < rates.near_background * variance
        alone = near & (counts[place] == 1) & (weight > _LEAST_TOTAL) & (weight >= rates.loss)
        weights[place] = weight * (_ONE / weight) if alone else weight
        state[place] = (_BACKGROUND if behind else 0) | (_EXPLAINED if near else 0) | (_DONE if alone else 0)
    for place in range(size):
        square, variance = distance[place], variances[place]
        moved = variance + gain[place] * (square - variance)
        moved = min(max(moved, rates.least_variance), rates.most_variance)
        variances[place] = moved if square < rates.near_component * variance else variance
    for channel in range(channels):
        means, away = first[MEAN + channel, :size], scratch.away[channel, :size]
        for place in range(size):
            means[place] -= gain[place] * away[place]


@inner()
def _fade(block: Float32, counts: Bytes, rates: Rates, place: int) -> None:
    """Let the other components of a pixel lose weight that its first one explains."""
    count, kept, loss = int(counts[place]), _ONE - rates.rate, rates.loss
    total = block[0, WEIGHT, place]
    if total < loss:
        block[0, WEIGHT, place] = total = _ZERO
        count -= 1
    number = 1
    while number < count:
        weight = kept * block[number, WEIGHT, place] - loss
        if weight < loss:  # [Z04] eq. 14: it would fall below zero, and the component is dropped
            weight = _ZERO
            count -= 1
        block[number, WEIGHT, place] = weight
        total += weight
        number += 1
    _normalise(block, place, count, total)
    counts[place] = count


@inner()
def _others(values: Any, block: Float32, counts: Bytes, rates: Rates, place: int, background: bool) -> bool:
    """Update a pixel that its first component does not explain, and tell whether it is background.

    If no other component explains it either, one is added.
    """
    count, kept, loss = int(counts[place]), _ONE - rates.rate, rates.loss
    explained, total = False, _ZERO
    number = 0
    while number < count:
        weight, end = block[number, WEIGHT, place], number
        if number > 0:
            weight = kept * weight - loss
            if not explained:
                square, variance = _distance(values, block, rates, place, number), block[number, VARIANCE, place]
                background |= total < rates.ratio and square < rates.near_background * variance
                if square < rates.near_component * variance:
                    explained = True
                    weight += rates.rate
                    _follow(values, block, rates, place, number, rates.rate / weight, square)
                    end = _risen(block, place, number, weight)
        if weight < loss:
            weight = _ZERO
            count -= 1
        block[end, WEIGHT, place] = weight
        total += weight
        number += 1
    _normalise(block, place, count, total)
    if not explained and rates.rate > _ZERO:
        count = _add(values, block, rates, place, count)
    counts[place] = count
    return background


@inner()
def _normalise(block: Float32, place: int, count: int, total: Any) -> None:
    scale = _ONE / total if abs(total) > _LEAST_TOTAL else _ZERO
    for number in range(count):
        block[number, WEIGHT, place] *= scale


@inner()
def _distance(values: Any, block: Float32, rates: Rates, place: int, number: int) -> Any:
    square = _ZERO
    for channel in range(len(rates.channels)):
        away = block[number, MEAN + channel, place] - np.float32(values[place * len(rates.channels) + channel])
        square += away * away
    return square


@inner()
def _follow(values: Any, block: Float32, rates: Rates, place: int, number: int, pull: Any, square: Any) -> None:
    """Move a component towards a value at this squared distance [Z04, eqs. 5 and 6]."""
    for channel in range(len(rates.channels)):
        mean = block[number, MEAN + channel, place]
        value = np.float32(values[place * len(rates.channels) + channel])
        block[number, MEAN + channel, place] = mean - pull * (mean - value)
    variance = block[number, VARIANCE, place]
    moved = variance + pull * (square - variance)
    block[number, VARIANCE, place] = min(max(moved, rates.least_variance), rates.most_variance)


@inner()
def _risen(block: Float32, place: int, number: int, weight: Any) -> int:
    """Exchange a component with those before it that weigh no more; return where it ends."""
    while number > 0 and weight >= block[number - 1, WEIGHT, place]:
        for row in range(block.shape[1]):
            lower, upper = block[number, row, place], block[number - 1, row, place]
            block[number, row, place], block[number - 1, row, place] = upper, lower
        number -= 1
    return number


@inner()
def _add(values: Any, block: Float32, rates: Rates, place: int, count: int) -> int:
    """Start a component at a value, in place of the lightest if there is no room; return how many there are."""
    number = min(count, len(block) - 1)
    for other in range(number):
        block[other, WEIGHT, place] *= _ONE - rates.rate
    block[number, WEIGHT, place] = rates.rate if number else _ONE
    block[number, VARIANCE, place] = rates.first_variance
    for channel in range(len(rates.channels)):
        block[number, MEAN + channel, place] = np.float32(values[place * len(rates.channels) + channel])
    _risen(block, place, number, rates.rate)
    return number + 1


@inner()
def _judge(values: Any, block: Float32, counts: Bytes, rates: Rates, place: int) -> int:
    """Tell shadow from foreground: a shadow has the colour of a background component and is darker [P03]."""
    if rates.shadow == FOREGROUND:
        return FOREGROUND
    channels, total = len(rates.channels), _ZERO
    for number in range(counts[place]):
        product, power = _ZERO, _ZERO
        for channel in range(channels):
            mean = block[number, MEAN + channel, place]
            product += np.float32(values[place * channels + channel]) * mean
            power += mean * mean
        if power == _ZERO:
            return FOREGROUND
        if product <= power and product >= rates.darkest * power:
            dark, square = product / power, _ZERO
            for channel in range(channels):
                value = np.float32(values[place * channels + channel])
                away = dark * block[number, MEAN + channel, place] - value
                square += away * away
            if square < rates.near_background * block[number, VARIANCE, place] * dark * dark:
                return rates.shadow
        total += block[number, WEIGHT, place]
        if total > rates.ratio:
            return FOREGROUND
    return FOREGROUND
