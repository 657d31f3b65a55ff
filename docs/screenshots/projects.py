"""A session is saved as a project, opened again, and opened without one of its images."""

from __future__ import annotations

import tempfile
from pathlib import Path

import napari
from qtpy.QtWidgets import QFileDialog

from napari_pixclass.core import sample_images
from napari_pixclass.io import write_tiff

from . import strokes
from .hand import Hand
from .pictures import of_widget, of_window, save, side_by_side, with_margin
from .scenes import FIELD_2_LEFT, FIELDS, paint


def projects(folder: Path) -> None:
    """Two images are painted on, one of which has no file; saved, opened, and opened with the other one moved."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        path = Path(place) / "plate.pixproject"
        image = Path(place) / "field 1.tif"
        viewer, hand = painted(image)
        answer_with(path)
        hand.click(hand.train.project.save)
        hand.wait_until_idle()
        hand.click(hand.train.classes.add)  # a change that is not saved
        hand.click(hand.train.project.more)
        row, menu = of_widget(hand.train.project), of_widget(hand.train.project.menu)
        hand.train.project.menu.close()
        save(side_by_side(with_margin(row), menu), folder / "project.png")
        viewer.close()
        viewer, hand = opened()
        save(of_window(viewer), folder / "project-opened.png")
        viewer.close()
        image.rename(image.with_name("moved.tif"))
        viewer, hand = opened()
        save(with_margin(of_widget(hand.train.arrivals)), folder / "project-missing.png")
        viewer.close()


def painted(image: Path) -> tuple[napari.Viewer, Hand]:
    """A window with two images, one of which was opened from a file."""
    cells = sample_images()["cells"]().image
    viewer = napari.Viewer(show=True)
    for name, part in FIELDS.items():
        if name == image.stem:
            write_tiff(image, cells[part], "YX")
            viewer.open(image, plugin="napari")
        else:
            viewer.add_image(cells[part], name=name, translate=(0, FIELD_2_LEFT))
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
    return viewer, hand


def answer_with(path: Path) -> None:
    """Have the dialogs of files name this project: what they look like is the system's affair."""
    QFileDialog.getSaveFileName = lambda *_: (str(path), "")
    QFileDialog.getExistingDirectory = lambda *_: str(path)


def opened() -> tuple[napari.Viewer, Hand]:
    """A new window in which the project is opened."""
    viewer = napari.Viewer(show=True)
    hand = Hand(viewer)
    hand.click(hand.train.project.open)
    hand.wait_until(lambda: hand.session.project.path is not None)
    viewer.reset_view()
    hand.wait_until_idle()
    return viewer, hand
