"""Vector instructions for compiled code, where a plain loop would not be compiled to them.

They are written in LLVM's language: it has vectors of any length and sets of bits, and finds the
instructions that the processor has for them (AVX2, AVX-512, NEON, ...). Nothing checks bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def _instruction(function: Callable[..., Any]) -> Callable[..., Any]:
    """Numba's `intrinsic`, which hides from type checkers how compiled code calls the result."""
    return cast("Callable[..., Any]", intrinsic(function))


def _lanes_of(context: Any, builder: Any, array_type: Any, array: Any, start: Any, n: int) -> Any:
    """Pointer to `n` lanes of a contiguous array."""
    data = context.make_array(array_type)(context, builder, array).data
    element = context.get_data_type(array_type.dtype)
    lanes = ir.VectorType(element, n).as_pointer()
    return builder.bitcast(builder.gep(data, [start]), lanes)


def _repeated(builder: Any, value: Any, n: int) -> Any:
    """Vector of `n` lanes that all hold `value`."""
    undefined = ir.Constant(ir.VectorType(value.type, n), ir.Undefined)
    first = ir.Constant(ir.IntType(32), 0)
    single = builder.insert_element(undefined, value, first)
    order = ir.Constant(ir.VectorType(ir.IntType(32), n), [0] * n)
    return builder.shuffle_vector(single, undefined, order)


@_instruction
def greater(typing_context: Any, tile: Any, start: Any, threshold: Any) -> Any:
    """Which of 64 lanes of a float32 array are greater than a threshold (nan is not)."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _lanes_of(context, builder, signature.args[0], args[0], args[1], 64)
        values = builder.load(pointer, align=4)
        greater = builder.fcmp_ordered(">", values, _repeated(builder, args[2], 64))
        return builder.bitcast(greater, ir.IntType(64))

    return types.uint64(tile, types.intp, types.float32), generate


@_instruction
def add_votes(typing_context: Any, votes: Any, start: Any, pixels: Any) -> Any:
    """Add 1 to those of 64 lanes of a uint8 array whose bits are set."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _lanes_of(context, builder, signature.args[0], args[0], args[1], 64)
        values = builder.load(pointer, align=1)
        chosen = builder.bitcast(args[2], ir.VectorType(ir.IntType(1), 64))
        # A set bit, extended with its sign, is -1.
        builder.store(builder.sub(values, builder.sext(chosen, values.type)), pointer, align=1)
        return context.get_dummy_value()

    return types.void(votes, types.intp, types.uint64), generate


@_instruction
def add_value(typing_context: Any, sums: Any, start: Any, pixels: Any, value: Any) -> Any:
    """Add a value to those of 64 lanes of an int32 array whose bits are set."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        # Eight lanes at a time: LLVM makes better AVX2 code of that than of 64.
        value = _repeated(builder, args[3], 8)
        for lane in range(0, 64, 8):
            start = builder.add(args[1], ir.Constant(args[1].type, lane))
            pointer = _lanes_of(context, builder, signature.args[0], args[0], start, 8)
            values = builder.load(pointer, align=4)
            bits = builder.lshr(args[2], ir.Constant(args[2].type, lane))
            bits = builder.trunc(bits, ir.IntType(8))
            chosen = builder.sext(
                builder.bitcast(bits, ir.VectorType(ir.IntType(1), 8)), value.type
            )
            builder.store(builder.add(values, builder.and_(chosen, value)), pointer, align=4)
        return context.get_dummy_value()

    return types.void(sums, types.intp, types.uint64, types.int32), generate


@_instruction
def copy_eight(typing_context: Any, planes: Any, offset: Any, tile: Any, start: Any) -> Any:
    """Copy 8 contiguous float32, `offset` bytes into an array; return which of them are nan."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        place = builder.gep(builder.bitcast(data, ir.IntType(8).as_pointer()), [args[1]])
        eight = ir.VectorType(ir.FloatType(), 8).as_pointer()
        values = builder.load(builder.bitcast(place, eight), align=1)
        target = _lanes_of(context, builder, signature.args[2], args[2], args[3], 8)
        builder.store(values, target, align=4)
        return builder.bitcast(builder.fcmp_unordered("uno", values, values), ir.IntType(8))

    return types.uint8(planes, types.intp, tile, types.intp), generate


@_instruction
def float_of_bits(typing_context: Any, bits: Any) -> Any:
    """The float32 whose bits an int32 holds."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), generate


@_instruction
def bits_of_float(typing_context: Any, value: Any) -> Any:
    """The bits of a float32 as an int32."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), generate
