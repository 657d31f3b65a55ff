"""What comes at a bad moment: it must neither be lost, nor leave on screen what does not hold any more."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from napari_pixclass.classifier import PixelClassifier
from napari_pixclass.core import FeatureSet
from napari_pixclass.session import ArrayLabels, LiveSession
from napari_pixclass.session._live_steps import Looked

from .conftest import FEATURES, LONG
from .test_live_update import finish, live, session  # noqa: F401  # fixtures

N_TREES = 10


def script(image: np.ndarray, labels: np.ndarray) -> PixelClassifier:
    return PixelClassifier(FEATURES, n_estimators=N_TREES).fit(image, labels)


def test_labels_seen_by_somebody_else_meanwhile_are_the_newer_ones(
    live: LiveSession,  # noqa: F811
    image: np.ndarray,
    labels: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = labels.copy()
    labels[20:24, 20:50] = 2
    take = live._on_looked

    def take_late(work: object, step: Looked) -> None:
        if not np.array_equal(labels, before):
            labels[:] = before  # undone, and heard of, before what was read is delivered
            live._seen.look(live.pairs[0])
        take(work, step)

    monkeypatch.setattr(live, "_on_looked", take_late)
    live.labels_changed()
    finish(live)
    assert live.classifier is not None
    assert live.classifier.n_samples_ == script(image, before).n_samples_
    assert live.counts == {1: 80, 2: 80}


def test_a_prediction_that_fails_takes_the_old_result_away(
    live: LiveSession,  # noqa: F811
    labels: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from napari_pixclass.session import _live_steps

    def fail(*args: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(_live_steps, "TilePredictor", fail)
    failures: list[str] = []
    live.failed.connect(failures.append)
    labels[20:24, 20:50] = 2
    live.labels_changed()
    with pytest.raises(OSError, match="disk is gone"):
        finish(live)
    assert failures == ["the disk is gone"]
    assert live.live_result is None


def test_other_settings_train_again_when_the_view_changes(live: LiveSession) -> None:  # noqa: F811
    live.n_estimators = 5
    live._view = None  # as if somebody had moved it
    live.view_changed()
    finish(live)
    assert live.classifier is not None
    assert live.classifier.n_estimators == 5


def test_an_output_that_a_prediction_did_not_have_is_made(
    live: LiveSession,  # noqa: F811
) -> None:
    live.outputs = {"segmentation"}
    live.predict().result(LONG)
    assert live.live_result is None  # all of it is shown
    live.outputs = {"segmentation", "probabilities"}
    finish(live)
    assert live.live_result is not None


def test_training_by_hand_leaves_no_older_result(
    live: LiveSession,  # noqa: F811
    labels: np.ndarray,
) -> None:
    live.live_update = False
    assert live.live_result is not None
    labels[20:24, 20:50] = 2
    live.train().result(LONG)
    assert live.live_result is None


def test_a_stack_that_is_written_to_is_another_one(
    session: LiveSession,  # noqa: F811
    image: np.ndarray,
    labels: np.ndarray,
) -> None:
    layers = [image, image.copy()]
    session.add_pair(layers, labels)
    session.train().result(LONG)
    layers[1][5:40, 5:50] += 90
    session.train().result(LONG)
    expected = PixelClassifier(FEATURES, n_estimators=N_TREES)
    expected.fit(np.stack(layers), labels, channel_axis=0)
    assert session.classifier is not None
    np.testing.assert_array_equal(
        session.classifier.predict_proba(np.stack(layers)),
        expected.predict_proba(np.stack(layers)),
    )


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no priority of its own")
def test_a_process_that_is_nice_already_stays_so() -> None:
    code = (
        "import os, threading\n"
        "from napari_pixclass.session._priority import lower_priority\n"
        "lower_priority()\n"
        "print(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))\n"
    )
    command = ["nice", "-n", "15", sys.executable, "-c", code]
    done = subprocess.run(command, check=True, timeout=LONG, capture_output=True, text=True)
    assert int(done.stdout) >= 15  # an ordinary user may not hurry again


def test_labels_in_any_order(session: LiveSession, image: np.ndarray) -> None:  # noqa: F811
    first, second = (ArrayLabels(np.zeros(image.shape, np.uint8)) for _ in range(2))
    first.data[3, 3:9], second.data[40, 40:50] = 1, 2
    session.features = FeatureSet.fast(2)
    session.add_pair(image, first)
    session.add_pair(image.copy(), second)
    session.live_update = True
    finish(session)
    session._pairs.reverse()
    session._update_live()
    finish(session)
    assert session._training_inputs == session._trained_on
