"""Live update in a window: paint, and what is on screen is what a script says, for every kind of image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from napari_pixclass.session._view import TILE_LENGTHS

from .conftest import Point, stripes
from .live import (
    begin,
    camera_of,
    check_shown,
    expected,
    known_tiles,
    on_layer,
    painted_layer,
    redraw,
    settle,
)

Stroke = Callable[..., None]


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles that are small enough for small images."""
    for n_axes, length in {1: 64, 2: 32, 3: 16}.items():
        monkeypatch.setitem(TILE_LENGTHS, n_axes, length)


def paint_two_classes(
    viewer: Any, session: Any, stroke: Stroke, first: Point = (10, 8), second: Point = (10, 24)
) -> None:
    """A stroke of each class, downwards from a point of the plane on screen."""
    layer = painted_layer(session)
    for value, (y, x) in ((1, first), (2, second)):
        session.select_class(value)
        before = np.count_nonzero(layer.data)
        stroke(viewer, on_layer(layer, (y, x), (y + 12, x)))
        assert np.count_nonzero(layer.data) > before


def test_strokes_in_2d(window_viewer: Any, qtbot: Any, stroke: Stroke) -> None:
    viewer = window_viewer
    image = viewer.add_image(stripes((70, 90)), name="stripes")
    session = begin(viewer, image)
    paint_two_classes(viewer, session, stroke)
    settle(qtbot, session)
    right = expected(session)
    check_shown(session, right)
    for layer in session.output_layers.of(image).values():
        layer.visible = True
    settle(qtbot, session)
    check_shown(session, right)
    session.select_class(1)
    stroke(viewer, on_layer(painted_layer(session), (40, 60), (40, 70)))
    settle(qtbot, session)
    check_shown(session, expected(session))
    assert len(known_tiles(session)) == 9


def test_colours(window_viewer: Any, qtbot: Any, stroke: Stroke) -> None:
    viewer = window_viewer
    colors = np.stack([stripes((50, 60))] * 3, axis=-1).clip(0, 255).astype(np.uint8)
    session = begin(viewer, viewer.add_image(colors, rgb=True))
    paint_two_classes(viewer, session, stroke)
    settle(qtbot, session)
    check_shown(session, expected(session))


def test_the_plane_on_screen_of_a_volume(window_viewer: Any, qtbot: Any, stroke: Stroke) -> None:
    viewer = window_viewer
    session = begin(viewer, viewer.add_image(stripes((12, 50, 60))), ndim=3)
    viewer.dims.set_current_step(0, 4)
    redraw(viewer)
    paint_two_classes(viewer, session, stroke)
    settle(qtbot, session)
    right = expected(session)
    check_shown(session, right)
    assert {tile.start[0] for tile in known_tiles(session)} == {4}
    for step in (5, 0, 11):
        viewer.dims.set_current_step(0, step)
        settle(qtbot, session)
        check_shown(session, right)
    assert {tile.start[0] for tile in known_tiles(session)} == {0, 4, 5, 11}
    assert {tile.size[0] for tile in known_tiles(session)} == {1}
    stroke(viewer, on_layer(painted_layer(session), (40, 10), (40, 16)))
    assert painted_layer(session).data[11].any()
    settle(qtbot, session)
    check_shown(session, expected(session))
    assert {tile.start[0] for tile in known_tiles(session)} == {11}


def test_a_volume_from_all_sides(window_viewer: Any, qtbot: Any, stroke: Stroke) -> None:
    viewer = window_viewer
    session = begin(viewer, viewer.add_image(stripes((20, 40, 50))), ndim=3)
    paint_two_classes(viewer, session, stroke)
    settle(qtbot, session)
    right = expected(session)
    for order in [(1, 0, 2), (2, 1, 0), (0, 2, 1)]:
        viewer.dims.order = order
        viewer.reset_view()
        redraw(viewer)
        settle(qtbot, session)
        check_shown(session, right)
    viewer.dims.ndisplay = 3
    redraw(viewer)
    settle(qtbot, session)
    check_shown(session, right)
    layer = next(iter(session.output_layers.of(session.target.layer).values()))
    assert not np.isnan(layer.data).any()


def test_frames_of_a_series(window_viewer: Any, qtbot: Any, stroke: Stroke) -> None:
    viewer = window_viewer
    session = begin(viewer, viewer.add_image(stripes((6, 40, 50))))
    viewer.dims.set_current_step(0, 2)
    redraw(viewer)
    paint_two_classes(viewer, session, stroke)
    settle(qtbot, session)
    right = expected(session)
    check_shown(session, right)
    for step in (3, 5):
        viewer.dims.set_current_step(0, step)
        settle(qtbot, session)
        check_shown(session, right)
    assert {tile.start[0] for tile in known_tiles(session)} == {2, 3, 5}


