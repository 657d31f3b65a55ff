"""A session with a small image of two halves, and labels on it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from napari_pixclass.core import FeatureSet
from napari_pixclass.session import Session

FEATURES = FeatureSet.from_selection({"gaussian_smoothing": [1.0], "laplacian_of_gaussian": [1.6]})
LONG = 60  # seconds; no test waits that long unless something is broken


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    session.features = FEATURES
    session.n_estimators = 10
    yield session
    session.close()


@pytest.fixture
def image() -> np.ndarray:
    rng = np.random.default_rng(0)
    halves = np.where(np.arange(60) < 30, 40, 160)
    return (halves + rng.normal(size=(50, 60)) * 8).astype(np.float32)


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.zeros((50, 60), np.uint8)
    labels[10:14, 5:25] = 1
    labels[30:34, 35:55] = 2
    return labels
