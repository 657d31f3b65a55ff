"""Files that bring images and labels into a viewer: as layers, unless their images are there already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import numpy as np
from napari.layers import Image
from qtpy.QtCore import QTimer

from napari_pixclass.core import LabelledPixels
from napari_pixclass.io import ImageFile, ProjectImage, ProjectLabels
from napari_pixclass.session import (
    Arrivals,
    Arrived,
    ImageReference,
    ImageSource,
    Missing,
    OpenedFile,
    Pair,
    ProjectOpening,
    SourceReference,
)

from ._file_place import place_in_file
from ._opening_viewer import opening_viewer
from ._project_layers import (
    COLOURS,
    give_pixel_size,
    is_array_of,
    project_labels,
    project_layer,
    same_file,
)
from ._sources import METADATA_KEY, LayerImage, LayerLabels, labels_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.components import LayerList

    from ._viewer_session import ViewerSession

PATIENCE_MS = 50

SMALL = 2**26
"""Bytes of an image that is read at once."""


class LayerArrivals(Arrivals):
    """Adds the images of files as layers, and says what has come.

    Parameters
    ----------
    session
        The session of the viewer.
    layers
        The layers of the viewer.
    start
        As for `Arrivals`.
    """

    def __init__(
        self, session: ViewerSession, layers: LayerList, start: Callable[..., Any]
    ) -> None:
        super().__init__(session, start)
        self._viewer_session = session
        self._layers = layers
        self._notes: tuple[str, ...] = ()
        self._refused: WeakSet[Missing] = WeakSet()
        self._added: list[Image] = []
        self._earlier: Sequence[Pair] = ()
        self._taken: WeakSet[Image] = WeakSet()
        """Layers that are arrays of the project: one cannot be two of them."""
        self.arrived.connect(self._on_arrived)
        self.noted.connect(self._on_noted)
        session.layers_changed.connect(self._on_layers_changed)

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be taken over from the last files, until somebody has read it."""
        return self._notes

    def forget_notes(self) -> None:
        """Say that they have been read."""
        self._notes = ()
        self.missing_changed.emit()

    def fitting_layers(self, reference: ImageReference) -> list[Image]:
        """Image layers on which the labels of an image fit; of an array of a project those of its shape."""
        images = self._viewer_session.image_layers
        if isinstance(reference, SourceReference):
            shape = reference.source.shape
            return [layer for layer in images if LayerImage(layer).data.shape == shape]
        if reference.shape is None:
            return images
        return [layer for layer in images if self._shape_of(layer) == reference.shape]

    def _settle(self, opened: OpenedFile) -> None:
        # napari lets its events happen between the files that are dropped together: their images come first.
        if self._viewer_session.is_closed:
            return
        if opening_viewer() is not None:
            QTimer.singleShot(PATIENCE_MS, lambda: self._settle(opened))
        else:
            super()._settle(opened)

    def _on_arrived(self, arrived: Arrived) -> None:
        self._show_the_first()
        self._notes += tuple(f"{arrived.name}: {note}" for note in arrived.notes)
        if arrived.notes:
            self.missing_changed.emit()
        images = _counted(arrived.n_images, "image")
        missing = len(arrived.missing)
        rest = f" {_counted(missing, 'image')} could not be found." if missing else ""
        self._viewer_session.report(f"Opened {arrived.name}: {images}.{rest}")

    def _on_noted(self, note: str) -> None:
        self._notes += (note,)
        self.missing_changed.emit()

    def _on_layers_changed(self) -> None:
        """An image that was waited for may have been opened by hand."""
        for missing in self.missing:
            known = self._known_image(missing.image)
            if known is not None and missing not in self._refused:
                try:
                    self.use(missing, known)
                except ValueError as error:
                    self._refused.add(missing)  # said once
                    self._viewer_session.report_error(str(error))

    def _shape_of(self, layer: Image) -> tuple[int, ...]:
        return labels_shape(self._viewer_session.image_source(layer) or LayerImage(layer))

    def _known_image(self, reference: ImageReference) -> ImageSource | None:
        """The layer of the image: it came from the same file, or has the same name where there is no file."""
        for layer in self.fitting_layers(reference):
            if isinstance(reference, SourceReference):
                if layer not in self._taken and is_array_of(layer, reference):
                    self._taken.add(layer)
                    return LayerImage(layer)
                continue
            image = self._viewer_session.image_source(layer)
            if image is not None and _is_of(image, reference):
                return image
        return None

    def make_image(self, image: ProjectImage, arrays: Sequence[ImageSource]) -> ImageSource:
        """An image of a project, made of layers."""
        layers = [array.layer for array in arrays if isinstance(array, LayerImage)]
        for layer in layers:
            if layer not in self._layers:  # removed while the others were waited for
                self._layers.append(layer)
            give_pixel_size(layer, image)
        if image.is_stack:
            made: ImageSource | None = self._viewer_session.image_source(layers)
        else:
            made = LayerImage(layers[0], None if layers[0].rgb else image.channel_axis)
        if made is None:
            raise ValueError(f"the channels of {image.name!r} must be image layers.")
        return made

    def make_pair(
        self,
        image: ImageSource,
        labels: ProjectLabels,
        labelled: LabelledPixels,
        known: Pair | None,
    ) -> Pair:
        """Train on a labels layer of an image of a project."""
        if known is not None or not isinstance(image, LayerImage):
            return super().make_pair(image, labels, labelled, known)
        layer = project_labels(image, labels, labelled)
        self._layers.append(layer)
        return self._viewer_session.add_pair(image, layer)

    def _put_away(self, pairs: Sequence[Pair]) -> None:
        self._earlier = pairs

    def _settle_project(self, project: ProjectOpening, opened: OpenedFile) -> None:
        self._taken.clear()
        super()._settle_project(project, opened)
        session, earlier = self._viewer_session, self._earlier
        self._earlier = ()
        used = {id(layer) for pair in session.pairs for layer in _layers_of(pair)}
        for pair in earlier:
            for layer in [layer for layer in _layers_of(pair) if id(layer) not in used]:
                layer.visible = False
                session.class_layers.put_away(layer)
        for pair in session.pairs:
            for layer in _layers_of(pair):
                session.class_layers.bring_back(layer)
        if session.pairs and session.classes:
            session.select_class(session.classes[0].value)

    def _add_image(
        self, reference: ImageReference, image: ImageFile, path: Path | None
    ) -> ImageSource:
        file = path or next((p for p in reference.paths if p.exists()), None)
        if isinstance(reference, SourceReference):
            layer = project_layer(image, reference, file)
            self._taken.add(layer)
            self._layers.append(layer)
            if "visible" not in reference.source.layer:
                self._added.append(layer)
            return LayerImage(layer)
        image = _planes_last(image)
        layer = image_layer(image, reference, file)
        self._layers.append(layer)
        self._added.append(layer)
        return LayerImage(layer, None if layer.rgb else image.channel_axis)

    def _show_the_first(self) -> None:
        """Of many images that have come at once, hide all but the first, with their labels: they lie on each other."""
        others, self._added = self._added[1:], []
        hidden: list[Any] = list(others)
        for pair in self._viewer_session.pairs:
            image, labels = pair.image, pair.labels
            if isinstance(image, LayerImage) and any(image.layer is layer for layer in others):
                hidden += [labels.layer] if isinstance(labels, LayerLabels) else []
        for layer in hidden:
            layer.visible = False


