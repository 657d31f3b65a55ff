"""Prediction of dask and stored arrays: a graph now, the values when they are asked for, chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np
import numpy.typing as npt
from dask.array.overlap import overlap
from dask.tokenize import tokenize

from napari_pixclass.core import (
    AS_TRAINED,
    ArrayLike,
    AsTrained,
    BlockPredictor,
    ImageAxes,
    PixelClassifier,
    check_values,
    region_shape,
    resolve_axes,
    segmentation_of,
    uncertainty_of,
)

from ._chunks import chunks_for


def lazy_probabilities(
    classifier: PixelClassifier,
    image: da.Array | ArrayLike,
    channel_axis: int | AsTrained | None = AS_TRAINED,
    spacing: Sequence[float] | None = None,
) -> da.Array:
    """Probabilities of a large array as a dask array; each chunk equals that of the eager result, bit for bit.

    The same classifier, image and options give the same keys: whoever computes several outputs at once
    (`dask.compute`) computes the probabilities once.

    Parameters
    ----------
    classifier
        A fitted classifier.
    image
        A dask array: chunks keep its shape, except that those smaller than the halo are joined with their neighbours.
        Or a stored array (zarr): each chunk of the result reads what it needs of it, and is as large as blocks that
        are predicted at full speed.
    channel_axis, spacing
        As for `PixelClassifier.predict_proba`.

    Returns
    -------
    dask array of float32, shape ``image.shape without its channel axis + (n_classes,)``
    """
    _, axes = _checked(classifier, image, channel_axis)
    predictor = classifier.predictor(spacing)
    token = tokenize(model_token(classifier, predictor), image, axes)
    name = f"pixclass-probabilities-{token}"
    if not isinstance(image, da.Array):
        return _of_stored(predictor, image, axes, name)
    return _of_dask(predictor, image, axes, name)


def _checked(
    classifier: PixelClassifier, image: Any, channel_axis: int | AsTrained | None
) -> tuple[ArrayLike, ImageAxes]:
    if any(np.isnan(size) for size in image.shape):
        raise ValueError(
            f"a dask image must know its shape; got {image.shape}. Call image.compute_chunk_sizes() first."
        )
    return classifier.check_image(image, channel_axis)


def model_token(classifier: PixelClassifier, predictor: BlockPredictor) -> str:
    """All that the values depend on besides the image, as a word: the same in every process.

    A forest goes by its arrays, which is quicker than pickling it.
    """
    state = classifier.state
    model = predictor if state.forest is None else (state.forest, predictor.channel_features)
    # Without one the word is what it was before there was any: runs that were begun then can be resumed.
    sharpness = () if state.sharpness == 1 else (state.sharpness,)
    return str(tokenize(model, predictor.spacing, state.classes, *sharpness))


def _of_stored(predictor: BlockPredictor, image: ArrayLike, axes: ImageAxes, name: str) -> da.Array:
    return da.map_blocks(
        _predict_stored,
        name=name,
        dtype=np.float32,
        chunks=(*chunks_for(image, axes), (predictor.n_classes,)),
        meta=np.empty((0,) * (len(axes.shape) + 1), dtype=np.float32),
        predictor=predictor,
        image=image,
        axes=axes,
    )


def _predict_stored(
    *, predictor: BlockPredictor, image: ArrayLike, axes: ImageAxes, block_info: Any = None
) -> npt.NDArray[np.float32]:
    """Predict one chunk of the result; it reads its surroundings itself."""
    *location, (_, n_classes) = block_info[None]["array-location"]
    box = tuple(slice(start, stop) for start, stop in location)
    n_lead = len(axes.lead)
    lead, region = box[:n_lead], box[n_lead:]
    output = np.empty((*region_shape(box), n_classes), dtype=np.float32)
    for index in np.ndindex(*region_shape(lead)):
        frame = tuple(part.start + i for part, i in zip(lead, index, strict=True))
        probabilities = predictor.predict_region(image, axes, frame, region)
        output[index] = np.moveaxis(probabilities, 0, -1)
    return output


def _of_dask(predictor: BlockPredictor, image: da.Array, axes: ImageAxes, name: str) -> da.Array:
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
        name=name,
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
