"""The output layers that live update fills."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QTimer

from napari_pixclass.session import LiveArray

from ._sources import LayerImage, level_shapes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from napari.components import LayerList
    from napari.layers import Image, Layer

    from napari_pixclass.core import Output
    from napari_pixclass.session import LiveResult

    from ._outputs import OutputLayers

Levels = list[LiveArray]


class LiveLayers:
    """Gives the output layers of an image arrays that show what is known so far, and has them drawn again.

    An output that the user has removed stays away.

    Parameters
    ----------
    layers
        The layers of the viewer.
    outputs
        Makes the output layers.
    """

    def __init__(self, layers: LayerList, outputs: OutputLayers) -> None:
        self._all = layers
        self._outputs = outputs
        self._arrays: WeakKeyDictionary[Image, dict[object, Levels]] = WeakKeyDictionary()

    def show(self, result: LiveResult | None, outputs: Collection[Output]) -> None:
        """Show a result, and nothing of any other; None for nothing at all."""
        shown = None if result is None else result.image.source
        for image in list(self._arrays):
            if not isinstance(shown, LayerImage) or image is not shown.layer:
                self._clear(image)
        if result is None or not isinstance(shown, LayerImage) or shown.layer not in self._all:
            return
        arrays = self._arrays_of(shown, result, outputs)
        for key, levels in arrays.items():
            index = None if isinstance(key, str) else _index_of(result, key)
            for array in levels:
                array.show(result.store, index)
        self._outputs.remove_others(shown.layer, arrays)
        values = {key: list(a) if len(a) > 1 else a[0] for key, a in arrays.items()}
        self._outputs.put(shown, values, result.classes)
        for layer in self._outputs.of(shown.layer).values():
            _read_anew(layer)
            if isinstance(layer, Labels):
                layer.editable = False  # the next tile would paint over it
        self._redraw(shown.layer)

    def finish(self, result: LiveResult) -> None:
        """Nothing changes any more for the time being: show it in the layer list, too."""
        source = result.image.source
        if isinstance(source, LayerImage):
            for layer in self._outputs.of(source.layer).values():
                if layer.visible and _is_live(layer):
                    layer.refresh(extent=False, highlight=False, data_displayed=False)

    def refresh(self, result: LiveResult) -> None:
        """Show the tiles that a result has got since."""
        source = result.image.source
        if isinstance(source, LayerImage) and source.layer in self._arrays:
            for levels in self._arrays[source.layer].values():
                for array in levels:
                    array.refresh()
            self._redraw(source.layer)

    def _clear(self, image: Image) -> None:
        for levels in self._arrays.pop(image).values():
            for array in levels:
                array.show(None)
        if image in self._all:
            self._redraw(image)
        else:  # nobody will fill them again; the layer list is just being changed
            empty = [layer for layer in self._outputs.of(image).values() if _is_live(layer)]
            QTimer.singleShot(0, lambda: self._remove(empty))

    def _remove(self, layers: Iterable[Layer]) -> None:
        for layer in layers:
            if layer in self._all:
                self._all.remove(layer)

    def _arrays_of(
        self, source: LayerImage, result: LiveResult, outputs: Collection[Output]
    ) -> dict[object, Levels]:
        """Arrays of all outputs: those that there are already where they fit."""
        known = self._arrays.get(source.layer, {})
        shapes = level_shapes(source)
        arrays: dict[object, Levels] = {}
        for key, output, dtype in _keys_of(result, outputs):
            if self._outputs.is_dismissed(source.layer, key):
                continue
            levels = known.get(key, [])
            if [(a.shape, a.dtype) for a in levels] != [(shape, dtype) for shape in shapes]:
                levels = [
                    LiveArray(output, dtype, shape, level) for level, shape in enumerate(shapes)
                ]
            arrays[key] = levels
        self._arrays[source.layer] = arrays
        return arrays

    def _redraw(self, image: Image) -> None:
        """Draw those layers again that still show arrays of ours: the user may have put something else in."""
        for layer in self._outputs.of(image).values():
            if layer.visible and _is_live(layer):
                layer.refresh(extent=False, thumbnail=False, highlight=False)


def _read_anew(layer: Layer) -> None:
    """Have a layer read its data whenever it is drawn: napari reads the coarsest level of a pyramid only once."""
    if getattr(layer, "_level_materializer", None) is not None:
        layer._level_materializer = None


def _first(layer: Layer) -> object:
    return layer.data[0] if layer.multiscale else layer.data


def _is_live(layer: Layer) -> bool:
    return isinstance(_first(layer), LiveArray)


def _index_of(result: LiveResult, value: object) -> int:
    return next(i for i, info in enumerate(result.classes) if info.value == value)


def _keys_of(
    result: LiveResult, outputs: Collection[Output]
) -> Iterator[tuple[object, Output, np.dtype]]:
    """Name, output and type of everything that a result can show."""
    single = np.dtype(np.float32)
    if "probabilities" in outputs:
        for info in result.classes:
            yield info.value, "probabilities", single
    if "uncertainty" in outputs:
        yield "uncertainty", "uncertainty", single
    if "segmentation" in outputs:
        yield "segmentation", "segmentation", result.store.classes.dtype
