"""Users who do anything at any time: nothing stale is shown, nothing goes wrong, and the end is what a script says."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

import napari_pixclass as px
from napari_pixclass.session import _live_steps
from napari_pixclass.session._view import TILE_LENGTHS

from .conftest import LONG, scribbles, stripes
from .live import SELECTION, check_shown, expected, features, settle
from .witness import Witness, workers

SHAPES = [(60, 70), (40, 90), (3, 50, 60)]


@pytest.fixture(autouse=True)
def many_deliveries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tiles, each told of at once, and a rough look whenever there is something to look at."""
    for n_axes, length in {1: 64, 2: 32, 3: 16}.items():
        monkeypatch.setitem(TILE_LENGTHS, n_axes, length)
    monkeypatch.setattr(_live_steps, "SECONDS_BETWEEN_RESULTS", {False: 0, True: 0})
    monkeypatch.setattr(_live_steps, "ROUGH_FROM_SECONDS", 0)


class User:
    """Somebody who does one thing after the other.

    Parameters
    ----------
    viewer
        Without a window.
    seed
        Whoever has the same one does the same things.
    """

    def __init__(self, viewer: ViewerModel, seed: int) -> None:
        self.viewer, self.random = viewer, random.Random(seed)
        self.session = px.session(viewer)
        self.session.features = features(2)
        self.session.n_estimators = _live_steps.ROUGH_TREES + 4
        self.witness = Witness(self.session)
        self.done: list[str] = []
        self.add_image()
        self.session.live_update = True
        things = [name for name in vars(User) if name.startswith(("add_", "change_", "do_"))]
        self._things = [getattr(self, name) for name in things]

    def act(self) -> None:
        """Do something."""
        thing: Callable[[], None] = self.random.choice(self._things)
        self.done.append(thing.__name__)
        thing()

    def _labels(self) -> Any:
        pairs = self.session.pairs
        return self.random.choice(pairs).labels.layer if pairs else self.add_labels()

    def _image(self) -> Any:
        return self.random.choice(self.session.image_layers)

    def _output(self) -> Any:
        image = self.session.target.layer
        outputs = list(self.session.output_layers.of(image).values())
        return self.random.choice(outputs) if outputs else None

    def add_labels(self) -> Any:
        image = self._image()
        layer = self.viewer.add_labels(scribbles(image.data.shape), **place_of(image))
        self.session.add_pair(image, layer)
        self.witness.look_after(layer)
        return layer

    def add_image(self) -> None:
        if len(self.session.image_layers) < 3:
            self.viewer.add_image(stripes(self.random.choice(SHAPES)))
            self.add_labels()

    def change_labels(self) -> None:
        layer = self._labels()
        point = tuple(float(self.random.randrange(length)) for length in layer.data.shape)
        layer.paint(point, self.random.randrange(4))

    change_labels_again = change_labels_once_more = change_labels

    def change_labels_by_undo(self) -> None:
        self._labels().undo()

    def change_labels_by_redo(self) -> None:
        self._labels().redo()

    def change_labels_at_once(self) -> None:
        layer = self._labels()
        layer.data = np.roll(layer.data, self.random.randrange(3), axis=-1)

    def change_labels_to_nothing(self) -> None:
        layer = self._labels()
        layer.data = np.zeros_like(layer.data)

    def change_class(self) -> None:
        info = self.random.choice(self.session.classes)
        self.session.change_class(info.value, name=f"name {self.random.random()}", color="#ff00ff")

    def change_class_by_deleting(self) -> None:
        if len(self.session.classes) > 2:
            self.session.delete_class(self.random.choice(self.session.classes).value)

    def change_features(self) -> None:
        names = self.random.sample(sorted(SELECTION), self.random.choice((1, 2)))
        selection = {name: SELECTION[name] for name in names}
        self.session.features = px.FeatureSet.from_selection(selection, ndim=2)

    def change_image(self) -> None:
        image = self._image()
        image.data = np.roll(image.data, self.random.randrange(5), axis=-1)

    def change_place(self) -> None:
        image = self._image()
        image.translate = [self.random.randrange(5)] * image.ndim
        if self.random.random() < 0.3:
            image.scale = [self.random.choice((1, 2))] * image.ndim

    def change_target(self) -> None:
        self.session.target = self._image()

    def change_slice(self) -> None:
        if self.viewer.dims.ndim > 2:
            self.viewer.dims.set_current_step(0, self.random.randrange(3))

    def change_dimensions(self) -> None:
        if self.viewer.dims.ndim > 2:
            self.viewer.dims.ndisplay = 5 - self.viewer.dims.ndisplay

    def change_eye(self) -> None:
        layer = self._output()
        if layer is not None:
            layer.visible = not layer.visible

    change_another_eye = change_eye

    def change_outputs(self) -> None:
        self.session.outputs ^= {self.random.choice(("uncertainty", "segmentation"))}

    def change_live_update(self) -> None:
        self.session.live_update = not self.session.live_update

    def change_memory(self) -> None:
        self.session.feature_memory = self.random.choice((0, 10_000, 2**20, 2**30))

    def do_remove_output(self) -> None:
        layer = self._output()
        if layer is not None:
            self.viewer.layers.remove(layer)

    def do_remove_pair(self) -> None:
        if len(self.session.pairs) > 1:
            self.session.remove_pair(self.random.choice(self.session.pairs))

    def do_remove_image(self) -> None:
        if len(self.session.image_layers) > 1:
            self.viewer.layers.remove(self._image())

    def do_remove_labels(self) -> None:
        if len(self.session.pairs) > 1:
            self.viewer.layers.remove(self._labels())

    def do_train(self) -> None:
        with suppress(ValueError):  # there may be nothing to train on
            self.session.train()

    def do_run(self) -> None:
        with suppress(ValueError):
            self.session.predict()

    def do_cancel(self) -> None:
        self.session.cancel()

    def come_to_an_end(self) -> None:
        """Live, with labels of two classes and something to see."""
        self.session.live_update = True
        self.session.outputs = {"probabilities", "uncertainty"}
        self.session.output_layers.recall()
        layer = self.add_labels()
        layer.data = scribbles(layer.data.shape, values=(2, 1))
        target = self.session.target.layer
        for output in self.session.output_layers.of(target).values():
            output.visible = True
        if target.ndim > 2:
            self.viewer.dims.set_point(0, target.data_to_world((1, 0, 0))[0])


