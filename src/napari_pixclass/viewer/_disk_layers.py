"""Layers and what is written of them to disk: where an image lies, and results as layers of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_pixclass.session import Place

from ._sources import LayerImage

if TYPE_CHECKING:
    from napari_pixclass.session import Written

    from ._viewer_session import ViewerSession

_KNOWN = "TZYX"


def place_of(image: LayerImage) -> Place:
    """Where an image layer lies, as far as files can say it: they know neither rotation nor shear."""
    layer = image.layer
    axes = [axis for axis in range(layer.ndim) if axis != image.extra_axis]
    named = "".join(str(layer.axis_labels[axis]).strip().upper()[:2] for axis in axes)
    # napari's own names are numbers; files need an order, too.
    is_named = len(named) == len(axes) and "".join(c for c in _KNOWN if c in named) == named
    units = [layer.units[axis] for axis in axes]
    unit = units[-1]
    start = []
    for axis, own in zip(axes, units, strict=True):
        factor = float((1 * own).to(unit).magnitude) if own.is_compatible_with(unit) else 1.0
        start.append(float(layer.translate[axis]) * factor)
    return Place(
        named if is_named and named.endswith("YX") else "",
        None if str(unit) == "pixel" else f"{unit:~}",
        tuple(start),
    )


class DiskLayers:
    """Says what has been written to disk, and opens it if wanted: in the places of outputs that were computed.

    Parameters
    ----------
    session
        The session that writes.

    Attributes
    ----------
    opens
        Whether OME-Zarr results become layers when they are complete; their pixels are read when they are looked at.
    """

    def __init__(self, session: ViewerSession) -> None:
        self._session = session
        self.opens = False
        session.disk.written.connect(self._on_written)

    def _on_written(self, written: Written) -> None:
        if self.opens and written.levels:
            self._open(written)
        n_results, path = len(written.paths), next(iter(written.paths.values()))
        results = path.name if n_results == 1 else f"{n_results} results of {written.image.name}"
        if written.n_pixels:
            report = f"Wrote {results} to {path.parent} at {written.rate_in_words}."
        else:
            report = f"There was nothing left to do: {results} in {path.parent}."
        self._session.report(report)

    def _open(self, written: Written) -> None:
        source = written.image
        if not isinstance(source, LayerImage) or source.layer not in self._session.image_layers:
            return
        values: dict[object, object] = {}
        for output, levels in written.levels.items():
            if output != "probabilities":
                values[output] = _data(levels)
                continue
            for index, info in enumerate(written.classes):
                values[info.value] = _data([level[index] for level in levels])
        outputs = self._session.output_layers
        outputs.show_values(source, values, written.classes, written.classifier)
        outputs.tell_age(self._session.classifier)


def _data(levels: list[object]) -> object:
    return levels if len(levels) > 1 else levels[0]
