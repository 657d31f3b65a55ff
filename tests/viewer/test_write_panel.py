"""Writing results to disk from the Predict dock, and the layers that open them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtWidgets import QFileDialog

import napari_pixclass as px
from napari_pixclass.io import open_image
from napari_pixclass.viewer import PredictDock

from .conftest import LONG, scribbles, stripes


@pytest.fixture
def dock(trained: Any, viewer: Any, open_dock: Callable[..., Any], tmp_path: Path) -> PredictDock:
    dock = open_dock(viewer, "Predict")
    dock.writing.target = tmp_path / "results"
    dock.writing.refresh()
    return dock


def results(dock: PredictDock) -> list[str]:
    return sorted(path.name for path in dock.writing.target.iterdir())


def test_without_a_classifier_nothing_can_be_written(
    viewer: Any, open_dock: Callable[..., Any]
) -> None:
    panel = open_dock(viewer, "Predict").writing
    assert not panel.write.isEnabled()
    assert panel.write.toolTip() == "Train first, or load a classifier."


def test_the_outputs_that_are_ticked_are_written_where_the_user_says(
    dock: PredictDock,
    tmp_path: Path,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
    viewer: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dock.writing.target = None
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a: str(tmp_path / "chosen"))
    click(dock.prediction.outputs["uncertainty"])
    click(dock.writing.write)
    assert not dock.writing.write.isEnabled()
    wait_idle(viewer)
    assert dock.writing.write.isEnabled()
    assert dock.writing.folder.text() == "chosen"
    names = ["stripes_Probabilities.ome.zarr", "stripes_Segmentation.ome.zarr"]
    assert results(dock) == names
    said = dock.footer.status.text()
    assert said.startswith(f"Wrote 2 results of stripes to {tmp_path / 'chosen'} at ")
    assert said.endswith("pixels/s.")
    written = open_image(tmp_path / "chosen" / names[0]).data[...]
    proba = dock.session.classifier.predict_proba(viewer.layers["stripes"].data)
    np.testing.assert_array_equal(written, np.moveaxis(proba, -1, 0))
    assert len(viewer.layers) == 2  # nobody asked for layers
    click(dock.writing.write)
    wait_idle(viewer)
    assert dock.footer.status.text().startswith("There was nothing left to do: 2 results of str")


def test_no_folder_no_writing(
    dock: PredictDock, click: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    dock.writing.target = None
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a: "")
    click(dock.writing.write)
    assert dock.session.job is None
    assert dock.writing.target is None


def test_results_open_as_lazy_layers_on_their_image(
    viewer: Any,
    open_dock: Callable[..., Any],
    click: Callable[..., None],
    wait_idle: Callable[..., None],
    tmp_path: Path,
) -> None:
    place = {
        "scale": (2, 0.5, 0.5),
        "translate": (1, 2, 3),
        "units": ("um", "um", "um"),
        "axis_labels": ("z", "y", "x"),
    }
    image = viewer.add_image(stripes((6, 40, 300)), name="volume", **place)
    labels = viewer.add_labels(scribbles((6, 40, 300)), name="scribbles", **place)
    session = px.session(viewer)
    session.features = px.FeatureSet.fast(3)
    session.add_pair(image, labels)
    session.train().result(60)
    session.predict().result(60)  # what is opened takes the place of what was computed
    dock = open_dock(viewer, "Predict")
    dock.writing.target = tmp_path
    click(dock.writing.opens)
    click(dock.writing.write)
    wait_idle(viewer)
    assert [layer.name for layer in viewer.layers] == [
        "volume",
        "Class 1 probability of volume",
        "Class 2 probability of volume",
        "Uncertainty of volume",
        "Segmentation of volume",
        "scribbles",
    ]
    outputs = session.output_layers.of(image)
    assert set(outputs) == {1, 2, "uncertainty", "segmentation"}
    proba = session.classifier.predict_proba(image.data, spacing=(2, 0.5, 0.5))
    for key, layer in outputs.items():
        assert layer.multiscale
        assert len(layer.data) > 1
        assert isinstance(layer.data[0], da.Array)
        for attribute in ("scale", "translate", "units", "axis_labels"):
            np.testing.assert_array_equal(getattr(layer, attribute), getattr(image, attribute))
        if isinstance(key, int):
            np.testing.assert_array_equal(layer.data[0].compute(), proba[..., key - 1])
    assert isinstance(outputs["segmentation"], Labels)
    found = open_image(tmp_path / "volume_Probabilities.ome.zarr")
    assert (found.axes, found.spacing, found.unit) == ("CZYX", (2, 0.5, 0.5), "\N{MICRO SIGN}m")
    assert found.translation == (1, 2, 3)
    assert session.image_layers == [image]
    session.train().result(60)
    assert viewer.layers[1].name == "Class 1 probability of volume (older classifier)"


def test_only_what_is_inside_the_mask_is_predicted(
    dock: PredictDock, viewer: Any, click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[20:30, 5:60] = 3
    viewer.add_labels(mask, name="tissue")
    viewer.add_labels(np.zeros((3, 3), np.uint8), name="other shape")
    combo = dock.writing.mask
    assert [combo.itemText(i) for i in range(combo.count())] == [
        "whole image",
        "scribbles",
        "tissue",
    ]
    combo.setCurrentIndex(2)
    combo.activated.emit(2)
    click(dock.writing.write)
    wait_idle(viewer)
    segmentation = open_image(dock.writing.target / "stripes_Segmentation.ome.zarr").data[...]
    np.testing.assert_array_equal(segmentation != 0, mask != 0)
    viewer.layers.remove("tissue")
    assert combo.currentText() == "whole image"


def test_cancel_keeps_what_is_finished(
    dock: PredictDock,
    viewer: Any,
    qtbot: Any,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
) -> None:
    dock.session.classifier.n_jobs = 1
    dock.session.target = viewer.add_image(stripes((2048, 2048)), name="big")
    click(dock.writing.write)
    qtbot.waitUntil(lambda: dock.session.job.progress > 0, timeout=LONG)
    qtbot.waitUntil(dock.footer.cancel.isVisible, timeout=LONG)
    assert dock.footer.status.text().startswith("Writing big")
    click(dock.footer.cancel)
    assert dock.footer.status.text() == "Cancelling…"
    assert dock.writing.write.isEnabled()
    wait_idle(viewer)
    assert results(dock) == ["big.unfinished"]
    assert dock.footer.status.text() == "Cancelled."
    told = []
    dock.session.disk.written.connect(told.append)
    click(dock.writing.write)
    wait_idle(viewer)
    assert 0 < told[0].n_pixels < 2048 * 2048
    written = open_image(told[0].paths["segmentation"]).data[...]
    np.testing.assert_array_equal(written, dock.session.classifier.predict(stripes((2048, 2048))))


def test_a_file_in_the_way_is_said(
    dock: PredictDock, viewer: Any, click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    dock.writing.target.touch()
    click(dock.writing.write)
    wait_idle(viewer)
    assert dock.footer.status.text().startswith("Results need a folder that can be written to")


def test_an_image_removed_meanwhile_is_written_and_not_opened(
    dock: PredictDock, viewer: Any, click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    click(dock.writing.opens)
    click(dock.writing.write)
    viewer.layers.remove("stripes")
    wait_idle(viewer)
    assert len(results(dock)) == 3
    assert [layer.name for layer in viewer.layers] == ["scribbles"]


def test_a_dock_that_is_closed_does_not_stop_it(
    dock: PredictDock, viewer: Any, click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    click(dock.writing.write)
    dock.close()
    wait_idle(viewer)
    assert dock.session.message.startswith("Wrote 3 results of stripes")


def test_formats_and_folding(
    dock: PredictDock, viewer: Any, click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    panel = dock.writing
    assert panel.body.isVisible()
    panel.format.setCurrentIndex(panel.format.findText("TIFF"))
    assert not panel.opens.isEnabled()
    click(panel.write)
    wait_idle(viewer)
    assert [name.rpartition(".")[2] for name in results(dock)] == ["tiff"] * 3
    click(panel.write)
    wait_idle(viewer)
    assert dock.footer.status.text().startswith("Results must not exist yet")
    click(panel.replace)
    click(panel.write)
    wait_idle(viewer)
    assert dock.footer.status.text().startswith("Wrote 3 results of stripes")
    click(panel.fold)
    assert not panel.body.isVisible()


def test_axes_that_the_layer_names(viewer: Any) -> None:
    from napari_pixclass.viewer._disk_layers import place_of
    from napari_pixclass.viewer._sources import LayerImage

    layer = viewer.add_image(
        np.zeros((2, 3, 8, 8)),
        axis_labels=("t", "c", "y", "x"),
        scale=(5, 1, 2, 2),
        translate=(0, 0, 4, 1),
        units=("s", "pixel", "nm", "nm"),
    )
    place = place_of(LayerImage(layer, 1))
    assert (place.axes, place.unit, place.start) == ("TYX", "nm", (0, 4, 1))
    layer.axis_labels = ("t", "c", "x", "y")
    assert place_of(LayerImage(layer, 1)).axes == ""
    colours = viewer.add_image(np.zeros((8, 8, 3), np.uint8), rgb=True)
    assert place_of(LayerImage(colours)).unit is None
