"""Images to paint on: in memory, and as zarr on disk of a size that no memory holds."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import numpy.typing as npt
import zarr
from bench_engine import make_image
from scipy import ndimage

from napari_pixclass.core import empty_labels

Labels = npt.NDArray[np.uint8]

CHUNK = (64, 128, 128)
PATTERN = (64, 512, 512)
"""The part of the large volume that repeats."""
STORED = (2560, 2560, 2560)
"""16.8 GB of 8 bits."""
SURROUNDINGS = (96, 1000, 1000)
"""Of a large volume, the part around the middle where there will be strokes."""


@dataclass(frozen=True)
class LiveImage:
    """An image, how it is looked at, and what a user would paint where.

    Attributes
    ----------
    levels
        Numpy or zarr arrays, each coarser than the one before; one of them, or a pyramid.
    zoom
        Canvas pixels for each image pixel.
    truth
        Class values of a box of the image: dark, medium or bright after smoothing.
    origin
        First pixel of that box.
    """

    levels: tuple[Any, ...]
    zoom: float
    truth: Labels
    origin: tuple[int, ...]

    @classmethod
    def of(cls, *levels: Any, zoom: float, box: tuple[int, ...] | None = None) -> LiveImage:
        """Find out the classes, in a box around the middle or everywhere."""
        data = levels[0]
        shape = data.shape if box is None else tuple(map(min, box, data.shape))
        origin = tuple((whole - part) // 2 for whole, part in zip(data.shape, shape, strict=True))
        part = data[tuple(slice(o, o + n) for o, n in zip(origin, shape, strict=True))]
        smooth = ndimage.gaussian_filter(part.astype(np.float32), 5)
        edges = np.quantile(smooth[..., ::4, ::4], [1 / 3, 2 / 3])
        return cls(levels, zoom, 1 + np.digitize(smooth, edges).astype(np.uint8), origin)

    @property
    def data(self) -> Any:
        """The full resolution."""
        return self.levels[0]

    @property
    def middle(self) -> tuple[int, ...]:
        """The pixel in the middle."""
        return tuple(n // 2 for n in self.data.shape)

    def classes_at(self, places: npt.NDArray[np.intp]) -> Labels | None:
        """Classes at places (n, ndim); None if one of them lies where nobody knows."""
        inside = places - self.origin
        if (inside < 0).any() or (inside >= self.truth.shape).any():
            return None
        return self.truth[tuple(inside.T)]

    def scribbled(self, n_strokes: int) -> Any:
        """Labels with short strokes around the middle; in a volume, in the plane in the middle."""
        labels = empty_labels(self.data.shape)
        *plane, middle_y, middle_x = self.middle
        rng = np.random.default_rng(1)
        for _ in range(n_strokes):
            y, x = (int(middle + rng.integers(-200, 200)) for middle in (middle_y, middle_x))
            place = (*plane, slice(y, y + 3), slice(x, x + 40))
            box = tuple(
                slice(p.start - o, p.stop - o) if isinstance(p, slice) else p - o
                for p, o in zip(place, self.origin, strict=True)
            )
            labels[place] = self.truth[box]
        return labels


def stored(folder: Path, coarser: int = 1) -> Any:
    """The large volume, or a coarser level of it.

    Every chunk is a real file; those with the same content are one file with many names.
    """
    store = folder / f"{coarser}.zarr"
    shape = tuple(n // coarser for n in STORED)
    array = zarr.create_array(store, shape=shape, dtype="u1", chunks=CHUNK)
    every = (slice(None, None, coarser),) * 3
    array[tuple(map(slice, PATTERN))] = np.tile(make_image(PATTERN)[every], (coarser,) * 3)
    periods = [whole // chunk for whole, chunk in zip(PATTERN, CHUNK, strict=True)]
    for place in np.ndindex(*(n // chunk for n, chunk in zip(shape, CHUNK, strict=True))):
        source = (store / "c").joinpath(*(str(i % n) for i, n in zip(place, periods, strict=True)))
        target = (store / "c").joinpath(*map(str, place))
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, target)
    return zarr.open_array(store, mode="r")


def large(folder: Path, n_levels: int) -> LiveImage:
    """The large volume, with as many levels."""
    levels = [stored(folder, 2**level) for level in range(n_levels)]
    if (
        n_levels > 1
    ):  # as napari-ome-zarr does it; lists of zarr arrays take napari seconds for each plane
        levels = [dask.array.from_zarr(level) for level in levels]
    return LiveImage.of(*levels, zoom=1.6, box=SURROUNDINGS)


CASES: dict[str, Callable[[Path], LiveImage]] = {
    "2d": lambda folder: LiveImage.of(make_image((2048, 2048)), zoom=1.0),
    "3d": lambda folder: LiveImage.of(make_image((64, 512, 512)), zoom=1.6),
    "zarr": lambda folder: large(folder, 1),
    "pyramid": lambda folder: large(folder, 4),
}
"""What is painted on; the folder is where files may lie as long as it is needed."""
