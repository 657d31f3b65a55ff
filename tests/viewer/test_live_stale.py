"""Nothing stale, and no mixture, is ever shown: looked at after every single delivery."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

import napari_pixclass as px
from napari_pixclass.session import _live_steps
from napari_pixclass.session._view import TILE_LENGTHS

from .conftest import scribbles, stripes
from .live import check_shown, expected, features, settle
from .witness import Witness


@pytest.fixture(autouse=True)
def many_deliveries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tiles, each told of at once, and a rough look whenever there is something to look at."""
    for n_axes, length in {1: 64, 2: 32, 3: 16}.items():
        monkeypatch.setitem(TILE_LENGTHS, n_axes, length)
    monkeypatch.setattr(_live_steps, "SECONDS_BETWEEN_RESULTS", {False: 0, True: 0})
    monkeypatch.setattr(_live_steps, "ROUGH_FROM_SECONDS", 0)


def begin(viewer: ViewerModel, shape: tuple[int, ...]) -> tuple[Any, Witness]:
    """A live session with a witness."""
    session = px.session(viewer)
    session.features, session.n_estimators = features(2), 2 * _live_steps.ROUGH_TREES
    image = viewer.add_image(stripes(shape), name="stripes")
    labels = viewer.add_labels(scribbles(shape), name="scribbles")
    session.add_pair(image, labels)
    witness = Witness(session)
    witness.look_after(labels)
    session.live_update = True
    return session, witness


def test_every_delivery(viewer: ViewerModel, qtbot: Any, accidents: list[str]) -> None:
    session, witness = begin(viewer, (150, 160))
    labels = viewer.layers["scribbles"]
    settle(qtbot, session)
    for index, value in enumerate((1, 2, 3, 0, 1)):
        labels.data_setitem((np.arange(20, 30), np.full(10, 5 + 9 * index)), value)
        settle(qtbot, session)
        check_shown(session, expected(session))
    assert witness.problems == []
    assert witness.n_rough > 2
    assert witness.n_deliveries > 100


def test_strokes_in_the_middle_of_it(viewer: ViewerModel, qtbot: Any, accidents: list[str]) -> None:
    session, witness = begin(viewer, (150, 160))
    labels = viewer.layers["scribbles"]
    for index in range(12):
        labels.data_setitem((np.arange(20, 30), np.full(10, 5 + 3 * index)), 1 + index % 3)
        qtbot.wait(10 * index)
        if index % 4 == 3:
            labels.undo()
            qtbot.wait(30)
    settle(qtbot, session)
    check_shown(session, expected(session))
    assert witness.problems == []


def test_sliders_and_eyes_in_the_middle_of_it(
    viewer: ViewerModel, qtbot: Any, accidents: list[str]
) -> None:
    session, witness = begin(viewer, (6, 130, 140))
    labels = viewer.layers["scribbles"]
    settle(qtbot, session)
    outputs = session.output_layers.of(viewer.layers["stripes"])
    for index in range(12):
        if index % 3 == 0:
            labels.data_setitem((*np.full((2, 10), index % 6), np.arange(10)), 1 + index % 2)
        viewer.dims.set_current_step(0, index % 6)
        key = (1, 2, "uncertainty", "segmentation")[index % 4]
        outputs[key].visible = not outputs[key].visible
        qtbot.wait(15)
    settle(qtbot, session)
    check_shown(session, expected(session))
    assert witness.problems == []


def test_targets_and_data_in_the_middle_of_it(
    viewer: ViewerModel, qtbot: Any, accidents: list[str]
) -> None:
    session, witness = begin(viewer, (150, 160))
    image = viewer.layers["stripes"]
    other = viewer.add_image(stripes((170, 130)) + 3, name="other")
    for index in range(8):
        session.target = (image, other)[index % 2]
        qtbot.wait(12 * index)
        if index % 3 == 2:
            image.data = np.roll(image.data, 5, axis=1)
    session.target = image
    settle(qtbot, session)
    check_shown(session, expected(session))
    assert witness.problems == []
