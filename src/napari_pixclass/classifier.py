"""The public classifier: what core computes, with files from io and lazy arrays from blockwise."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from napari_pixclass import core
from napari_pixclass.core import AS_TRAINED, AsTrained, SampleCache, Steps


class PixelClassifier(core.PixelClassifier):
    __doc__ = core.PixelClassifier.__doc__

    def fit_steps(
        self,
        image: Any,
        labels: Any,
        *,
        channel_axis: int | None = None,
        spacing: Any = None,
        cache: SampleCache | None = None,
    ) -> Steps[None]:
        """As `core.PixelClassifier.fit_steps`; of labels in zarr arrays only what has been written is read."""
        from napari_pixclass.io import in_blocks

        labels = (
            list(map(in_blocks, labels)) if isinstance(labels, list | tuple) else in_blocks(labels)
        )
        return super().fit_steps(
            image, labels, channel_axis=channel_axis, spacing=spacing, cache=cache
        )

    def predict_proba(
        self,
        image: Any,
        *,
        channel_axis: int | AsTrained | None = AS_TRAINED,
        spacing: Sequence[float] | None = None,
    ) -> Any:
        """As `core.PixelClassifier.predict_proba`; a dask or zarr array gives a dask array of the same values."""
        if not _is_lazy(image):
            return super().predict_proba(image, channel_axis=channel_axis, spacing=spacing)
        from napari_pixclass.blockwise import lazy_probabilities

        return lazy_probabilities(self, image, channel_axis, spacing)

    def predict(
        self,
        image: Any,
        *,
        channel_axis: int | AsTrained | None = AS_TRAINED,
        spacing: Sequence[float] | None = None,
    ) -> Any:
        """As `core.PixelClassifier.predict`; a dask or zarr array gives a dask array of the same values."""
        if not _is_lazy(image):
            return super().predict(image, channel_axis=channel_axis, spacing=spacing)
        from napari_pixclass.blockwise import lazy_probabilities, lazy_segmentation

        return lazy_segmentation(self, lazy_probabilities(self, image, channel_axis, spacing))

    def uncertainty(
        self,
        image: Any,
        *,
        channel_axis: int | AsTrained | None = AS_TRAINED,
        spacing: Sequence[float] | None = None,
    ) -> Any:
        """As `core.PixelClassifier.uncertainty`; a dask or zarr array gives a dask array of the same values."""
        if not _is_lazy(image):
            return super().uncertainty(image, channel_axis=channel_axis, spacing=spacing)
        from napari_pixclass.blockwise import lazy_probabilities, lazy_uncertainty

        return lazy_uncertainty(lazy_probabilities(self, image, channel_axis, spacing))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trained classifier to a ``.pixclass`` file, atomically; see `napari_pixclass.io.save_model`."""
        from napari_pixclass.io import save_model

        save_model(self, path)


def load(path: str | os.PathLike[str]) -> PixelClassifier:
    """Read a trained classifier from a ``.pixclass`` file. No code of the file is run.

    It predicts what the saved one predicted, bit for bit.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    napari_pixclass.ModelFileError
        If the file is not a model, is damaged, or was written by a newer version.
    """
    from napari_pixclass.io import load_model

    return load_model(path, PixelClassifier)


def _is_lazy(image: object) -> bool:
    # By its protocol, or the name of its library, so that dask and zarr are imported only by those who use them.
    is_dask = hasattr(image, "__dask_graph__") and hasattr(image, "chunks")
    return is_dask or type(image).__module__.partition(".")[0] == "zarr"
