"""What somebody does in a window, and the pictures taken of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import napari
import numpy as np
from qtpy.QtCore import QPoint, Qt

from napari_pixclass.core import sample_images
from napari_pixclass.io import write_tiff

from . import strokes
from .hand import Hand
from .pictures import Picture, of_canvas, of_widget, of_window, save, side_by_side, with_margin

STRIP_HEIGHT = 380
PLANES_DOWN = 8
FIELDS = {"field 1": np.s_[:, :300], "field 2": np.s_[:, 300:]}
"""Two parts of the cells, as if they were two images."""
FIELD_2_LEFT = 312
PART = np.s_[100:300, 150:400]
"""Of the cells, whose labels are imported."""
IN_MENU = QPoint(60, 80)
"""Where in the class table the mouse is when its menu opens."""

ALONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
Key = Qt.Key


def live(folder: Path) -> None:
    """A first classification, and the docks."""
    viewer, hand = open_cells()
    hand.click(hand.train.images.new)
    hand.click(hand.train.training.live_update)
    names = list(strokes.CELLS)
    for row, name in enumerate(names[:2]):
        hand.name_class(row, name)
    paint(hand, strokes.CELLS, names[:2], slice(0, 1))
    steps = [of_canvas(viewer)]
    paint(hand, strokes.CELLS, names[:2], slice(1, None))
    steps.append(of_canvas(viewer))
    hand.click(hand.train.classes.add)
    hand.name_class(2, names[2])
    paint(hand, strokes.CELLS, names[2:], slice(None))
    steps.append(of_canvas(viewer))
    save(side_by_side(*steps, height=STRIP_HEIGHT), folder / "live-steps.png")
    save(of_window(viewer), folder / "live.png")
    docks(hand, folder)
    outputs(hand, folder)
    viewer.close()


def docks(hand: Hand, folder: Path) -> None:
    """Each dock, the menu of a class, the list of keys."""
    for dock in (hand.features, hand.predict, hand.train):
        hand.open_tab(dock)
        save(of_widget(dock.parent()), folder / f"{dock.title.lower().replace(' ', '-')}.png")
    table = hand.train.classes.table
    table.menu.open_for(3, table.mapToGlobal(IN_MENU))
    hand.wait()
    save(of_widget(table.menu), folder / "class-menu.png")
    table.menu.close()
    hand.click(hand.train.keys_list.fold)
    hand.wait()
    save(with_margin(of_widget(hand.train.keys_list)), folder / "keys.png")
    hand.click(hand.train.keys_list.fold)


def outputs(hand: Hand, folder: Path) -> None:
    """Probabilities, uncertainty and segmentation, one after the other."""
    views: list[Picture] = [of_canvas(hand.viewer)]
    for keys in ((Key.Key_R, Key.Key_U), (Key.Key_U, Key.Key_S)):
        for key in keys:
            hand.key(key, SHIFT)
        hand.wait_until_idle()
        views.append(of_canvas(hand.viewer))
    save(side_by_side(*views, height=STRIP_HEIGHT), folder / "outputs.png")


def volume(folder: Path) -> None:
    """One plane is painted on, and another one looked at."""
    viewer = napari.Viewer(show=True)
    sample = sample_images()["volume"]()
    place = {"scale": sample.spacing, "axis_labels": ("z", "y", "x"), "units": "pixel"}
    viewer.add_image(sample.image, name="volume", **place)
    viewer.dims.set_current_step(0, strokes.VOLUME_PLANE)
    hand = Hand(viewer)
    hand.click(hand.train.images.new)
    hand.click(hand.train.training.live_update)
    hand.click(hand.train.classes.add)
    for row, name in enumerate(strokes.VOLUME):
        hand.name_class(row, name)
    paint(hand, strokes.VOLUME, list(strokes.VOLUME), slice(None))
    save(of_window(viewer), folder / "volume.png")
    planes = [of_canvas(viewer)]
    for _ in range(PLANES_DOWN):
        hand.key(Key.Key_Left, ALONE)
    hand.wait_until_idle()
    planes.append(of_canvas(viewer))
    save(side_by_side(*planes, height=STRIP_HEIGHT), folder / "volume-planes.png")
    viewer.close()


def several(folder: Path) -> None:
    """Two images are painted on, and both are predicted."""
    viewer = napari.Viewer(show=True)
    image = sample_images()["cells"]().image
    for name, part in FIELDS.items():
        viewer.add_image(image[part], name=name, axis_labels=("y", "x"))
    viewer.layers["field 2"].translate = (0, FIELD_2_LEFT)
    viewer.layers.selection.active = viewer.layers["field 1"]
    hand = Hand(viewer)
    hand.click(hand.train.images.new)
    for row, name in enumerate(strokes.FIELDS[0]):
        hand.name_class(row, name)
    paint(hand, strokes.FIELDS[0], list(strokes.FIELDS[0]), slice(None))
    hand.click(hand.train.images.add)
    hand.click(hand.train.images.new)
    paint(hand, strokes.FIELDS[1], list(strokes.FIELDS[1]), slice(None))
    hand.click(hand.train.training.live_update)
    hand.wait_until_idle()
    hand.open_tab(hand.predict)
    hand.click(hand.predict.prediction.run)
    hand.wait_until_idle()
    hand.choose_layer(hand.predict.prediction.image, "field 2")
    hand.wait_until_idle()
    hand.open_tab(hand.train)
    save(of_window(viewer), folder / "several-images.png")
    viewer.close()


def restore(folder: Path) -> None:
    """Scribbles are painted, the window is closed, and opened again."""
    viewer, hand = open_cells()
    hand.click(hand.train.images.new)
    for row, name in enumerate(("Nucleus", "Background")):
        hand.name_class(row, name)
    paint(hand, strokes.CELLS, ["Nucleus", "Background"], slice(0, 2))
    viewer.close()
    hand.wait(1)
    viewer, hand = open_cells()
    hand.wait_until(lambda: bool(hand.train.restore.rows))
    save(with_margin(of_widget(hand.train.restore)), folder / "restore.png")
    viewer.close()


def channels(folder: Path) -> None:
    """What can be chosen for an RGB image, and for layers that are channels."""
    image = sample_images()["histology"]().image
    viewer = napari.Viewer(show=True)
    viewer.add_image(image, name="histology")
    hand = Hand(viewer)
    hand.click(hand.train.images.new)
    popups = [popup_of_channels(hand)]
    viewer.close()
    viewer = napari.Viewer(show=True)
    for index, name in enumerate(("red", "green", "blue")):
        viewer.add_image(image[..., index], name=name, axis_labels=("y", "x"))
    hand = Hand(viewer)
    hand.click(hand.train.images.new)
    button = hand.train.images.rows[0].channels
    hand.click(button)
    for box in button.popup.layers.boxes:
        if not box.isChecked():
            hand.click(box)
    popups.append(popup_of_channels(hand))
    viewer.close()
    save(side_by_side(*popups), folder / "channels.png")


def labels(folder: Path) -> None:
    """Labels of a part of the image are about to be imported."""
    viewer, hand = open_cells()
    hand.click(hand.train.images.new)
    for row, name in enumerate(("Background", "Nucleus")):
        hand.name_class(row, name)
    panel = hand.train.label_import
    hand.click(hand.train.images.import_labels)
    hand.wait(0.5)
    with TemporaryDirectory() as work:
        path = Path(work) / "part.tif"
        write_tiff(path, sample_images()["cells"]().labels[PART], "YX")
        panel.choose(path)
        hand.wait_until_idle()
        for box, side in zip(panel.offset.boxes, PART, strict=True):
            box.setValue(side.start)
        hand.wait_until_idle()
        hand.wait_until(panel.apply.isEnabled)
        save(of_window(viewer), folder / "labels.png")
        hand.click(panel.cancel)
    viewer.close()


def popup_of_channels(hand: Hand) -> Picture:
    """The window in which the channels of the first image are chosen."""
    button = hand.train.images.rows[0].channels
    button.popup.hide()
    hand.click(button)
    picture = of_widget(button.popup)
    button.popup.hide()
    return picture


def open_cells() -> tuple[napari.Viewer, Hand]:
    """A window with the cells, without scribbles."""
    viewer = napari.Viewer(show=True)
    viewer.add_image(sample_images()["cells"]().image, name="cells", axis_labels=("y", "x"))
    return viewer, Hand(viewer)


def paint(
    hand: Hand,
    strokes_of: Mapping[str, Sequence[Sequence[tuple[float, float]]]],
    names: Sequence[str],
    which: slice,
) -> None:
    """Paint some strokes of some classes, and wait for what comes of it."""
    for row, name in enumerate(strokes_of):
        if name in names:
            hand.take_class(row)
            for points in strokes_of[name][which]:
                hand.stroke(points)
    hand.wait_until_idle()
