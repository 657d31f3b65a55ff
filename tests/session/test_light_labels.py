"""Sessions with labels that are not a numpy array: sparse ones, and zarr arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import zarr

import napari_pixclass as px
from napari_pixclass.core import LabelledPixels, SparseLabels
from napari_pixclass.session import Session

SHAPE = (12, 50, 60)


@pytest.fixture(params=["sparse", "zarr"])
def labels(request: pytest.FixtureRequest) -> Any:
    made = (
        SparseLabels(SHAPE)
        if request.param == "sparse"
        else zarr.create_array({}, shape=SHAPE, chunks=(4, 20, 20), dtype="u1")
    )
    made[3, 10, 5:40] = 1
    made[5, 30, 5:40] = 2
    made[6, 40, 5:10] = 3
    return made


@pytest.fixture
def session(labels: Any) -> Any:
    image = np.random.default_rng(0).integers(0, 255, SHAPE).astype(np.uint8)
    session = Session()
    session.features = px.FeatureSet.from_selection({"gaussian_smoothing": [1.0]}, ndim=3)
    session.n_estimators = 5
    session.add_pair(image, labels)
    return session


def test_they_are_kept_as_they_are(session: Any, labels: Any) -> None:
    assert session.pairs[0].labels.data is labels
    assert session.counts == {1: 35, 2: 35, 3: 5}


def test_training(session: Any, labels: Any) -> None:
    session.train().result(60)
    image = session.pairs[0].image.data
    classifier = px.PixelClassifier(session.features, n_estimators=5, random_state=0)
    classifier.fit(image, labels[:])
    np.testing.assert_array_equal(
        session.classifier.predict_proba(image), classifier.predict_proba(image)
    )


def test_classes_are_merged_and_deleted(session: Any, labels: Any) -> None:
    assert session.merge_classes(3, 2) == 5
    assert LabelledPixels.of(labels[:]).counts == {1: 35, 2: 40} == session.counts
    assert session.delete_class(2) == 40
    assert LabelledPixels.of(labels[:]).counts == {1: 35} == session.counts


def test_they_hold_what_their_type_holds(session: Any) -> None:
    source = session.pairs[0].labels
    assert "up to 255; got 256" in source.refusal(256)
    assert source.refusal(255) is None
    assert source.replace_value(1, 4) == 35
    session.labels_changed()
    assert session.counts == {2: 35, 3: 5, 4: 35}
