"""What part of a layer is on screen."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Layer

from napari_pixclass.viewer._sources import LayerImage
from napari_pixclass.viewer._view import visible_region
from napari_pixclass.viewer._view_watch import view_of

OUTPUTS = frozenset({"probabilities"})
SHAPE = (30, 40)

Places = list[dict[str, Any]]

PLACES: Places = [
    {},
    {"translate": (7, -20)},
    {"scale": (0.5, 3)},
    {"scale": (2, 2), "translate": (100, 30), "rotate": 30},
    {"rotate": 90},
    {"shear": (0.4,)},
    {"affine": [[0.8, 0.3, 5], [-0.2, 1.1, -3], [0, 0, 1]]},
    {"scale": (-1, 1)},
]


def redraw(viewer: Any) -> None:
    """Have the canvas drawn: only then napari knows what is on it."""
    viewer.screenshot(flash=False)


def camera_of(viewer: Any) -> Any:
    return getattr(viewer, "scene", viewer).camera  # napari 0.9 put a scene in between


def on_screen(viewer: Any, layer: Layer) -> np.ndarray:
    """Which pixels of a layer have their middle on the canvas."""
    canvas, camera = viewer.window._qt_viewer.canvas.native, camera_of(viewer)
    half = np.array([canvas.height(), canvas.width()]) / 2 / camera.zoom
    displayed, dims = list(viewer.dims.displayed), viewer.dims
    shape = (layer.data[0] if layer.multiscale else layer.data).shape[: layer.ndim]
    point = np.round(layer.world_to_data(dims.point))
    missing = dims.ndim - layer.ndim
    hit = np.zeros(shape, bool)
    for index in np.ndindex(shape):
        world = np.zeros(dims.ndim)
        world[missing:] = layer.data_to_world(index)
        is_inside = np.all(np.abs(world[displayed] - np.array(camera.center)[-2:]) < half)
        is_in_plane = all(
            index[axis] == point[axis]
            for axis in range(layer.ndim)
            if axis + missing not in displayed
        )
        hit[index] = is_inside and is_in_plane
    return hit


def check(viewer: Any, layer: Layer) -> None:
    """The region is the box around what is on screen, or somewhat larger."""
    redraw(viewer)
    box = visible_region(layer, viewer.dims)
    hit = on_screen(viewer, layer)
    if not hit.any():
        return
    assert box is not None
    assert len(box) == layer.ndim
    missing = viewer.dims.ndim - layer.ndim
    for axis, (span, where) in enumerate(zip(box, np.nonzero(hit), strict=True)):
        assert 0 <= span.start < span.stop <= hit.shape[axis]
        assert span.start <= where.min()
        assert where.max() < span.stop
        if axis + missing in viewer.dims.displayed:
            assert where.min() - span.start <= 3
            assert span.stop - where.max() <= 4
        else:
            assert span.stop - span.start == 1


def test_after_zoom_and_pan(window_viewer: Any) -> None:
    camera = camera_of(window_viewer)
    for place in PLACES:
        layer = window_viewer.add_image(np.zeros(SHAPE, np.float32), **place)
        window_viewer.reset_view()
        check(window_viewer, layer)
        middle, zoom = np.array(camera.center), camera.zoom
        for factor, shift in [(1, (0, 8, 5)), (4, (0, 0, 0)), (9, (0, -6, 9)), (0.3, (0, 2, 2))]:
            camera.zoom, camera.center = zoom * factor, tuple(middle + shift)
            check(window_viewer, layer)
        window_viewer.layers.clear()


def test_planes_of_a_volume(window_viewer: Any) -> None:
    viewer = window_viewer
    layer = viewer.add_image(np.zeros((5, 6, 20), np.float32), scale=(2, 1, 0.5))
    for order in [(0, 1, 2), (1, 0, 2), (2, 1, 0), (0, 2, 1)]:
        viewer.dims.order = order
        viewer.reset_view()
        for step in (0, 3, 4):
            viewer.dims.set_current_step(order[0], step)
            check(viewer, layer)
            assert visible_region(layer, viewer.dims)[order[0]] == slice(step, step + 1)


def test_rgb_and_an_image_below_a_volume(window_viewer: Any) -> None:
    viewer = window_viewer
    colors = viewer.add_image(np.zeros((*SHAPE, 3), np.uint8), rgb=True)
    check(viewer, colors)
    viewer.add_image(np.zeros((4, 100, 100), np.float32))
    viewer.dims.set_current_step(0, 3)
    check(viewer, colors)
    assert visible_region(colors, viewer.dims) == (slice(0, 30), slice(0, 40))
    viewer.dims.ndisplay = 3
    redraw(viewer)
    assert visible_region(colors, viewer.dims) == (slice(0, 30), slice(0, 40))


def test_sliders_beyond_the_layer(window_viewer: Any) -> None:
    viewer = window_viewer
    short = viewer.add_image(np.zeros((3, *SHAPE), np.float32), translate=(4, 0, 0))
    viewer.add_image(np.zeros((20, *SHAPE), np.float32))
    for step in range(20):
        viewer.dims.set_current_step(0, step)
        redraw(viewer)
        box = visible_region(short, viewer.dims)
        expected = None if not 4 <= step <= 6 else slice(step - 4, step - 3)
        assert (box if box is None else box[0]) == expected


def test_all_of_a_volume_in_3d(window_viewer: Any) -> None:
    viewer = window_viewer
    series = viewer.add_image(np.zeros((3, 4, 20, 30), np.float32))
    viewer.dims.ndisplay = 3
    viewer.dims.set_current_step(0, 2)
    redraw(viewer)
    whole = (slice(2, 3), slice(0, 4), slice(0, 20), slice(0, 30))
    assert visible_region(series, viewer.dims) == whole


def pyramid(shape: tuple[int, ...], n_levels: int, factors: tuple[int, ...]) -> list[np.ndarray]:
    levels = [np.zeros(shape, np.float32)]
    for _ in range(n_levels - 1):
        levels.append(levels[-1][tuple(slice(None, None, factor) for factor in factors)])
    return levels


def test_levels_of_a_pyramid(window_viewer: Any) -> None:
    viewer = window_viewer
    layer = viewer.add_image(pyramid((4001, 3001), 4, (2, 2)), multiscale=True)
    image, camera, zoom = LayerImage(layer), camera_of(viewer), None
    levels = set()
    for factor in (1, 2, 5, 20):
        redraw(viewer)
        zoom = camera.zoom if zoom is None else zoom
        camera.zoom = zoom * factor
        redraw(viewer)
        view = view_of(image, viewer.dims, OUTPUTS)
        levels.add(view.level)
        assert view.shape == layer.data[view.level].shape
        first, last = layer.corner_pixels  # what napari reads
        for span, low, high in zip(view.box, first, last, strict=True):
            assert span.start <= low
            assert high < span.stop
    assert len(levels) > 2


def test_the_plane_of_a_pyramid_is_the_one_that_is_drawn(window_viewer: Any) -> None:
    viewer = window_viewer
    planes = np.arange(10, dtype=np.float32)[:, np.newaxis, np.newaxis]
    levels = [
        planes + np.zeros((10, 3000, 3000), np.float32)[:, :: 2**level, :: 2**level]
        for level in range(3)
    ]
    levels = [level[:: 2**index] for index, level in enumerate(levels)]
    layer = viewer.add_image(levels, multiscale=True)
    for step in range(10):
        viewer.dims.set_current_step(0, step)
        redraw(viewer)
        view = view_of(LayerImage(layer), viewer.dims, OUTPUTS)
        assert view.level > 0
        drawn = layer._slice.image.raw[0, 0]
        assert layer.data[view.level][view.box[0].start, 0, 0] == drawn


def test_one_pixel_on_screen_is_part_of_the_same_tiles(window_viewer: Any) -> None:
    viewer = window_viewer
    layer = viewer.add_image(np.zeros(SHAPE, np.float32))
    camera = camera_of(viewer)
    for center in [(0, -0.4, -0.4), (0, 12, 7), (0, 29.4, 39.4), (0, -500, 12)]:
        camera.center, camera.zoom = center, 5000
        redraw(viewer)
        view = view_of(LayerImage(layer), viewer.dims, OUTPUTS)
        assert all(axis.stop - axis.start > 1 for axis in view.box)
