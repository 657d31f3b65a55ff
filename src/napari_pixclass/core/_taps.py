"""One-dimensional correlation of a few pixels side by side: the innermost loop of every filter.

Written in LLVM's language, because a plain loop is not compiled to vectors here: `LANES` sums stay in registers while
all taps are added, and taps that mirror each other share one multiplication. Each pixel's sum is made of the same
operations in the same order wherever it lies, fused multiply-adds included: results are equal bit for bit, whatever
the block, the lane or the machine. Nothing checks bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 64
"""Pixels that are computed side by side; rows are at least this wide."""

_FLOAT = ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)
_INDEX = ir.IntType(64)


def _instruction(function: Callable[..., Any]) -> Callable[..., Any]:
    """Numba's `intrinsic`, which hides from type checkers how compiled code calls the result."""
    return cast("Callable[..., Any]", intrinsic(function))


def _repeated(builder: Any, value: Any) -> Any:
    """Vector whose lanes all hold `value`."""
    undefined = ir.Constant(_VECTOR, ir.Undefined)
    single = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    order = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(single, undefined, order)


def _lanes(builder: Any, data: Any, index: Any) -> Any:
    """Pointer to the lanes that begin at an element."""
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


def _multiply_add(builder: Any, weight: Any, values: Any, total: Any) -> Any:
    """``weight * values + total``, rounded once."""
    function_type = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    fma = cgutils.get_or_insert_function(builder.module, function_type, f"llvm.fma.v{LANES}f32")
    return builder.call(fma, [weight, values, total])


def _correlation(is_odd: bool) -> Callable[..., Any]:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def data(position: int) -> Any:
            array_type = signature.args[position]
            return context.make_array(array_type)(context, builder, args[position]).data

        def load(index: Any) -> Any:
            return builder.load(_lanes(builder, pixels, index), align=4)

        pixels = builder.gep(data(0), [args[1]])
        weights = builder.gep(data(5), [args[6]])
        radius = args[4]
        centre = builder.gep(data(2), [builder.add(args[3], radius)])
        total = cgutils.alloca_once(builder, _VECTOR)
        if is_odd:
            builder.store(ir.Constant(_VECTOR, [0.0] * LANES), total)
        else:
            weight = _repeated(builder, builder.load(weights))
            builder.store(builder.fmul(weight, load(builder.load(centre))), total)
        one = ir.Constant(_INDEX, 1)
        stop = builder.add(radius, one)
        with cgutils.for_range(builder, stop, start=one, intp=_INDEX) as loop:
            distance = loop.index
            weight = _repeated(builder, builder.load(builder.gep(weights, [distance])))
            after = load(builder.load(builder.gep(centre, [distance])))
            before = load(builder.load(builder.gep(centre, [builder.neg(distance)])))
            pair = builder.fsub(after, before) if is_odd else builder.fadd(after, before)
            builder.store(_multiply_add(builder, weight, pair, builder.load(total)), total)
        builder.store(builder.load(total), _lanes(builder, data(7), args[8]), align=4)
        return context.get_dummy_value()

    return generate


def _signature(
    source: Any, at: Any, offsets: Any, first: Any, radius: Any, weights: Any, order: Any, out: Any
) -> Any:
    index = types.intp
    return types.void(source, index, offsets, index, index, weights, index, out, index)


@_instruction
def correlate_even(
    typing_context: Any,
    source: Any,
    at: Any,
    offsets: Any,
    first: Any,
    radius: Any,
    weights: Any,
    weights_at: Any,
    out: Any,
    out_at: Any,
) -> Any:
    """Correlate `LANES` pixels with a kernel that is its own mirror image.

    All arrays are flat. Lane l of ``out[out_at + l]`` becomes the sum over t from -radius to radius of
    ``weights[weights_at + abs(t)] * source[at + offsets[first + radius + t] + l]``.
    """
    signature = _signature(source, at, offsets, first, radius, weights, weights_at, out)
    return signature, _correlation(is_odd=False)


@_instruction
def correlate_odd(
    typing_context: Any,
    source: Any,
    at: Any,
    offsets: Any,
    first: Any,
    radius: Any,
    weights: Any,
    weights_at: Any,
    out: Any,
    out_at: Any,
) -> Any:
    """As `correlate_even`, with a kernel that is minus its mirror image: weights left of the centre change sign."""
    signature = _signature(source, at, offsets, first, radius, weights, weights_at, out)
    return signature, _correlation(is_odd=True)
