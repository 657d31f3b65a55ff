"""A session with a small image of two halves, and labels on it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from napari_pixclass.session import Session

from .place import FEATURES as FEATURES
from .place import LONG as LONG
from .place import Place


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


@pytest.fixture
def places() -> Iterator[list[Place]]:
    """Sessions that end with the test."""
    made: list[Place] = []
    yield made
    for place in made:
        place.session.close()


@pytest.fixture
def here(places: list[Place]) -> Place:
    places.append(Place())
    return places[0]


@pytest.fixture
def there(places: list[Place], here: Place) -> Place:
    places.append(Place())
    return places[1]
