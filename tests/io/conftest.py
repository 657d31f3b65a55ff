"""A small trained classifier to save."""

from __future__ import annotations

import pytest
from tests.io.small import FEATURES, make_image, make_labels

from napari_pixclass import PixelClassifier


@pytest.fixture(scope="session")
def classifier() -> PixelClassifier:
    image = make_image((24, 32))
    return PixelClassifier(FEATURES, n_estimators=5).fit(image, make_labels(image.shape))
