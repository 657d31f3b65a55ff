"""Live update in a window: a small project, and comparing what is shown with what a script says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Layer

import napari_pixclass as px
from napari_pixclass.core import LabelledPixels, Tile, segmentation_of, uncertainty_of
from napari_pixclass.session import LiveArray
from napari_pixclass.viewer._sources import LayerImage
from napari_pixclass.viewer._view_watch import view_of

from .conftest import LONG, Point

SELECTION = {"gaussian_smoothing": [1.0], "laplacian_of_gaussian": [1.6]}
N_TREES = 12


def features(ndim: int) -> px.FeatureSet:
    """Few features: what they are does not matter here."""
    return px.FeatureSet.from_selection(SELECTION, ndim=ndim)


def begin(viewer: Any, image: Layer, ndim: int = 2, channel_axis: int | None = None) -> Any:
    """The session of a viewer, live, with empty labels on an image."""
    session = px.session(viewer)
    session.features = features(ndim)
    session.n_estimators = N_TREES
    if channel_axis is None:
        session.new_labels(image)
    else:
        shape = np.delete(image.data.shape, channel_axis)
        labels = viewer.add_labels(np.zeros(shape, np.uint8), name="Labels")
        session.add_pair(LayerImage(image, channel_axis), labels)
        session.select_class(1)
    session.live_update = True
    redraw(viewer)
    return session


def redraw(viewer: Any) -> None:
    """Have the canvas drawn: only then napari knows what is on it."""
    viewer.screenshot(flash=False)


def camera_of(viewer: Any) -> Any:
    return getattr(viewer, "scene", viewer).camera  # napari 0.9 put a scene in between


def painted_layer(session: Any) -> Any:
    """The labels layer of the first pair."""
    return session.pairs[0].labels.layer


def on_layer(layer: Any, *points: Point) -> list[Point]:
    """Points given in pixels of the plane that is displayed, as points of the world."""
    displayed = layer._slice_input.displayed
    corner = np.array(layer.world_to_data(layer._slice_input.world_slice.point), float)
    corner = np.nan_to_num(corner)
    found = []
    for point in points:
        corner[list(displayed)] = point
        found.append(tuple(np.array(layer.data_to_world(corner))[list(displayed)]))
    return found


def expected(session: Any, spacing: Any = None) -> np.ndarray:
    """Probabilities of the target, as a script finds them; classes last."""
    classifier = px.PixelClassifier(
        session.features, n_estimators=session.n_estimators, random_state=0
    )
    pairs, target = session.pairs, session.target
    classifier.fit(
        [np.asarray(pair.image.data) for pair in pairs],
        [np.asarray(pair.labels.data) for pair in pairs],
        channel_axis=pairs[0].image.channel_axis,
        spacing=spacing,
    )
    return classifier.predict_proba(
        np.asarray(target.data), channel_axis=target.channel_axis, spacing=spacing
    )


def is_settled(session: Any) -> bool:
    """Whether nothing runs, all has been seen, and nothing of what is on screen is missing."""
    session.view_changed()  # as the timer would find out soon
    if session.job is not None:
        return False
    for pair in session.pairs:
        if session.labelled(pair) != LabelledPixels.of(np.asarray(pair.labels.data)):
            return False
    result = session.live_result
    if len(session.counts) < 2:
        return result is None
    if result is None or result.classifier is not session.classifier:
        return False
    if not result.image.is_current() or result.image.source != session.target:
        return False
    return not missing(session)


def settle(qtbot: Any, session: Any) -> None:
    """Wait until that is so."""
    qtbot.waitUntil(lambda: is_settled(session) or session.error != "", timeout=LONG)
    assert session.error == ""


def level_of(layer: Layer, level: int) -> Any:
    return layer.data[level] if layer.multiscale else layer.data


def is_known(key: object, values: np.ndarray) -> np.ndarray:
    return values != 0 if key == "segmentation" else ~np.isnan(values)


def missing(session: Any) -> set[object]:
    """Visible outputs that are not known everywhere on screen."""
    image = session.target
    view = view_of(image, session._dims, session.outputs)
    outputs = session.output_layers.of(image.layer)
    if view is None:
        return set()
    return {
        key
        for key, layer in outputs.items()
        if layer.visible
        and not is_known(key, np.asarray(level_of(layer, view.level)[view.box])).all()
    }


def reference(key: object, probabilities: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """What an output layer should show."""
    if key == "uncertainty":
        return uncertainty_of(probabilities)
    if key == "segmentation":
        return segmentation_of(probabilities, np.array(classes))
    return probabilities[..., classes.index(key)]


def check_shown(session: Any, probabilities: np.ndarray) -> None:
    """Whatever is shown is right, at every resolution, and nothing is missing on screen."""
    layers = session.output_layers.of(session.target.layer)
    classes = [int(value) for value in session.classifier.classes_]
    assert {key for key in layers if isinstance(key, int)} <= set(classes)
    n_known = 0
    for key, layer in layers.items():
        right = reference(key, probabilities, classes)
        for level in range(len(layer.data) if layer.multiscale else 1):
            array = level_of(layer, level)
            assert isinstance(array, LiveArray)
            values = np.asarray(array)
            known = is_known(key, values)
            n_known += known.sum()
            np.testing.assert_array_equal(values[known], coarser(right, values.shape)[known])
    assert n_known > 0
    assert missing(session) == set()
    check_drawn(session)


def check_drawn(session: Any) -> None:
    """What napari has on its canvas is what it would read now."""
    for layer in session.output_layers.of(session.target.layer).values():
        if layer.visible:
            drawn = layer._slice.image.raw.copy()
            layer.refresh()
            np.testing.assert_array_equal(drawn, layer._slice.image.raw)


def coarser(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The pixels in the middle of those of a coarser level."""
    for axis, (full, length) in enumerate(zip(values.shape, shape, strict=True)):
        index = np.minimum((np.arange(length) + 0.5) * (full / length), full - 1)
        values = values.take(index.astype(int), axis=axis)
    return values


def known_tiles(session: Any) -> set[Tile]:
    """Tiles that are known completely."""
    result = session.live_result
    if result is None:
        return set()
    return {tile for tile, found in result.store.snapshot().items() if not found.is_rough}
