"""Random rectangles of images, to label and train on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def random_crops(
    shape: Sequence[int], size: Sequence[int], count: int, seed: int = 0, name: str = ""
) -> list[tuple[slice, slice]]:
    """Choose rectangles of an image at random, no two the same.

    Parameters
    ----------
    shape
        Rows and columns of the image.
    size
        Rows and columns of a crop; where the image is smaller, crops are as large as it is.
    count
        How many; fewer come back where there are not so many places.
    seed, name
        The same seed and name give the same crops. With the name of its file each image has crops of its own, which
        do not depend on the other images.

    Returns
    -------
    list of (slice of rows, slice of columns)
    """
    if min(size) < 1 or count < 1:
        raise ValueError(
            f"crops must have one pixel at least and be one at least; got {count} of {tuple(size)}."
        )
    height, width = (min(edge, length) for edge, length in zip(size, shape, strict=True))
    places = (shape[0] - height + 1, shape[1] - width + 1)
    random = np.random.default_rng([seed, *name.encode(errors="surrogateescape")])
    chosen = _distinct(random, places[0] * places[1], count)
    corners = [divmod(place, places[1]) for place in chosen]
    return [(slice(y, y + height), slice(x, x + width)) for y, x in corners]


def _distinct(random: np.random.Generator, n_places: int, count: int) -> list[int]:
    """`count` different numbers below `n_places`, or all of them."""
    if count >= n_places:
        return list(range(n_places))
    chosen: dict[int, None] = {}
    while len(chosen) < count:
        chosen[int(random.integers(n_places))] = None
    return list(chosen)
