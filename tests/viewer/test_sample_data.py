"""napari's sample data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import napari_pixclass as px
from napari_pixclass.core import sample_images


@pytest.mark.parametrize("name", list(sample_images()))
def test_a_sample_opens_as_image_and_scribbles(viewer: Any, name: str) -> None:
    sample = sample_images()[name]()
    image, labels = viewer.open_sample("napari-pixclass", name)
    np.testing.assert_array_equal(image.data, sample.image)
    np.testing.assert_array_equal(labels.data, sample.labels)
    for layer in (image, labels):
        np.testing.assert_array_equal(layer.scale, sample.spacing)
        assert layer.axis_labels == ("z", "y", "x")[-sample.ndim :]
    assert image.rgb == (sample.channel_axis is not None)


@pytest.mark.parametrize("dock_first", [True, False], ids=["dock first", "sample first"])
def test_docks_take_up_a_sample(
    viewer: Any, open_dock: Callable[..., Any], dock_first: bool
) -> None:
    if dock_first:
        open_dock(viewer, "Train")
    image, labels = viewer.open_sample("napari-pixclass", "volume")
    if not dock_first:
        open_dock(viewer, "Train")
    session = px.session(viewer)
    (pair,) = session.pairs
    assert (pair.image.layer, pair.labels.layer) == (image, labels)
    assert session.features == px.FeatureSet.default(3)
    assert session.classes == sample_images()["volume"]().classes


def test_two_samples_are_two_pairs(viewer: Any, open_dock: Callable[..., Any]) -> None:
    for _ in range(2):
        viewer.open_sample("napari-pixclass", "cells")
    assert len(open_dock(viewer, "Train").session.pairs) == 2


def test_a_copy_of_the_scribbles_is_not_taken_up(
    viewer: Any, open_dock: Callable[..., Any]
) -> None:
    session = open_dock(viewer, "Train").session
    _, labels = viewer.open_sample("napari-pixclass", "cells")
    viewer.add_labels(labels.data.copy(), metadata=labels.metadata)
    assert len(session.pairs) == 1
