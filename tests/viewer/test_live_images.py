"""Live update of images of every kind: what is shown is what a script says."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest
import zarr
from napari.components import ViewerModel

import napari_pixclass as px
from napari_pixclass.session._view import TILE_LENGTHS
from napari_pixclass.viewer._sources import LayerImage

from .conftest import scribbles, stripes
from .live import N_TREES, check_shown, expected, features, settle

SHAPE = (50, 60)


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles that are small enough for small images."""
    for n_axes, length in {1: 64, 2: 32, 3: 16}.items():
        monkeypatch.setitem(TILE_LENGTHS, n_axes, length)


def check(viewer: ViewerModel, qtbot: Any, image: Any, shape: Any = SHAPE, **script: Any) -> Any:
    """Train and predict, then with a stroke more."""
    session = px.session(viewer)
    session.features, session.n_estimators = features(2), N_TREES
    labels = viewer.add_labels(scribbles(shape))
    session.add_pair(image, labels)
    session.target = session.pairs[0].image
    session.live_update = True
    settle(qtbot, session)
    check_shown(session, expected(session, **script))
    middle = [float(length // 2) for length in shape[:-2]]
    labels.paint((*middle, 40.0, 6.0), 2)
    settle(qtbot, session)
    check_shown(session, expected(session, **script))
    return session


def test_colours_with_alpha(viewer: ViewerModel, qtbot: Any) -> None:
    colors = np.stack([stripes(SHAPE)] * 4, axis=-1).clip(0, 255).astype(np.uint8)
    session = check(viewer, qtbot, viewer.add_image(colors, rgb=True))
    assert session.classifier.state.n_channels == 3


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_channels_of_a_layer(viewer: ViewerModel, qtbot: Any, axis: int) -> None:
    data = np.stack([stripes(SHAPE), stripes(SHAPE)[::-1] * 2], axis=axis)
    layer = viewer.add_image(data)
    displayed = [other for other in range(3) if other != axis]
    viewer.dims.order = (axis, *displayed)
    layer.corner_pixels = np.array([[0, 0, 0], np.array(data.shape) - 1])  # as it would be drawn
    check(viewer, qtbot, LayerImage(layer, axis))


def test_layers_as_channels(viewer: ViewerModel, qtbot: Any) -> None:
    layers = [viewer.add_image(stripes(SHAPE)), viewer.add_image(stripes(SHAPE)[::-1] * 2)]
    session = check(viewer, qtbot, layers)
    assert session.classifier.state.n_channels == 2
    layers[1].data = layers[1].data + 50
    assert session.live_result is None
    settle(qtbot, session)
    check_shown(session, expected(session))


@pytest.mark.parametrize("make", [da.from_array, zarr.array], ids=["dask", "zarr"])
def test_images_that_are_not_in_memory(viewer: ViewerModel, qtbot: Any, make: Any) -> None:
    data = stripes((3, *SHAPE))
    check(viewer, qtbot, viewer.add_image(make(data, chunks=(1, 20, 20))), data.shape)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float16, np.float64, bool])
def test_types(viewer: ViewerModel, qtbot: Any, dtype: Any) -> None:
    data = stripes(SHAPE) > 100 if dtype is bool else stripes(SHAPE).astype(dtype)
    check(viewer, qtbot, viewer.add_image(data))


def test_an_array_that_is_not_contiguous(viewer: ViewerModel, qtbot: Any) -> None:
    data = np.asfortranarray(stripes((120, 60)))[::2][:50]
    check(viewer, qtbot, viewer.add_image(data))


PLACES: list[dict[str, Any]] = [
    {"scale": (0.5, 0.5), "translate": (100, -30)},
    {"scale": (3, 3), "shear": (0.3,), "units": "um"},
    {"affine": [[0.8, 0.3, 5], [-0.2, 1.1, -3], [0, 0, 1]]},
    {"scale": (-1, 1)},
]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_layers_somewhere_else(viewer: ViewerModel, qtbot: Any, place: dict[str, Any]) -> None:
    image = viewer.add_image(stripes(SHAPE), **place)
    scale = place.get("scale")
    session = check(viewer, qtbot, image, spacing=None if scale is None else np.abs(scale))
    for layer in session.output_layers.of(image).values():
        np.testing.assert_allclose(layer.data_to_world((3, 5)), image.data_to_world((3, 5)))
