"""Suggested features in the Feature selection dock: shown, used with one click, taken back with another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import napari_pixclass as px

from .conftest import LONG, stripes
from .test_quality_dock import SHAPE, rows, strokes

pytestmark = pytest.mark.usefixtures("accidents")


def suggest(session: Any) -> Any:
    return session.suggest_features(sizes=[1], n_folds=2).result(LONG)


@pytest.fixture
def session(viewer: Any) -> Any:
    image = viewer.add_image(stripes(SHAPE), name="stripes")
    labels = strokes()
    labels[labels == 3] = 0
    session = px.session(viewer)
    session.features = px.FeatureSet.fast(2)
    session.add_pair(image, viewer.add_labels(labels, name="scribbles"))
    return session


@pytest.fixture
def dock(session: Any, viewer: Any, open_dock: Callable[..., Any], click: Any) -> Any:
    dock = open_dock(viewer, "Feature selection")
    assert not dock.suggestion.body.isVisible()
    click(dock.suggestion.fold)
    return dock


def test_the_button_suggests(
    dock: Any, session: Any, viewer: Any, click: Any, wait_idle: Callable[..., None]
) -> None:
    panel = dock.suggestion
    assert not panel.table.isVisible()
    click(panel.start)
    wait_idle(viewer)
    assert panel.table.rowCount() == len(session.suggestions.sets) > 3
    assert "is recommended" in dock.footer.status.text()


def test_a_set_is_used_and_taken_back(dock: Any, session: Any, click: Any) -> None:
    panel, before = dock.suggestion, session.features
    found = suggest(session)
    best = found.recommended
    assert panel.table.chosen is best
    shown = rows(panel.table)
    assert [row[0].startswith("★") for row in shown] == [item is best for item in found.sets]
    assert [row[0] for row in shown if "✓" in row[0]] == [
        "★✓ current" if best.method == "current" else "✓ current"
    ]
    assert [row[1] for row in shown] == [str(len(item.features)) for item in found.sets]
    panel.table.setCurrentCell(1, 0)
    assert "• " in panel.words.text()
    assert not panel.undo.isEnabled()
    click(panel.use)
    assert session.features == found.sets[1].features == dock.choice.features
    assert "✓" in rows(panel.table)[1][0]
    assert panel.table.currentRow() == 1
    assert not panel.use.isEnabled()
    assert panel.use.toolTip() == "This set is in use."
    assert not panel.age.isVisible()
    click(panel.undo)
    assert session.features == before == dock.choice.features
    assert not panel.undo.isEnabled()
    assert panel.use.isEnabled()


def test_choosing_by_hand_ends_the_way_back(dock: Any, session: Any, click: Any) -> None:
    suggest(session)
    dock.suggestion.table.setCurrentCell(1, 0)
    click(dock.suggestion.use)
    click(dock.scales.presets[0])
    assert not dock.suggestion.undo.isEnabled()


def test_suggestions_for_other_labels_say_so(
    dock: Any, session: Any, viewer: Any, qtbot: Any
) -> None:
    suggest(session)
    assert not dock.suggestion.age.isVisible()
    viewer.layers["scribbles"].paint((30, 40), 2)
    qtbot.waitUntil(dock.suggestion.age.isVisible, timeout=LONG)
    viewer.layers["scribbles"].data = np.zeros(SHAPE, np.uint8)
    qtbot.waitUntil(lambda: not dock.suggestion.start.isEnabled(), timeout=LONG)
    assert dock.suggestion.table.isVisible()  # what was found may still be used


def test_features_of_single_channels(
    viewer: Any, open_dock: Callable[..., Any], click: Any
) -> None:
    image = np.stack([stripes(SHAPE)] * 3, axis=-1)
    layer = viewer.add_image((image / image.max()).clip(0, 1), rgb=True)
    labels = strokes()
    labels[labels == 3] = 0
    session = px.session(viewer)
    session.add_pair(layer, viewer.add_labels(labels))
    session.features = px.FeatureSet.fast(2)
    own = {1: None, 2: px.FeatureSet.default(2)}
    session.channel_features = own
    dock = open_dock(viewer, "Feature selection")
    click(dock.suggestion.fold)
    suggest(session)
    assert all("✓" not in row[0] for row in rows(dock.suggestion.table))
    click(dock.suggestion.use)
    assert session.channel_features == {1: None}
    click(dock.suggestion.undo)
    assert session.channel_features == own
