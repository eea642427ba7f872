"""Tiles of the two matrix products of EM, which stay in the registers of an AVX-512 processor.

The arrays are small and of awkward shapes (dozens of components and moments, some hundred rows), which is where general
libraries lose a factor of up to two. No compiler makes these loops from plain ones, so they are written in LLVM's own
language. Arrays are padded to whole tiles, which spares all special cases.

Import this module inside functions only: importing it imports numba, and the first call compiles.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core.cgutils import create_struct_proxy

from diarize.gmm.engine.compilation import inline

_FUSED = ("contract",)
_I64 = ir.IntType(64)


HIGH, WIDE = 8, 3  # the E step's tile: components, and registers of rows
COMPONENTS, MOMENTS = 4, 6  # the M step's tile; each has 24 sums in the 32 registers


def lanes(dtype: npt.DTypeLike) -> int:
    """Return how many numbers are in a register."""
    return 64 // np.dtype(dtype).itemsize


@inline
def pointer(typingctx: Any, array: Any, offset: Any) -> Any:
    """Return the address of an element of a contiguous array."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = create_struct_proxy(signature.args[0])(context, builder, args[0]).data  # type: ignore[no-untyped-call]
        return builder.gep(data, [args[1]])

    return types.CPointer(array.dtype)(array, offset), generate  # type: ignore[no-untyped-call]


class _Loop:
    """A loop that adds products to accumulators in registers, under construction."""

    def __init__(self, builder: Any, kind: Any, n_accumulators: int) -> None:
        self.builder = builder
        self.element = ir.FloatType() if kind == types.float32 else ir.DoubleType()
        self.size = 4 if kind == types.float32 else 8
        self.lanes = lanes(kind.name)
        self.vector = ir.VectorType(self.element, self.lanes)
        before = builder.block
        self.block, self.after = builder.append_basic_block("loop"), builder.append_basic_block("after")
        builder.branch(self.block)
        builder.position_at_end(self.block)
        self.index = builder.phi(_I64)
        self.index.add_incoming(_I64(0), before)
        self.sums = [builder.phi(self.vector) for _ in range(n_accumulators)]
        for one in self.sums:
            one.add_incoming(ir.Constant(self.vector, [0.0] * self.lanes), before)

    def load(self, pointer: Any, index: Any) -> Any:
        """Load a register from pointer[index] on."""
        return self.builder.load(self._place(pointer, index), align=self.size)

    def store(self, value: Any, pointer: Any, index: Any) -> None:
        """Store a register at pointer[index]."""
        self.builder.store(value, self._place(pointer, index), align=self.size)

    def _place(self, pointer: Any, index: Any) -> Any:
        return self.builder.bitcast(self.builder.gep(pointer, [index]), self.vector.as_pointer())

    def repeat(self, pointer: Any, index: Any) -> Any:
        """Load pointer[index] into every lane of a register."""
        number = self.builder.load(self.builder.gep(pointer, [index]))
        empty = ir.Constant(self.vector, ir.Undefined)
        one = self.builder.insert_element(empty, number, ir.IntType(32)(0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(one, empty, everywhere)

    def close(self, left: list[Any], right: list[Any], step: int, stop: Any) -> list[Any]:
        """Add left[a] * right[b] to accumulator (a, b), go on to index + step; return the final sums."""
        builder = self.builder
        pairs = [(a, b) for a in left for b in right]
        final = [
            builder.fadd(builder.fmul(a, b, flags=_FUSED), total, flags=_FUSED)
            for (a, b), total in zip(pairs, self.sums, strict=True)
        ]
        following = builder.add(self.index, _I64(step))
        for phi, value in zip([self.index, *self.sums], [following, *final], strict=True):
            phi.add_incoming(value, self.block)
        builder.cbranch(builder.icmp_signed("<", following, stop), self.block, self.after)
        builder.position_at_end(self.after)
        return final


@inline
def densities_tile(typingctx: Any, weights: Any, rows: Any, count: Any, out: Any, stride: Any) -> Any:
    """Write sum over i < count of weights[i, a] rows[i * stride + b] to out[a * stride + b], for a tile."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        left, right, stop, target, ahead = args
        kind = signature.args[0].dtype
        loop = _Loop(builder, kind, HIGH * WIDE)
        at, first = builder.mul(loop.index, ahead), builder.mul(loop.index, _I64(HIGH))
        registers = [loop.load(right, builder.add(at, _I64(b * loop.lanes))) for b in range(WIDE)]
        numbers = [loop.repeat(left, builder.add(first, _I64(a))) for a in range(HIGH)]
        for place, value in enumerate(loop.close(numbers, registers, 1, stop)):
            a, b = divmod(place, WIDE)
            loop.store(value, target, builder.add(builder.mul(ahead, _I64(a)), _I64(b * loop.lanes)))
        return context.get_dummy_value()

    return types.void(weights, rows, count, out, stride), generate


@inline
def sums_tile(typingctx: Any, shares: Any, moments: Any, count: Any, stride: Any, out: Any) -> Any:
    """Add shares[a * stride + j] moments[b * stride + j], j < count, to the registers out[a, b], lane by lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        left, right, stop, ahead, target = args
        kind = signature.args[0].dtype
        loop = _Loop(builder, kind, COMPONENTS * MOMENTS)
        upper, lower = (
            [loop.load(side, builder.add(builder.mul(ahead, _I64(i)), loop.index)) for i in range(height)]
            for side, height in ((left, COMPONENTS), (right, MOMENTS))
        )
        for place, value in enumerate(loop.close(upper, lower, loop.lanes, stop)):
            index = _I64(place * loop.lanes)
            loop.store(builder.fadd(loop.load(target, index), value), target, index)
        return context.get_dummy_value()

    return types.void(shares, moments, count, stride, out), generate