def levels(data: np.ndarray, n_levels: int) -> list[np.ndarray]:
    found = [data]
    for _ in range(n_levels - 1):
        found.append(found[-1][tuple(slice(None, None, 2) for _ in data.shape)])
    return found


def zoom_to_level(viewer: Any, image: Any, level: int) -> None:
    """Zoom out until napari draws this level; at which zoom it does depends on the size of the window."""
    for zoom in np.geomspace(8, 0.05, 60):
        camera_of(viewer).zoom = zoom
        redraw(viewer)
        if image.data_level == level:
            return
    pytest.fail(f"napari draws no level {level}")


def test_a_pyramid(
    window_viewer: Any, qtbot: Any, stroke: Stroke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TILE_LENGTHS, 2, 256)
    viewer = window_viewer
    image = viewer.add_image(levels(stripes((1500, 1600)), 3), multiscale=True)
    session = begin(viewer, image)
    camera_of(viewer).center = (0, 700, 700)
    zoom_to_level(viewer, image, 0)
    assert painted_layer(session).data.shape == (1500, 1600)
    paint_two_classes(viewer, session, stroke, (640, 664), (640, 680))
    settle(qtbot, session)
    right = expected(session)
    check_shown(session, right)
    for level in (1, 2, 0):
        zoom_to_level(viewer, image, level)
        settle(qtbot, session)
        check_shown(session, right)
    zoom_to_level(viewer, image, 2)
    stroke(viewer, on_layer(painted_layer(session), (400, 200), (400, 600)))
    settle(qtbot, session)
    check_shown(session, expected(session))
    layer = session.output_layers.of(image)[1]
    assert layer.data_level == 2
    (top, left), (bottom, right) = layer.corner_pixels
    box = np.s_[top : bottom + 1, left : right + 1]
    np.testing.assert_array_equal(layer._slice.image.raw, layer.data[2][box])


def test_a_layer_somewhere_else(window_viewer: Any, qtbot: Any, stroke: Stroke) -> None:
    viewer = window_viewer
    image = viewer.add_image(stripes((50, 60)), scale=(2, 1), translate=(100, -30), rotate=30)
    session = begin(viewer, image)
    paint_two_classes(viewer, session, stroke)
    settle(qtbot, session)
    right = expected(session, spacing=(2, 1))
    check_shown(session, right)
    camera_of(viewer).zoom *= 5
    redraw(viewer)
    settle(qtbot, session)
    check_shown(session, right)


def test_two_viewers(make_napari_viewer: Callable[..., Any], qtbot: Any, stroke: Stroke) -> None:
    viewers = [make_napari_viewer(show=True) for _ in range(2)]
    sessions = []
    for index, viewer in enumerate(viewers):
        viewer.window.resize(800, 600)
        sessions.append(begin(viewer, viewer.add_image(stripes((50 + index, 60)))))
    for viewer, session in zip(viewers, sessions, strict=True):
        paint_two_classes(viewer, session, stroke)
    for session in sessions:
        settle(qtbot, session)
        check_shown(session, expected(session))
    before = sessions[1].live_result
    stroke(viewers[0], on_layer(painted_layer(sessions[0]), (40, 10), (40, 16)))
    settle(qtbot, sessions[0])
    check_shown(sessions[0], expected(sessions[0]))
    assert sessions[1].live_result is before


def test_what_is_on_screen_and_no_more(window_viewer: Any, qtbot: Any, stroke: Stroke) -> None:
    viewer = window_viewer
    session = begin(viewer, viewer.add_image(stripes((300, 400))))
    camera = camera_of(viewer)
    camera.zoom, camera.center = 12, (0, 40, 40)
    redraw(viewer)
    paint_two_classes(viewer, session, stroke, (30, 40), (30, 56))
    settle(qtbot, session)
    right = expected(session)
    check_shown(session, right)
    before = len(known_tiles(session))
    assert before < 20
    for center in [(0, 250, 350), (0, 150, 200)]:
        camera.center = center
        redraw(viewer)
        settle(qtbot, session)
        check_shown(session, right)
    assert before < len(known_tiles(session)) < 60
    camera.zoom = 2
    redraw(viewer)
    settle(qtbot, session)
    check_shown(session, right)
    assert len(known_tiles(session)) == 130
