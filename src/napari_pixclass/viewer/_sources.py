"""napari layers as the session's images and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari.layers import Image, Labels


class LayerImage:
    """An image layer. The last axis of an RGB layer is its channels; an alpha channel is left out."""

    def __init__(self, layer: Image) -> None:
        self.layer = layer

    @property
    def name(self) -> str:
        return str(self.layer.name)

    @property
    def data(self) -> Any:
        data = self.layer.data[0] if self.layer.multiscale else self.layer.data
        return data[..., :3] if self.layer.rgb and data.shape[-1] > 3 else data

    @property
    def channel_axis(self) -> int | None:
        return -1 if self.layer.rgb else None

    @property
    def pixel_size(self) -> tuple[float, ...]:
        """Size of a pixel along every axis but the channels, lengths in the unit of the last axis."""
        unit = self.layer.units[-1]
        factors = [
            float((1 * other).to(unit).magnitude) if other.is_compatible_with(unit) else 1.0
            for other in self.layer.units
        ]
        return tuple(
            abs(float(size)) * factor
            for size, factor in zip(self.layer.scale, factors, strict=True)
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LayerImage) and other.layer is self.layer

    def __hash__(self) -> int:
        return id(self.layer)


class LayerLabels:
    """A labels layer that is painted on."""

    def __init__(self, layer: Labels) -> None:
        self.layer = layer

    @property
    def name(self) -> str:
        return str(self.layer.name)

    @property
    def data(self) -> npt.NDArray[np.integer[Any]]:
        data: npt.NDArray[np.integer[Any]] = np.asarray(self.layer.data)
        return data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LayerLabels) and other.layer is self.layer

    def __hash__(self) -> int:
        return id(self.layer)


def labels_shape(layer: Image) -> tuple[int, ...]:
    """Shape of labels that fit an image layer."""
    shape = LayerImage(layer).data.shape
    return tuple(int(length) for length in (shape[:-1] if layer.rgb else shape))


def suggested_ndim(layer: Image) -> int:
    """3 where an axis of an image layer is called z, 2 where none is: more than two axes may be time as well."""
    labels = {str(label).strip().lower() for label in layer.axis_labels[-3:]}
    return 3 if layer.ndim > 2 and "z" in labels else 2


def spatial_arguments(layer: Image) -> dict[str, Any]:
    """What a layer made from `layer` takes over so that it lies at the same place."""
    return {
        "scale": layer.scale,
        "translate": layer.translate,
        "rotate": layer.rotate,
        "shear": layer.shear,
        "affine": layer.affine,
        "units": layer.units,
        "axis_labels": layer.axis_labels,
    }
