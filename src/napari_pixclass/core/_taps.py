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
from numba.core import cgutils as untyped_cgutils
from numba.extending import intrinsic

cgutils: Any = untyped_cgutils

LANES = 64
"""Pixels that are computed side by side where a row is long enough."""

FEW = 16
"""Pixels that are computed side by side at the end of a row; no row is shorter."""

_INDEX = ir.IntType(64)


def _instruction(function: Callable[..., Any]) -> Callable[..., Any]:
    """Numba's `intrinsic`, which hides from type checkers how compiled code calls the result."""
    return cast("Callable[..., Any]", intrinsic(function))


def _repeated(builder: Any, value: Any, vector: Any) -> Any:
    """Vector whose lanes all hold `value`."""
    undefined = ir.Constant(vector, ir.Undefined)
    single = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    order = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(single, undefined, order)


def _multiply_add(builder: Any, weight: Any, values: Any, total: Any) -> Any:
    """``weight * values + total``, rounded once."""
    vector = values.type
    function_type = ir.FunctionType(vector, [vector] * 3)
    name = f"llvm.fma.v{vector.count}f32"
    fma = cgutils.get_or_insert_function(builder.module, function_type, name)
    return builder.call(fma, [weight, values, total])


def _correlation(lanes: int, is_odd: bool) -> Callable[..., Any]:
    """Instruction of numba's that correlates `lanes` pixels with an even or an odd kernel."""
    vector = ir.VectorType(ir.FloatType(), lanes)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def data(position: int) -> Any:
            array_type = signature.args[position]
            return context.make_array(array_type)(context, builder, args[position]).data

        def place(data: Any, index: Any) -> Any:
            return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())

        def load(index: Any) -> Any:
            return builder.load(place(pixels, index), align=4)

        pixels = builder.gep(data(0), [args[1]])
        weights = builder.gep(data(5), [args[6]])
        radius = args[4]
        centre = builder.gep(data(2), [builder.add(args[3], radius)])
        total = cgutils.alloca_once(builder, vector)
        if is_odd:
            builder.store(ir.Constant(vector, [0.0] * lanes), total)
        else:
            weight = _repeated(builder, builder.load(weights), vector)
            builder.store(builder.fmul(weight, load(builder.load(centre))), total)
        one = ir.Constant(_INDEX, 1)
        stop = builder.add(radius, one)
        with cgutils.for_range(builder, stop, start=one, intp=_INDEX) as loop:
            distance = loop.index
            weight = builder.load(builder.gep(weights, [distance]))
            after = load(builder.load(builder.gep(centre, [distance])))
            before = load(builder.load(builder.gep(centre, [builder.neg(distance)])))
            pair = builder.fsub(after, before) if is_odd else builder.fadd(after, before)
            weight = _repeated(builder, weight, vector)
            builder.store(_multiply_add(builder, weight, pair, builder.load(total)), total)
        builder.store(builder.load(total), place(data(7), args[8]), align=4)
        return context.get_dummy_value()

    def instruction(
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
        index = types.intp
        signature = types.void(source, index, offsets, index, index, weights, index, out, index)
        return signature, generate

    return _instruction(instruction)


correlate_even = _correlation(LANES, is_odd=False)
"""Correlate `LANES` pixels with a kernel that is its own mirror image.

Arguments: source, at, offsets, first, radius, weights, weights_at, out, out_at. All arrays are flat. Lane l of
``out[out_at + l]`` becomes the sum over t from -radius to radius of
``weights[weights_at + abs(t)] * source[at + offsets[first + radius + t] + l]``.
"""

correlate_odd = _correlation(LANES, is_odd=True)
"""As `correlate_even`, with a kernel that is minus its mirror image: weights left of the centre change sign."""

correlate_few_even = _correlation(FEW, is_odd=False)
"""As `correlate_even`, for `FEW` pixels."""

correlate_few_odd = _correlation(FEW, is_odd=True)
"""As `correlate_odd`, for `FEW` pixels."""
