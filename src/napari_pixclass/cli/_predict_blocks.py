"""The options of predicting images that are larger than memory."""

from __future__ import annotations

import argparse
import re

from ._image_options import positive

_UNITS = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}


def add_block_options(parser: argparse.ArgumentParser) -> None:
    """Add what only large images need."""
    group = parser.add_argument_group(
        "images larger than memory",
        "ome-zarr is written block by block, and so are tiff, ome-tiff, hdf5 and npy where the results "
        "do not fit into memory.",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on with a run that was cancelled, killed or stopped by a full disk; finished blocks "
        "are checked and kept, finished images skipped (ome-zarr only)",
    )
    group.add_argument(
        "--memory",
        type=_memory,
        metavar="SIZE",
        help="memory to take at most, such as 1.5GB; blocks and threads are chosen to fit (default: "
        "0.6 GB for each thread, besides the program)",
    )
    group.add_argument(
        "--block-size",
        type=_block_size,
        metavar="Z,Y,X",
        help="pixels that are worked on at once, or 'auto' (default: what suits the memory)",
    )
    group.add_argument(
        "--levels",
        type=positive,
        metavar="N",
        help="resolutions to write, each half of the one before (ome-zarr only; default: until one "
        "is small)",
    )
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="compute on the dask cluster whose scheduler is at this address, such as "
        "tcp://node1:8786; its workers must see the same folders (ome-zarr only)",
    )
    group.add_argument(
        "--mask",
        metavar="FILE",
        help="image of the same size: where it is 0 nothing is predicted, and 0 is written",
    )


def _memory(text: str) -> int:
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([kmgt]?)i?b?\s*", text.lower())
    if match is None or float(match[1]) <= 0:
        raise argparse.ArgumentTypeError(f"must be a size such as 800MB or 1.5GB; got '{text}'")
    return int(float(match[1]) * _UNITS[match[2]])


def _block_size(text: str) -> tuple[int, ...] | None:
    if text.strip().lower() == "auto":
        return None
    lengths = text.split(",")
    if not all(length.strip().isdecimal() and int(length) > 0 for length in lengths):
        raise argparse.ArgumentTypeError(
            f"must be lengths in pixels such as 64,256,256, or auto; got '{text}'"
        )
    return tuple(map(int, lengths))
