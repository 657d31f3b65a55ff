"""Separable filters of blocks, on OpenCV.

Blocks are C-contiguous float32 arrays (Z, Y, X); a plane is a block with one z. OpenCV's vector code gives the same
bits wherever in an array a pixel lies, but its code for the last few columns does not: so every block is made
`LANES`-aligned in width, and features do not depend on how an image is cut into blocks, not even in the last bit.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import numpy.typing as npt

from ._kernels import IDENTITY, Kernel, gaussian_kernel

Block = npt.NDArray[np.float32]
Order = tuple[int, int, int]

LANES = 32
"""Widths of blocks are multiples of this (four AVX registers of float32)."""

# What filters do at the border of a block never reaches its core: the halo is there for that.
_BORDER = cv2.BORDER_REPLICATE

_opencv_lock = threading.Lock()
_opencv_users = 0
_opencv_threads = 0


@contextmanager
def single_threaded_opencv() -> Iterator[None]:
    """Keep OpenCV from starting threads of its own: ours already use every core. Counted, so that uses may overlap."""
    global _opencv_users, _opencv_threads
    with _opencv_lock:
        if _opencv_users == 0:
            _opencv_threads = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _opencv_users += 1
    try:
        yield
    finally:
        with _opencv_lock:
            _opencv_users -= 1
            if _opencv_users == 0:
                cv2.setNumThreads(_opencv_threads)


def aligned(width: int) -> int:
    """The next multiple of `LANES`."""
    return -(-width // LANES) * LANES


def correlate(block: Block, kernels: tuple[Kernel, Kernel, Kernel]) -> Block:
    """Correlate each axis (z, y, x) with its kernel; output has the shape of `block`."""
    return _in_plane(_along_z(block, kernels[0]), kernels[1], kernels[2])


def smooth(block: Block, sigmas: tuple[float, ...]) -> Block:
    """Gaussian smoothing with one width per axis in pixels; 0 leaves an axis alone."""
    if not any(sigmas):
        return block
    z, y, x = (gaussian_kernel(sigma) for sigma in sigmas)
    return correlate(block, (z, y, x))


def derivatives(
    block: Block, sigmas: tuple[float, ...], lengths: tuple[float, ...], orders: Iterable[Order]
) -> dict[Order, Block]:
    """Gaussian derivatives of width `sigmas`; each order is given per axis (z, y, x).

    `sigmas` are in pixels of each axis, `lengths` are the pixels' lengths: derivatives are per unit of length.
    """

    def kernel(axis: int, order: int) -> Kernel:
        values = gaussian_kernel(sigmas[axis], order)
        return values if order == 0 else values / np.float32(lengths[axis] ** order)

    results: dict[Order, Block] = {}
    wanted = sorted(set(orders))
    for order_z in sorted({order[0] for order in wanted}):
        filtered = _along_z(block, kernel(0, order_z))
        for order in wanted:
            if order[0] == order_z:
                results[order] = _in_plane(filtered, kernel(1, order[1]), kernel(2, order[2]))
    return results


def _in_plane(block: Block, kernel_y: Kernel, kernel_x: Kernel) -> Block:
    if kernel_y is IDENTITY and kernel_x is IDENTITY:
        return block
    result = np.empty_like(block)
    for plane, filtered in zip(block, result, strict=True):
        cv2.sepFilter2D(plane, cv2.CV_32F, kernel_x, kernel_y, dst=filtered, borderType=_BORDER)
    return result


def _along_z(block: Block, kernel: Kernel) -> Block:
    """Filter z as the rows of a (Z, Y*X) image: long contiguous loops instead of strided ones."""
    if kernel is IDENTITY:
        return block
    rows = block.reshape(len(block), -1)
    result = np.empty_like(rows)
    cv2.sepFilter2D(rows, cv2.CV_32F, IDENTITY, kernel, dst=result, borderType=_BORDER)
    return result.reshape(block.shape)
