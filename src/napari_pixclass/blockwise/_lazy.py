"""Prediction of dask arrays: a graph now, the values when they are asked for, chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np
import numpy.typing as npt
from dask.array.overlap import overlap

from napari_pixclass.core import (
    AS_TRAINED,
    AsTrained,
    BlockPredictor,
    PixelClassifier,
    check_values,
    region_shape,
    resolve_axes,
    segmentation_of,
    uncertainty_of,
)


def lazy_probabilities(
    classifier: PixelClassifier,
    image: da.Array,
    channel_axis: int | AsTrained | None = AS_TRAINED,
    spacing: Sequence[float] | None = None,
) -> da.Array:
    """Probabilities of a dask array as a dask array; each chunk equals that of the eager result, bit for bit.

    Chunks keep the shape of the image's, except that those smaller than the halo are joined with their neighbours.

    Parameters
    ----------
    classifier
        A fitted classifier.
    image, channel_axis, spacing
        As for `PixelClassifier.predict_proba`.

    Returns
    -------
    dask array of float32, shape ``image.shape without its channel axis + (n_classes,)``
    """
    if any(np.isnan(size) for size in image.shape):
        raise ValueError(
            f"a dask image must know its shape; got {image.shape}. Call image.compute_chunk_sizes() first."
        )
    _, axes = classifier.check_image(image, channel_axis)
    predictor = classifier.predictor(spacing)
    n_lead = len(axes.lead)
    if axes.channel_axis is not None:
        image = da.moveaxis(image, axes.channel_axis, n_lead)
        image = image.rechunk({n_lead: -1})
    first_spatial = image.ndim - len(axes.spatial)
    depth = dict.fromkeys(range(image.ndim), 0)
    # An axis shorter than the halo becomes a single chunk, which is mirrored at both ends and needs no overlap.
    depth |= {
        first_spatial + i: min(pixels, axes.spatial[i]) for i, pixels in enumerate(predictor.halo)
    }
    context = overlap(image, depth=depth, boundary="none", allow_rechunk=True)
    sizes = [
        _sizes_without_overlap(chunks, depth[axis]) for axis, chunks in enumerate(context.chunks)
    ]
    has_channels = axes.channel_axis is not None
    if has_channels:
        del sizes[n_lead]
    n_classes = predictor.n_classes
    return da.map_blocks(
        _predict_chunk,
        context,
        dtype=np.float32,
        chunks=(*sizes, (n_classes,)),
        drop_axis=[n_lead] if has_channels else [],
        new_axis=[len(sizes)],
        meta=np.empty((0,) * (len(sizes) + 1), dtype=np.float32),
        predictor=predictor,
        depth=tuple(depth[first_spatial + i] for i in range(len(axes.spatial))),
        has_channels=has_channels,
    )


def lazy_segmentation(classifier: PixelClassifier, probabilities: da.Array) -> da.Array:
    """Class values from lazy probabilities, which are computed once however many outputs use them."""
    classes = classifier.state.classes
    return da.map_blocks(
        segmentation_of,
        probabilities,
        classes,
        drop_axis=[probabilities.ndim - 1],
        dtype=classes.dtype,
    )


def lazy_uncertainty(probabilities: da.Array) -> da.Array:
    """Uncertainty from lazy probabilities, which are computed once however many outputs use them."""
    return da.map_blocks(
        uncertainty_of, probabilities, drop_axis=[probabilities.ndim - 1], dtype=np.float32
    )


def _sizes_without_overlap(chunks: tuple[int, ...], depth: int) -> tuple[int, ...]:
    last = len(chunks) - 1
    return tuple(
        size - (depth if index > 0 else 0) - (depth if index < last else 0)
        for index, size in enumerate(chunks)
    )


def _predict_chunk(
    chunk: npt.NDArray[Any],
    *,
    predictor: BlockPredictor,
    depth: tuple[int, ...],
    has_channels: bool,
    block_info: Any = None,
) -> npt.NDArray[np.float32]:
    """Predict one chunk with its overlap; the overlap is missing where the image ends, and mirrored there."""
    check_values(chunk)
    location, counts = block_info[0]["chunk-location"], block_info[0]["num-chunks"]
    ndim = len(depth)
    region = tuple(
        slice(reach if index > 0 else 0, length - (reach if index < count - 1 else 0))
        for reach, index, count, length in zip(
            depth, location[-ndim:], counts[-ndim:], chunk.shape[-ndim:], strict=True
        )
    )
    axes = resolve_axes(chunk.shape, ndim, chunk.ndim - ndim - 1 if has_channels else None)
    output = np.empty((*axes.lead, *region_shape(region), predictor.n_classes), dtype=np.float32)
    for frame in axes.frames():
        probabilities = predictor.predict_region(chunk, axes, frame, region)
        output[frame] = np.moveaxis(probabilities, 0, -1)
    return output
