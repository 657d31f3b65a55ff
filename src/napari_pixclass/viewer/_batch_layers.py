"""What a batch says, and images with their results as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari.layers import Image

from ._file_place import place_in_file
from ._sources import LayerImage, describe

if TYPE_CHECKING:
    from napari.components import LayerList

    from napari_pixclass.batch import BatchReport
    from napari_pixclass.io import ImageFile
    from napari_pixclass.session import OpenedResults

    from ._viewer_session import ViewerSession

MAX_OPENED = 10
"""Files whose results are opened at a time: each gives some five layers."""


class BatchLayers:
    """Reports how a batch has ended, and adds images and their results to the viewer, in the place of other outputs.

    Parameters
    ----------
    session
        The session.
    layers
        The layers of the viewer.
    """

    def __init__(self, session: ViewerSession, layers: LayerList) -> None:
        self._session = session
        self._layers = layers
        self._n_left_out = 0
        session.batch.finished.connect(self._on_finished)
        session.batch.opened.connect(self._on_opened)

    def open(self, indices: Sequence[int]) -> None:
        """Add files of the list with their results, which are read in the background."""
        if indices:
            self._n_left_out = max(len(indices) - MAX_OPENED, 0)
            self._session.batch.open_results(indices[:MAX_OPENED])

    def _on_finished(self, report: BatchReport) -> None:
        self._session.report(f"{report.summary()}.")

    def _on_opened(self, opened: Sequence[OpenedResults]) -> None:
        for results in opened:
            self._show(results)
        what = opened[0].image.name if len(opened) == 1 else f"{len(opened):,} images"
        told = f"Opened {what} with {'its' if len(opened) == 1 else 'their'} results."
        if self._n_left_out:
            told += f" {self._n_left_out:,} more are selected; {MAX_OPENED} are opened at a time."
        self._session.report(told)

    def _show(self, results: OpenedResults) -> None:
        source = self._source(results)
        outputs, run = self._session.output_layers, results.run
        made_by = None if results.is_kept else run.classifier
        outputs.show_values(source, results.values, run.frozen.class_table_, made_by)
        outputs.tell_age(self._session.classifier)
        for key, layer in outputs.of(source.layer).items():
            if key in results.values and key != "segmentation":
                layer.contrast_limits_range = layer.contrast_limits = (0, results.top)
        self._session.target = source

    def _source(self, results: OpenedResults) -> LayerImage:
        """The image as a layer: the one that is there, else a new one."""
        file, path = results.image, str(results.path)
        for layer in self._session.image_layers:
            known = LayerImage(layer)
            if known.path == path and known.version.shape == file.data.shape:
                return LayerImage(layer, None if layer.rgb else file.channel_axis)
        letters = file.axes[:-1] if _is_rgb(file) else file.axes
        place = place_in_file(file, letters)
        layer = Image(file.data, name=file.name, rgb=_is_rgb(file), **place)
        describe(layer, path=path)
        self._layers.append(layer)
        return LayerImage(layer, None if layer.rgb else file.channel_axis)


def _is_rgb(file: ImageFile) -> bool:
    """Whether napari can show the channels as colours."""
    return file.axes.endswith("S") and file.data.shape[-1] == 3
