"""File > Save Selected Layers: layers become files with axes, pixel size and names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels
from npe2 import plugin_manager
from tests.viewer.conftest import scribbles, stripes

import napari_pixclass as px
from napari_pixclass.core import ClassInfo
from napari_pixclass.io import load_scribbles, open_image, open_label_file
from napari_pixclass.session import LiveArray

PLUGIN = "napari-pixclass"

PLACE = {"scale": (2.0, 0.5, 0.5), "units": ("um",) * 3, "axis_labels": ("z", "y", "x")}
VOLUME = stripes((3, 20, 40)) / 200


@pytest.fixture(autouse=True)
def plugins() -> None:
    """What the first window would find."""
    plugin_manager.discover()


@pytest.mark.parametrize("suffix", [".tif", ".zarr", ".h5", ".npy"])
def test_an_image_layer_keeps_axes_and_pixel_size(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"some{suffix}"
    assert Image(VOLUME, **PLACE).save(str(path), plugin=PLUGIN) == [str(path)]
    image = open_image(path)
    assert np.array_equal(np.asarray(image.data), VOLUME)
    if suffix != ".npy":
        assert (image.axes, image.spacing) == ("ZYX", (2.0, 0.5, 0.5))
        assert image.unit == "\N{MICRO SIGN}m"


@pytest.mark.parametrize("suffix", [".tif", ".zarr", ".h5"])
def test_probabilities_become_channels_of_one_file(
    trained: Any, viewer: ViewerModel, tmp_path: Path, suffix: str
) -> None:
    trained.predict().result(60)
    layers = [layer for layer in viewer.layers if "robab" in layer.name]
    viewer.layers.selection = set(layers)
    path = tmp_path / f"some{suffix}"
    viewer.layers.save(str(path), selected=True, plugin=PLUGIN)
    image = open_image(path)
    is_last = suffix == ".h5"  # as ilastik exports them
    assert (image.axes, image.data.shape) == (
        ("YXC", (64, 64, 2)) if is_last else ("CYX", (2, 64, 64))
    )
    assert np.allclose(np.sum(np.asarray(image.data), axis=image.channel_axis), 1)


def test_a_png_shows_fractions(tmp_path: Path) -> None:
    Image(np.linspace(0, 1, 60, dtype=np.float32).reshape(6, 10)).save(
        str(tmp_path / "a.png"), plugin=PLUGIN
    )
    found = np.asarray(open_image(tmp_path / "a.png").data)
    assert (found.min(), found.max()) == (0, 255)
    with pytest.raises(RuntimeError, match="fractions from 0 to 1"):
        Image(stripes((8, 8))).save(str(tmp_path / "b.png"), plugin=PLUGIN)


def test_scribbles_are_saved_with_their_classes(viewer: ViewerModel, tmp_path: Path) -> None:
    session = px.session(viewer)
    image = viewer.add_image(stripes((64, 64)), name="cells")
    layer = viewer.add_labels(scribbles((64, 64)))
    session.add_pair(image, layer)
    session.classes = [ClassInfo(1, "dark", "#00ff00"), ClassInfo(2, "bright", "#ff0000")]
    layer.save(str(tmp_path / "some.scribbles"), plugin=PLUGIN)
    labelled, info = load_scribbles(tmp_path / "some.scribbles")
    assert np.array_equal(labelled.to_array(), layer.data)
    assert (info.classes, info.image_name) == (session.classes, "cells")
    for suffix in (".png", ".tif", ".npy"):
        layer.save(str(tmp_path / f"some{suffix}"), plugin=PLUGIN)
        assert np.array_equal(open_label_file(tmp_path / f"some{suffix}").labels, layer.data)


def test_a_segmentation_is_saved_with_the_classes(
    trained: Any, viewer: ViewerModel, tmp_path: Path
) -> None:
    trained.predict().result(60)
    trained.classes = [ClassInfo(1, "sky", "#112233"), ClassInfo(2, "sea", "#445566")]
    path = str(tmp_path / "some.scribbles")
    viewer.layers["Segmentation of stripes"].save(path, plugin=PLUGIN)
    assert [info.name for info in load_scribbles(path)[1].classes] == ["sky", "sea"]


def test_what_is_not_complete_is_not_saved(tmp_path: Path) -> None:
    live = LiveArray("probabilities", np.float32, (8, 8))
    with pytest.raises(RuntimeError, match="100% have not been on screen"):
        Image(live).save(str(tmp_path / "some.tif"), plugin=PLUGIN)
    live = LiveArray("segmentation", np.uint8, (8, 8))
    with pytest.raises(RuntimeError, match="to save must be complete"):
        Labels(live).save(str(tmp_path / "some.tif"), plugin=PLUGIN)
    assert list(tmp_path.iterdir()) == []


def test_layers_that_do_not_fit_together_are_refused(viewer: ViewerModel, tmp_path: Path) -> None:
    viewer.add_image(np.zeros((4, 4)))
    viewer.add_image(np.zeros((5, 4)))
    with pytest.raises(RuntimeError, match="grey and of the same shape"):
        viewer.layers.save(str(tmp_path / "some.tif"), plugin=PLUGIN)


def test_what_napari_saves_by_itself_stays_as_it_was(tmp_path: Path, qtbot: Any) -> None:
    """Who chooses no plugin gets napari's own files."""
    for kind in ("image", "labels"):
        writer, _ = plugin_manager.get_writer(str(tmp_path / "some.tif"), [kind])
        assert writer.command.startswith("napari.")
