"""The table of classes: what mouse and keys do to it, to the layers, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
import pytest
import zarr
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QColor, QContextMenuEvent, QKeyEvent
from qtpy.QtWidgets import QApplication, QLineEdit

import napari_pixclass as px
from napari_pixclass.viewer._class_table import COLOR, EYE, NAME, PIXELS, STROKES

from .conftest import LONG, scribbles, stripes

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def painted(viewer: Any, open_dock: Callable[..., Any]) -> Any:
    """The dock beside an image with scribbles of three classes, one of them with a large value."""
    dock = open_dock(viewer, "Train")
    image = viewer.add_image(stripes((64, 64)), name="stripes")
    labels = viewer.add_labels(scribbles((64, 64), values=(1, 2, 12)), name="scribbles")
    dock.session.features = px.FeatureSet.fast(2)
    dock.session.add_pair(image, labels)
    dock.session.change_class(2, name="Bright", color="#123456")
    return dock


@pytest.fixture
def predicted(painted: Any) -> Any:
    """The same with all outputs."""
    painted.session.train().result(60)
    painted.session.predict().result(60)
    return painted


def texts(dock: Any, column: int) -> list[str]:
    table = dock.classes.table
    return [table.item(row, column).text() for row in range(table.rowCount())]


def center(table: Any, row: int, column: int) -> QPoint:
    return table.visualItemRect(table.item(row, column)).center()


def click_cell(qtbot: Any, dock: Any, row: int, column: int) -> None:
    table = dock.classes.table
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=center(table, row, column))


def drag(qtbot: Any, dock: Any, row: int, to: QPoint) -> None:
    """Drag a row by its name until the mouse is at a point, and let it go."""
    viewport, left = dock.classes.table.viewport(), Qt.MouseButton.LeftButton
    start = center(dock.classes.table, row, NAME)
    qtbot.mousePress(viewport, left, pos=start)
    for t in np.linspace(0, 1, 10):
        qtbot.mouseMove(viewport, start + (to - start) * float(t))
    qtbot.mouseRelease(viewport, left, pos=to)


def right_click(dock: Any, row: int) -> Any:
    """Open the menu of a row."""
    table = dock.classes.table
    position = center(table, row, NAME)
    reason = QContextMenuEvent.Reason.Mouse
    event = QContextMenuEvent(reason, position, table.viewport().mapToGlobal(position))
    QApplication.sendEvent(table.viewport(), event)
    assert table.menu.isVisible()
    return table.menu


def test_what_is_painted_is_counted_in_pixels_and_strokes(
    painted: Any, viewer: Any, qtbot: Any
) -> None:
    labels = viewer.layers["scribbles"]
    labels.data_setitem((np.array([1, 1, 60]), np.array([1, 2, 60])), 12)
    qtbot.waitUntil(lambda: texts(painted, STROKES) == ["1", "1", "3"], timeout=LONG)
    assert texts(painted, PIXELS) == ["10", "10", "13"]
    assert texts(painted, COLOR) == ["1", "2", "12"]


def test_large_numbers_fit(painted: Any, viewer: Any, qtbot: Any) -> None:
    viewer.add_image(np.zeros((4096, 4096), np.uint8), name="large")
    viewer.add_labels(np.full((4096, 4096), 12, np.uint8), name="all")
    painted.session.add_pair(viewer.layers["large"], viewer.layers["all"])
    qtbot.waitUntil(lambda: texts(painted, PIXELS) == ["10", "10", "16.8 M"], timeout=LONG)
    assert "16,777,226 labelled pixels" in painted.classes.table.item(2, PIXELS).toolTip()


# Deleting and merging -------------------------------------------------------------------------------------------------


def test_the_delete_key_deletes_and_undo_brings_everything_back(
    painted: Any, viewer: Any, qtbot: Any
) -> None:
    labels, table = viewer.layers["scribbles"], painted.classes.table
    before = labels.data.copy()
    click_cell(qtbot, painted, 1, NAME)
    qtbot.keyClick(table, Qt.Key.Key_Delete)
    assert texts(painted, NAME) == ["Class 1", "Class 12"]
    assert painted.footer.status.text() == (
        "Deleted Bright: 10 pixels erased; undo in the labels layer brings them back."
    )
    assert labels.selected_label == table.selected_value == 12
    labels.undo()
    np.testing.assert_array_equal(labels.data, before)
    qtbot.waitUntil(lambda: texts(painted, NAME) == ["Class 1", "Bright", "Class 12"], timeout=LONG)
    assert painted.session.classes[1].color == "#123456"
    labels.selected_label = 2
    labels.redo()
    qtbot.waitUntil(lambda: texts(painted, NAME) == ["Class 1", "Class 12"], timeout=LONG)
    assert labels.selected_label == 12


def test_merging_with_the_button_and_undoing_it(
    painted: Any, viewer: Any, qtbot: Any, click: Callable[..., None]
) -> None:
    labels, before = viewer.layers["scribbles"], viewer.layers["scribbles"].data.copy()
    click_cell(qtbot, painted, 1, NAME)
    click(painted.classes.merge)
    menu = painted.classes.merge_menu
    qtbot.waitUntil(menu.isVisible, timeout=LONG)
    assert [action.text() for action in menu.actions()] == ["Class 1", "Class 12"]
    menu.actions()[1].trigger()
    menu.close()
    assert texts(painted, COLOR) == ["1", "12"]
    assert texts(painted, PIXELS) == ["10", "20"]
    assert labels.selected_label == 12
    assert painted.footer.status.text() == (
        "Merged Bright into Class 12: 10 pixels relabelled; undo in the labels layer takes it back."
    )
    labels.undo()
    np.testing.assert_array_equal(labels.data, before)
    qtbot.waitUntil(lambda: texts(painted, NAME) == ["Class 1", "Bright", "Class 12"], timeout=LONG)
    assert texts(painted, PIXELS) == ["10", "10", "10"]


def test_the_last_class_cannot_be_deleted(
    painted: Any, qtbot: Any, click: Callable[..., None]
) -> None:
    for _ in range(2):
        click_cell(qtbot, painted, 0, NAME)
        click(painted.classes.delete)
    click_cell(qtbot, painted, 0, NAME)
    assert not painted.classes.delete.isEnabled()
    assert not painted.classes.merge.isEnabled()
    assert not right_click(painted, 0).delete.isEnabled()
    painted.classes.table.menu.close()
    qtbot.keyClick(painted.classes.table, Qt.Key.Key_Delete)
    assert texts(painted, NAME) == ["Class 12"]
    assert painted.session.error.startswith("at least one class must remain")


def test_an_unpainted_class_comes_and_goes(painted: Any, click: Callable[..., None]) -> None:
    click(painted.classes.add)
    assert painted.session.selected_class == 13
    click(painted.classes.delete)
    assert texts(painted, COLOR) == ["1", "2", "12"]
    assert painted.footer.status.text() == "Deleted Class 13."


def test_labels_that_are_hidden_or_on_disk_are_edited_too(viewer: Any) -> None:
    session = px.session(viewer)
    image = viewer.add_image(stripes((3, 64, 64)))
    hidden = viewer.add_labels(scribbles((3, 64, 64)), visible=False)
    stored = viewer.add_labels(zarr.array(scribbles((3, 64, 64))))
    for labels in (hidden, stored):
        session.add_pair(image, labels)
    viewer.dims.set_point(0, 2)  # the scribbles are on another plane
    assert session.delete_class(2) == 20
    for labels in (hidden, stored):
        assert np.unique(labels.data[:]).tolist() == [0, 1]
        labels.undo()
        np.testing.assert_array_equal(labels.data[:], scribbles((3, 64, 64)))


def locked(labels: Any) -> None:
    labels.editable = False


def read_only(labels: Any) -> None:
    labels.data.flags.writeable = False


def lazy(labels: Any) -> None:
    labels.data = da.from_array(np.asarray(labels.data))


@pytest.mark.parametrize(
    ("make", "message"),
    [(locked, "are locked"), (read_only, "are read-only"), (lazy, "are not in memory")],
)
def test_labels_that_cannot_be_edited_are_left_alone(
    painted: Any,
    viewer: Any,
    qtbot: Any,
    make: Callable[[Any], None],
    message: str,
) -> None:
    labels = viewer.layers["scribbles"]
    click_cell(qtbot, painted, 1, NAME)
    make(labels)
    painted.session.labels_changed()
    qtbot.waitUntil(lambda: not painted.session._seen.looking, timeout=LONG)
    qtbot.keyClick(painted.classes.table, Qt.Key.Key_Delete)
    painted.classes.actions_.merge(2, 1)
    np.testing.assert_array_equal(labels.data, scribbles((64, 64), values=(1, 2, 12)))
    assert texts(painted, COLOR) == ["1", "2", "12"]
    assert f"The labels 'scribbles' {message}" in painted.footer.status.text()


def test_a_class_goes_while_it_is_trained_on(
    painted: Any,
    viewer: Any,
    qtbot: Any,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
) -> None:
    click_cell(qtbot, painted, 2, NAME)
    click(painted.training.train)
    qtbot.keyClick(painted.classes.table, Qt.Key.Key_Delete)
    assert texts(painted, COLOR) == ["1", "2"]
    wait_idle(viewer)
    assert painted.session.classifier.classes_.tolist() == [1, 2, 12]
    click(painted.training.train)
    wait_idle(viewer)
    assert painted.session.classifier.classes_.tolist() == [1, 2]


# Names, colours, order ------------------------------------------------------------------------------------------------


def test_renaming_and_recolouring_a_class(predicted: Any, viewer: Any, qtbot: Any) -> None:
    session, table = predicted.session, predicted.classes.table
    table.item(0, NAME).setText("Dark")
    click_cell(qtbot, predicted, 0, COLOR)
    dialog = predicted.classes.color_dialog
    assert dialog.isVisible()
    dialog.setCurrentColor(QColor("#123456"))
    dialog.accept()
    assert (session.classes[0].name, session.classes[0].color) == ("Dark", "#123456")
    expected = np.array([0x12, 0x34, 0x56, 255]) / 255
    np.testing.assert_allclose(viewer.layers["scribbles"].get_color(1), expected, atol=1e-6)
    outputs = session.output_layers.of(viewer.layers["stripes"])
    assert outputs[1].name == "Dark probability of stripes"
    np.testing.assert_allclose(outputs[1].colormap.colors[-1], expected, atol=1e-6)
    np.testing.assert_allclose(outputs["segmentation"].get_color(1), expected, atol=1e-6)
    assert session.classifier.class_table_[0].name == "Dark"


def test_names_that_cannot_be_are_not_taken(painted: Any) -> None:
    painted.classes.table.item(0, NAME).setText("  ")
    assert texts(painted, NAME)[0] == "Class 1"
    painted.classes.table.item(0, NAME).setText("\u2066")
    assert texts(painted, NAME)[0] == "Class 1"
    assert painted.session.error.startswith("a class name must be")


def test_a_name_can_be_typed_while_pixels_are_counted(
    painted: Any, viewer: Any, qtbot: Any
) -> None:
    table = painted.classes.table
    click_cell(qtbot, painted, 1, NAME)
    qtbot.keyClick(table, Qt.Key.Key_F2)
    editor = table.findChild(QLineEdit)
    editor.selectAll()
    qtbot.keyClicks(editor, "Nuc")
    viewer.layers["scribbles"].data_setitem((np.array([1]), np.array([1])), 12)
    qtbot.waitUntil(lambda: texts(painted, STROKES)[2] == "2", timeout=LONG)
    qtbot.keyClicks(editor, "lei")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    expected = ["Class 1", "Nuclei", "Class 12"]
    qtbot.waitUntil(lambda: texts(painted, NAME) == expected, timeout=LONG)
    assert painted.session.classes[1].name == "Nuclei"


def test_rows_are_dragged(painted: Any, viewer: Any, qtbot: Any) -> None:
    viewport = painted.classes.table.viewport()
    drag(qtbot, painted, 2, QPoint(100, 1))
    assert texts(painted, COLOR) == ["12", "1", "2"]
    drag(qtbot, painted, 0, QPoint(100, viewport.height() + 50))
    assert texts(painted, COLOR) == ["1", "2", "12"]
    drag(qtbot, painted, 0, center(painted.classes.table, 1, NAME) + QPoint(0, 4))
    assert texts(painted, COLOR) == ["2", "1", "12"]
    drag(qtbot, painted, 0, center(painted.classes.table, 0, NAME) + QPoint(60, 4))
    assert texts(painted, COLOR) == ["2", "1", "12"]
    assert viewer.layers["scribbles"].selected_label == 2  # the class that was pressed last


def test_a_drag_is_given_up_with_escape(painted: Any, qtbot: Any) -> None:
    table, left = painted.classes.table, Qt.MouseButton.LeftButton
    qtbot.mousePress(table.viewport(), left, pos=center(table, 0, NAME))
    for row in (1, 2):
        qtbot.mouseMove(table.viewport(), center(table, row, NAME))
    qtbot.keyClick(table, Qt.Key.Key_Escape)
    qtbot.mouseRelease(table.viewport(), left, pos=center(table, 2, NAME))
    assert texts(painted, COLOR) == ["1", "2", "12"]


def test_keys_move_a_class(painted: Any, viewer: Any, qtbot: Any) -> None:
    table = painted.classes.table
    click_cell(qtbot, painted, 0, NAME)
    for _ in range(3):  # the last time it is at the end
        qtbot.keyClick(table, Qt.Key.Key_Down, CTRL_SHIFT)
    assert texts(painted, COLOR) == ["2", "12", "1"]
    assert table.selected_value == viewer.layers["scribbles"].selected_label == 1
    qtbot.keyClick(table, Qt.Key.Key_Up, CTRL_SHIFT)
    assert texts(painted, COLOR) == ["2", "1", "12"]


def test_keys_that_are_napari_s_pass_the_table(painted: Any) -> None:
    for key, text in ((Qt.Key.Key_2, "2"), (Qt.Key.Key_Space, " "), (Qt.Key.Key_V, "v")):
        event = QKeyEvent(QKeyEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, text)
        painted.classes.table.keyPressEvent(event)
        assert not event.isAccepted()


def test_the_menu_of_a_class(painted: Any, qtbot: Any) -> None:
    menu = right_click(painted, 1)
    menu.down.trigger()
    assert texts(painted, COLOR) == ["1", "12", "2"]
    menu = right_click(painted, 2)
    assert not menu.down.isEnabled()
    menu.visibility.trigger()
    assert painted.session.hidden_classes == {2}
    assert right_click(painted, 2).visibility.text() == "Show probability"
    menu.merge.actions()[0].trigger()
    assert texts(painted, PIXELS) == ["20", "10"]
    right_click(painted, 1).recolor.trigger()
    assert painted.classes.color_dialog.isVisible()
    right_click(painted, 1).rename.trigger()
    assert painted.classes.table.findChild(QLineEdit) is not None
    menu.close()


def test_the_menu_of_a_class_that_has_gone_says_so(painted: Any) -> None:
    menu = right_click(painted, 2)
    painted.session.delete_class(12)
    for action in (menu.delete, menu.up, menu.visibility, menu.merge.actions()[0]):
        action.trigger()
        assert "12" in painted.session.error
    menu.recolor.trigger()
    menu.rename.trigger()
    assert texts(painted, COLOR) == ["1", "2"]
    menu.close()


# Probabilities --------------------------------------------------------------------------------------------------------


def test_the_eye_hides_a_probability_in_every_image(
    predicted: Any, viewer: Any, qtbot: Any
) -> None:
    session = predicted.session
    second = viewer.add_image(stripes((64, 64)) + 1, name="second")
    session.target = second
    session.predict().result(60)
    layers = [session.output_layers.of(viewer.layers[name]) for name in ("stripes", "second")]
    brush = viewer.layers["scribbles"].selected_label
    click_cell(qtbot, predicted, 1, EYE)
    assert [outputs[2].visible for outputs in layers] == [False, False]
    assert [outputs[1].visible for outputs in layers] == [True, True]
    assert session.hidden_classes == {2}
    assert viewer.layers["scribbles"].selected_label == brush
    layers[1][2].visible = True  # in the layer list
    assert session.hidden_classes == frozenset()
    assert not layers[0][2].visible
    click_cell(qtbot, predicted, 1, EYE)
    click_cell(qtbot, predicted, 1, EYE)
    assert [outputs[2].visible for outputs in layers] == [True, True]


def test_layers_made_later_stay_hidden(predicted: Any, viewer: Any, qtbot: Any) -> None:
    session, image = predicted.session, viewer.layers["stripes"]
    click_cell(qtbot, predicted, 0, EYE)
    viewer.layers.remove(session.output_layers.of(image)[1])
    session.predict().result(60)
    outputs = session.output_layers.of(image)
    assert not outputs[1].visible
    assert outputs[2].visible
    assert session.hidden_classes == {1}


def test_the_layer_list_is_followed(predicted: Any, viewer: Any) -> None:
    session, table = predicted.session, predicted.classes.table
    outputs = session.output_layers.of(viewer.layers["stripes"])
    outputs[12].visible = False
    assert "Show" in table.item(2, EYE).toolTip()
    outputs[12].visible = True
    assert "Hide" in table.item(2, EYE).toolTip()
    viewer.layers.remove(outputs[12])
    outputs[12].visible = False  # nobody's business any more
    assert session.hidden_classes == frozenset()


def test_the_probability_of_a_deleted_class_is_still_a_layer(predicted: Any, viewer: Any) -> None:
    session = predicted.session
    outputs = session.output_layers.of(viewer.layers["stripes"])
    session.delete_class(2)
    outputs[2].visible = False
    outputs[2].visible = True
    assert session.hidden_classes == frozenset()
