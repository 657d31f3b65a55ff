"""The names that other people's scripts rely on."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import napari_pixclass as px


def test_all_public_names_are_there() -> None:
    for name in ("FeatureSet", "PixelClassifier", "compute_features", "load", "ModelFileError"):
        assert getattr(px, name) is not None
    assert set(px.__all__) <= set(dir(px))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = px.nonsense


def test_the_example_of_the_readme(tmp_path) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (40, 50), dtype=np.uint8)
    labels = np.zeros(image.shape, np.uint8)
    labels[5:8, 5:40], labels[30:33, 5:40] = 1, 2
    features = px.FeatureSet.all(ndim=2)
    clf = px.PixelClassifier(features, n_estimators=5, random_state=0)
    assert clf.fit(image, labels) is clf
    assert clf.predict_proba(image).shape == (40, 50, 2)
    clf.save(tmp_path / "cells.pixclass")
    loaded = px.load(tmp_path / "cells.pixclass")
    np.testing.assert_array_equal(loaded.predict_proba(image), clf.predict_proba(image))
    np.testing.assert_array_equal(loaded.predict(image), clf.predict(image))
    assert px.compute_features(image, features).shape == (40, 50, len(features))


def test_the_room_session_does_not_hide_the_function_session() -> None:
    """Importing a room binds it in its package; here that name belongs to the public function."""
    code = (
        "import sys, napari_pixclass as px; "
        "from napari_pixclass.session import Session; "
        "import napari_pixclass.session; "
        "assert isinstance(sys.modules['napari_pixclass.session'].Session, type); "
        "assert not isinstance(type(px).__dict__['session'], type(sys))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("module", ["napari_pixclass", "napari_pixclass.classifier"])
def test_docstrings_are_there(module: str) -> None:
    __import__(module)
    public = {"PixelClassifier", "load", "FeatureSet", "compute_features"}
    for name in public & set(dir(sys.modules[module])):
        assert getattr(sys.modules[module], name).__doc__