def image_layer(image: ImageFile, reference: ImageReference, file: Path | None) -> Image:
    """An image from a file as a layer, with axes, pixel size and place."""
    data, axis, rgb = image.data, image.channel_axis, _is_coloured(image)
    place = place_in_file(image, image.axes[:-1] if rgb else image.axes)
    if reference.pixel_size is not None:
        scale = list(reference.pixel_size)
        if axis is not None and not rgb:
            scale.insert(axis % data.ndim, 1.0)
        if scale != place["scale"] or image.spacing is None:  # the file does not know what it means
            n_axes = len(scale)
            place |= {"scale": scale, "translate": [0.0] * n_axes, "units": ["pixel"] * n_axes}
    metadata = {} if file is None else {METADATA_KEY: {"path": str(file)}}
    return Image(
        data,
        name=reference.name,
        rgb=rgb,
        multiscale=False,
        metadata=metadata,
        **place,
    )


def _layers_of(pair: Pair) -> list[Any]:
    """The layers of an image and its labels."""
    images = list(getattr(pair.image, "layers", ()))
    return images + ([pair.labels.layer] if isinstance(pair.labels, LayerLabels) else [])


def _planes_last(image: ImageFile) -> ImageFile:
    """The image with its channels first, unless they are colours: napari shows the last two axes."""
    data: Any = image.data
    if image.channel_axis is None or _is_coloured(image):
        return image
    if data.size * data.dtype.itemsize <= SMALL:
        data = np.asarray(data)
    elif not isinstance(data, np.ndarray):  # it is read when it is looked at
        from dask.array import from_array

        data = from_array(data, chunks=getattr(data, "chunks", None) or "auto")  # type: ignore[no-untyped-call]  # dask
    axis = image.channel_axis % data.ndim
    order = [axis, *(other for other in range(data.ndim) if other != axis)]
    axes = "".join(image.axes[other] for other in order)
    return replace(image, data=data.transpose(order), axes=axes, channel_axis=0)


def _is_coloured(image: ImageFile) -> bool:
    """Whether the channels are shown as colours."""
    axis, data = image.channel_axis, image.data
    is_last = axis is not None and axis % data.ndim == data.ndim - 1
    return is_last and data.shape[-1] in COLOURS and data.dtype == np.uint8


def _is_of(image: LayerImage, reference: ImageReference) -> bool:
    paths = list(reference.paths)
    opened_from = None if image.path is None else Path(image.path)
    is_same = any(same_file(opened_from, path) for path in paths)
    return is_same or (image.name == reference.name and (opened_from is None or not paths))


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
