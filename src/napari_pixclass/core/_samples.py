"""Labelled pixels and their features: what a classifier is trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._axes import ArrayLike, ImageAxes, Region
from ._blocks import iter_blocks, read_padded
from ._compute import compute_planes
from ._features import FeatureSet
from ._scratch import Scratch

LABEL_BLOCKS = {2: (128, 128), 3: (32, 64, 64)}
"""Labels are looked through in blocks of this shape; features are computed at the labels' bounding box in each."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Labelled pixels: features `X` (n_samples, n_features), class values `y`, and where they lie in the labels."""

    X: npt.NDArray[np.float32]
    y: npt.NDArray[np.integer[Any]]
    positions: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrainingImage:
    """One image with its labels, checked: see `as_image`, `resolve_axes`, `as_labels` and `valid_spacing`."""

    image: ArrayLike
    labels: npt.NDArray[np.integer[Any]]
    axes: ImageAxes
    spacing: tuple[float, ...]


def labelled_regions(
    labels: npt.NDArray[np.integer[Any]], ndim: int
) -> list[tuple[tuple[int, ...], Region]]:
    """Frame and region of the bounding box of the labels in every block that has any."""
    split = labels.ndim - ndim
    found = []
    for frame in np.ndindex(*labels.shape[:split]):
        plane = labels[frame]
        if not plane.any():
            continue
        for block in iter_blocks(plane.shape, LABEL_BLOCKS[ndim]):
            box = _bounding_box(plane[block])
            if box is not None:
                region = tuple(
                    slice(outer.start + inner.start, outer.start + inner.stop)
                    for outer, inner in zip(block, box, strict=True)
                )
                found.append((frame, region))
    return found


def _bounding_box(labels: npt.NDArray[np.integer[Any]]) -> Region | None:
    box = []
    for axis in range(labels.ndim):
        others = tuple(other for other in range(labels.ndim) if other != axis)
        occupied = np.flatnonzero(labels.any(axis=others))
        if not len(occupied):
            return None
        box.append(slice(int(occupied[0]), int(occupied[-1]) + 1))
    return tuple(box)


def iter_samples(training: TrainingImage, features: FeatureSet) -> Iterator[Samples]:
    """Features of the labelled pixels, block by block; nothing is computed where there are no labels."""
    halo = features.halo_for(training.spacing)
    scratch = Scratch()
    for frame, region in labelled_regions(training.labels, features.ndim):
        labels = training.labels[frame][region]
        where = np.nonzero(labels)
        inside = np.ravel_multi_index(where, labels.shape)
        columns = []
        for channel in range(training.axes.n_channels):
            padded = read_padded(
                training.image, training.axes, frame, channel, region, halo, scratch
            )
            planes = compute_planes(padded, region, features, training.spacing, None, scratch)
            columns.append(planes.reshape(len(planes), -1)[:, inside])
        absolute = [np.full(len(where[0]), index) for index in frame]
        absolute += [axis.start + index for axis, index in zip(region, where, strict=True)]
        yield Samples(
            X=np.concatenate(columns).T,
            y=labels[where],
            positions=np.ravel_multi_index(absolute, training.labels.shape).astype(np.int64),
        )


def merge_samples(parts: Sequence[Samples]) -> Samples:
    """Join the samples of one image in the order of its pixels.

    The order decides which pixels a forest draws: this one does not depend on how the labels were cut into blocks.
    """
    positions = np.concatenate([part.positions for part in parts])
    order = np.argsort(positions, kind="stable")
    return Samples(
        X=np.ascontiguousarray(np.concatenate([part.X for part in parts])[order]),
        y=np.concatenate([part.y for part in parts])[order],
        positions=positions[order],
    )