def place_of(image: Image) -> dict[str, Any]:
    return {"scale": image.scale, "translate": image.translate}


@pytest.fixture
def user(request: pytest.FixtureRequest, qtbot: Any) -> Iterator[User]:
    before = workers()
    viewer = ViewerModel()
    user = User(viewer, request.param)
    yield user
    user.session.close()
    qtbot.waitUntil(lambda: workers() <= before, timeout=LONG)


def act(user: User, qtbot: Any, n_actions: int) -> None:
    for _ in range(n_actions):
        user.act()
        if user.random.random() < 0.5:
            qtbot.wait(user.random.choice((1, 5, 20, 60)))
    user.come_to_an_end()
    settle(qtbot, user.session)
    images = [user.session.target, *(pair.image for pair in user.session.pairs)]
    sizes = {image.pixel_size and image.pixel_size[-2:] for image in images}
    if len(sizes) == 1:  # else there is no one spacing to tell a script
        check_shown(user.session, expected(user.session, sizes.pop()))
    assert user.witness.problems == [], user.done


@pytest.mark.parametrize("user", range(4), indirect=True)
def test_anything_at_any_time(user: User, qtbot: Any, accidents: list[str]) -> None:
    act(user, qtbot, 80)


@pytest.mark.slow
@pytest.mark.parametrize("user", range(100, 120), indirect=True)
def test_anything_for_a_long_time(user: User, qtbot: Any, accidents: list[str]) -> None:
    act(user, qtbot, 300)
