"""The foot of the docks: what is said, how long it takes, and stopping it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.components import ViewerModel

import napari_pixclass as px
from napari_pixclass.session import Job, Mailbox
from napari_pixclass.viewer._time_left import TimeLeft, in_words

from .conftest import LONG, scribbles, stripes


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def new_job() -> Job[Any]:
    return Job(lambda: iter(()), Mailbox())  # type: ignore[arg-type,return-value]  # never started


def texts(times_and_progress: list[tuple[float, float]]) -> list[str]:
    """What is said of a job whose progress is this after so many seconds."""
    clock = Clock()
    time_left, job = TimeLeft(clock), new_job()
    said = [time_left.text(job)]
    for seconds, progress in times_and_progress:
        clock.now, job.progress = 100 + seconds, progress
        said.append(time_left.text(job))
    return said


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "about 1 s left"),
        (11.6, "about 12 s left"),
        (43, "about 45 s left"),
        (125, "about 2 min left"),
        (7300, "about 2 h left"),
    ],
)
def test_time_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_even_progress_counts_down() -> None:
    assert texts([(t, t / 20) for t in range(1, 20, 6)]) == [
        "",
        "about 19 s left",
        "about 13 s left",
        "about 7 s left",
        "about 1 s left",
    ]


def test_of_short_work_nothing_is_said() -> None:
    assert set(texts([(t / 10, t / 25) for t in range(1, 25)])) == {""}


def test_nothing_is_said_before_anything_is_known() -> None:
    assert texts([(5, 0.0), (9, 0.0)]) == ["", "", ""]


def test_words_do_not_change_more_than_once_a_second() -> None:
    said = texts([(1 + t / 100, (1 + t / 100) / 30) for t in range(90)])
    assert len(set(said)) == 2  # nothing, then one number


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=30))
def test_what_is_said_once_is_said_to_the_end(steps: list[float]) -> None:
    done = np.cumsum(steps) / sum(steps)
    said = texts([(float(t), float(p)) for t, p in enumerate(done, 1)])
    silent = [text == "" for text in said]
    assert silent == sorted(silent, reverse=True)


def test_a_hurried_step_does_not_make_the_time_jump() -> None:
    even = [(float(t), t / 100) for t in range(1, 31)]
    said = texts([*even, (31.0, 0.5)])
    before, after = (int(text.split()[1]) for text in said[-2:])
    assert before == 70
    assert 50 <= after < 70  # a plain rule of three would say 31


def test_the_next_job_begins_anew() -> None:
    clock = Clock()
    time_left, first, second = TimeLeft(clock), new_job(), new_job()
    time_left.text(first)
    clock.now, first.progress = 110, 0.5
    assert time_left.text(first) == "about 10 s left"
    assert time_left.text(second) == ""
    clock.now, second.progress = 111, 0.01
    assert time_left.text(second) == "about 2 min left"


def test_a_long_prediction_says_how_long_and_can_be_cancelled(
    viewer: ViewerModel,
    open_dock: Callable[..., Any],
    click: Callable[..., None],
    wait_idle: Callable[..., None],
    qtbot: Any,
    trained: Any,
) -> None:
    trained.target = viewer.add_image(np.zeros((3000, 256, 256), np.uint8), name="film")
    dock = open_dock(viewer, "Predict")
    assert dock.footer.cancel.isHidden()
    places = [dock.footer.progress.geometry(), dock.footer.status.geometry()]
    job = trained.predict()
    qtbot.waitUntil(lambda: "s left" in dock.footer.status.text(), timeout=LONG)
    assert dock.footer.status.text().startswith("Predicting… about ")
    assert 0 < dock.footer.progress.value() < dock.footer.progress.maximum()
    assert [dock.footer.progress.geometry(), dock.footer.status.geometry()] == places
    click(dock.footer.cancel)
    assert job.cancelled
    wait_idle(viewer)
    assert dock.footer.status.text() == "Cancelled."
    assert dock.footer.cancel.isHidden()
    assert "Segmentation of film" not in viewer.layers


def test_what_is_missing_is_said(
    viewer: ViewerModel, open_dock: Callable[..., Any], qtbot: Any
) -> None:
    status = open_dock(viewer, "Train").footer.status
    assert status.text() == "Choose an image and labels to paint on."
    image = viewer.add_image(stripes((64, 64)))
    layer = px.session(viewer).new_labels(image)
    assert status.text() == "Paint a few strokes of each class."
    layer.data = scribbles((64, 64), values=(1,))
    advice = "Only one class is painted: paint a second one."
    qtbot.waitUntil(lambda: status.text() == advice, timeout=LONG)


def test_a_notice_goes_away(
    viewer: ViewerModel,
    open_dock: Callable[..., Any],
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("napari_pixclass.viewer._status.NOTICE_MS", 1)
    footer = open_dock(viewer, "Train").footer
    before = footer.status.text()
    status = px.session(viewer).status
    status.say("look here")
    assert footer.status.text() == "look here"
    qtbot.waitUntil(lambda: footer.status.text() == before, timeout=LONG)
    status.say("drag", stay=True)
    status.say("or that")
    qtbot.waitUntil(lambda: footer.status.text() == before, timeout=LONG)


def test_a_step_touches_only_what_is_different(
    viewer: ViewerModel, open_dock: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    footer = open_dock(viewer, "Train").footer
    touched: list[str] = []
    for widget in (footer.status, footer.progress, footer.cancel):
        for name in ("setText", "setVisible"):
            if hasattr(widget, name):
                monkeypatch.setattr(widget, name, lambda *_, name=name: touched.append(name))
    footer.refresh()
    assert not touched


def test_work_that_is_done_at_once_does_not_make_the_foot_flicker(
    trained: Any,
    open_dock: Callable[..., Any],
    wait_idle: Callable[..., None],
    viewer: ViewerModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("napari_pixclass.viewer._footer.PATIENCE_MS", LONG)
    footer = open_dock(viewer, "Train").footer
    shown: set[tuple[bool, str]] = set()
    trained.job_changed.connect(
        lambda _: shown.add((footer.cancel.isVisible(), footer.status.text()))
    )
    before = footer.status.text()
    trained.predict()
    wait_idle(viewer)
    assert shown <= {(False, before), (False, "Predicted stripes.")}
