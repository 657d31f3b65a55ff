"""Next place in a window: where the eyes are led, what is in hand there, and the mark that goes by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

import napari_pixclass as px
from napari_pixclass.session import Destination
from napari_pixclass.viewer._sources import LayerImage

from .conftest import LONG, scribbles, stripes
from .hands import Hands
from .live import camera_of, features

pytestmark = pytest.mark.usefixtures("accidents")

SHAPE = (200, 300)


def begin(viewer: ViewerModel, *shapes: tuple[int, ...], ndim: int = 2, **place: Any) -> Any:
    """A trained session of an image of each shape; only the first one has scribbles."""
    session = px.session(viewer)
    session.features, session.n_estimators = features(ndim), 10
    for number, shape in enumerate(shapes):
        image = viewer.add_image(stripes(shape), name=f"image {number}", **place)
        first = scribbles(shape) if number == 0 else np.zeros(shape, np.uint8)
        session.add_pair(image, viewer.add_labels(first, name=f"labels {number}", **place))
    session.train().result(60)
    return session


def go(session: Any) -> Destination:
    return session.next_place().result(60)


def marker(viewer: ViewerModel) -> Any:
    return next((layer for layer in viewer.layers if layer.name == "Next place"), None)


def center(viewer: ViewerModel) -> np.ndarray:
    return np.array(camera_of(viewer).center[-2:])


@pytest.fixture
def window(window_viewer: Any, open_dock: Callable[..., Any]) -> Any:
    """A Train dock in a window, with a trained session."""
    begin(window_viewer, SHAPE)
    return open_dock(window_viewer, "Train")


def test_button_keys_and_strokes(
    window: Any,
    window_viewer: Any,
    qtbot: Any,
    click: Callable[..., None],
    stroke: Callable[..., None],
    wait_idle: Callable[..., None],
) -> None:
    viewer, session, panel = window_viewer, window.session, window.places
    session.live_update = True
    wait_idle(viewer)
    hands = Hands(qtbot, viewer, stroke)
    viewer.layers.selection.active = viewer.layers["image 0"]
    session.select_class(2)
    assert not panel.back.isEnabled()
    click(panel.next)
    wait_idle(viewer)
    first = session.place
    assert panel.reason.text() == f"{first.reason}."
    assert window.footer.status.text() == "Paint in the square what is there."
    layer = viewer.layers["labels 0"]
    assert viewer.layers.selection.active is layer
    assert (layer.mode, layer.selected_label) == ("paint", 2)
    np.testing.assert_allclose(center(viewer), first.position)
    height, width = viewer.window._qt_viewer.canvas.native.height(), SHAPE[0]
    assert camera_of(viewer).zoom == pytest.approx(height / width, rel=1)
    mark = marker(viewer)
    assert not mark.editable
    assert mark.data[0].tolist() == [(axis.start + axis.stop - 1) / 2 for axis in first.region]
    row, column = first.position
    hands.draw(layer, (row, column - 4), (row, column + 4))
    qtbot.waitUntil(lambda: marker(viewer) is None, timeout=LONG)
    assert layer.data[first.position] == 2
    wait_idle(viewer)
    assert not panel.reason.isEnabled()
    hands.press("Shift+N")
    wait_idle(viewer)
    second = session.place
    assert second is not first
    assert second.generation > first.generation
    assert marker(viewer) is not None
    hands.press("Shift+B")
    assert session.place is first
    assert marker(viewer) is None
    assert window.footer.status.text() == "Something has been painted here."
    np.testing.assert_allclose(center(viewer), first.position)
    click(panel.next)
    wait_idle(viewer)
    assert session.place is second


def test_nobody_is_led_anywhere_without_a_classifier(
    viewer: ViewerModel, open_dock: Callable[..., Any]
) -> None:
    dock = open_dock(viewer, "Train")
    panel, session = dock.places, dock.session
    assert not panel.next.isEnabled()
    session.keys.press(next(key for key in _keys() if key.name == "Shift+N"))
    assert dock.footer.status.text() == "Choose an image and labels to paint on."
    session.keys.press(next(key for key in _keys() if key.name == "Shift+B"))
    assert dock.footer.status.text() == "There is no place before this one."
    begin(viewer, (64, 64))
    assert panel.next.isEnabled()


def _keys() -> tuple[Any, ...]:
    from napari_pixclass.viewer._keys import KEYS

    return KEYS


def test_the_zoom_of_the_user_is_kept_where_it_fits(viewer: ViewerModel) -> None:
    session = begin(viewer, (400, 500))
    size = min(viewer._canvas_size) if not hasattr(viewer, "canvas") else min(viewer.canvas.size)
    for seen, expected in ((256, 256), (400, 400), (2000, 256), (30, 256)):
        camera_of(viewer).zoom = size / seen
        go(session)
        assert size / camera_of(viewer).zoom == pytest.approx(expected)


def test_slices_frames_and_sizes_of_pixels(viewer: ViewerModel) -> None:
    session = begin(
        viewer, (3, 12, 48, 64), ndim=3, scale=(1, 4, 0.5, 0.5), translate=(0, 2, 10, 20)
    )
    viewer.dims.ndisplay = 3
    viewer.layers["labels 0"].mode = "pan_zoom"
    for place in (go(session) for _ in range(5)):
        t, z, y, x = place.position
        assert viewer.dims.ndisplay == 2
        assert viewer.dims.point[:2] == (t, 2 + 4 * z)
        np.testing.assert_allclose(center(viewer), (10 + y / 2, 20 + x / 2))
        assert viewer.layers["labels 0"].mode == "paint"
        mark = marker(viewer)
        assert mark.scale.tolist() == [1, 4, 0.5, 0.5]
        assert mark.data[0, :2].tolist() == [t, z]
    assert [layer.name for layer in viewer.layers].count("Next place") == 1


def test_of_several_images_the_right_one_is_shown(viewer: ViewerModel) -> None:
    session = begin(viewer, (100, 120), (100, 120))
    session.predict().result(60)
    session.target = session.pairs[1].image
    shown = set()
    for _ in range(10):
        place = go(session)
        number = session.pairs.index(place.pair)
        shown.add(number)
        visible = {layer.name for layer in viewer.layers if layer.visible and " " in layer.name}
        assert {f"image {number}", f"labels {number}", "Next place"} <= visible
        assert not {f"image {1 - number}", f"labels {1 - number}"} & visible
        assert viewer.layers.selection.active is viewer.layers[f"labels {number}"]
    assert shown == {0, 1}


def test_images_side_by_side_all_stay(viewer: ViewerModel) -> None:
    session = begin(viewer, (100, 120), (100, 120))
    for name in ("image 1", "labels 1"):
        viewer.layers[name].translate = (0, 130)
    for _ in range(6):
        place = go(session)
        np.testing.assert_allclose(
            center(viewer)[1], place.position[1] + 130 * session.pairs.index(place.pair)
        )
    assert all(layer.visible for layer in viewer.layers)


def test_colours(viewer: ViewerModel) -> None:
    rgb = np.stack([stripes((64, 64))] * 3, axis=-1).clip(0, 255).astype(np.uint8)
    session = px.session(viewer)
    session.features, session.n_estimators = features(2), 10
    image = viewer.add_image(rgb, rgb=True, name="rgb")
    session.add_pair(image, viewer.add_labels(scribbles((64, 64))))
    session.train().result(60)
    assert len(go(session).position) == 2
    assert marker(viewer).ndim == 2


@pytest.mark.parametrize("what", ["labels", "image", "marker", "pair"])
def test_what_is_taken_away_while_a_place_is_shown(viewer: ViewerModel, what: str) -> None:
    session = begin(viewer, (64, 64), (64, 64))
    place = go(session)
    number = session.pairs.index(place.pair)
    if what == "marker":
        viewer.layers.remove("Next place")
    elif what == "pair":
        session.remove_pair(place.pair)
    else:
        viewer.layers.remove(f"{what if what == 'image' else 'labels'} {number}")
    if what != "marker":
        assert session.place is None
    assert marker(viewer) is None
    if session.classifier is not None and session.pairs:
        go(session)
        assert marker(viewer) is not None


def test_a_renamed_layer_is_still_the_same(viewer: ViewerModel) -> None:
    session = begin(viewer, (64, 64))
    viewer.layers["labels 0"].name = "mine"
    place = go(session)
    assert viewer.layers.selection.active is viewer.layers["mine"]
    viewer.layers["mine"].paint(tuple(map(float, place.position)), 2)
    session.labels_changed()
    assert marker(viewer) is None
    viewer.layers["mine"].undo()
    session.labels_changed()
    assert not session.is_place_painted


def test_the_mark_is_nobodys_image(viewer: ViewerModel, open_dock: Callable[..., Any]) -> None:
    """It is offered neither as an image nor as labels, and training goes on as before."""
    session = begin(viewer, (64, 64))
    dock = open_dock(viewer, "Train")
    go(session)
    row = dock.images.rows[0]
    for box in (row.image, row.labels):
        assert box.findText("Next place") < 0
    assert not session.plan.training_problem
    assert [pair.image for pair in session.pairs] == [LayerImage(viewer.layers["image 0"])]


def test_two_viewers_walk_alone(qtbot: Any) -> None:
    viewers = [ViewerModel(), ViewerModel()]
    sessions = [begin(viewer, (64, 64)) for viewer in viewers]
    go(sessions[0])
    assert marker(viewers[0]) is not None
    assert marker(viewers[1]) is None
    for session in sessions:
        session.close()
