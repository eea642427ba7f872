"""Exponential and logarithm that loops can be made vectors of: without branches and calls.

exp(v) = 2^n exp(r) with |r| <= log(2) / 2, exp(r) by Taylor's series; log(2^n m) = n log(2) + 2 artanh(s) with
s = (m - 1) / (m + 1), by its series.

Import this module inside functions only: importing it imports numba.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from diarize.gmm.engine.compilation import FUSED, inline, inner


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


def exp(value: float) -> float:
    """Return exp(value) for -700 < value <= 0 (-80 in float32)."""
    return math.exp(value)


@overload(exp, inline="always")
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


@inner(FUSED)
def log(value: float) -> float:
    """Return log(value) for a normal number, in float64."""
    whole = _bits(value)
    power = (whole - np.int64(0x3FE6A09E667F3BCD)) >> np.int64(52)  # of two; leaves sqrt(1/2) to sqrt(2)
    rest = _from_bits(whole - (power << np.int64(52)))
    s = (rest - 1.0) / (rest + 1.0)
    q = s * s
    p = 2 / 21 + q * (2 / 23)
    p = 2 / 17 + q * (2 / 19 + q * p)
    p = 2 / 13 + q * (2 / 15 + q * p)
    p = 2 / 9 + q * (2 / 11 + q * p)
    p = 2 / 5 + q * (2 / 7 + q * p)
    logarithm: float = power * 0.6931471805599453 + s * (2.0 + q * (2 / 3 + q * p))
    return logarithm
