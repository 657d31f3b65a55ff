"""The samples: the same every time, painted where the truth agrees, and good enough to learn from."""

from __future__ import annotations

import numpy as np
import pytest

from napari_pixclass.core import FeatureSet, PixelClassifier, sample_images, score

NAMES = ("cells", "histology", "volume")


def test_there_is_a_plane_a_colour_image_and_a_volume() -> None:
    assert tuple(sample_images()) == NAMES
    samples = {name: make() for name, make in sample_images().items()}
    assert [samples[name].name for name in NAMES] == list(NAMES)
    assert samples["cells"].image.shape == (512, 512)
    assert samples["histology"].image.shape == (512, 512, 3)
    assert samples["histology"].truth is None
    assert samples["volume"].image.shape == (32, 160, 160)
    assert samples["volume"].spacing == (2.0, 1.0, 1.0)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_the_same_every_time_and_fits_itself(name: str) -> None:
    sample, again = sample_images()[name](), sample_images()[name]()
    np.testing.assert_array_equal(sample.image, again.image)
    np.testing.assert_array_equal(sample.labels, again.labels)
    shape = list(sample.image.shape)
    if sample.channel_axis is not None:
        del shape[sample.channel_axis]
    assert sample.labels.shape == tuple(shape)
    assert sample.labels.dtype == np.uint8
    assert len(sample.spacing) == sample.ndim
    values = [info.value for info in sample.classes]
    assert sorted(set(np.unique(sample.labels)) - {0}) == values
    assert len({info.color for info in sample.classes}) == len(values)
    assert np.mean(sample.labels > 0) < 0.08  # strokes, not a painted image
    if sample.truth is not None:
        painted = sample.labels > 0
        np.testing.assert_array_equal(sample.labels[painted], sample.truth[painted])


@pytest.mark.parametrize(("name", "least"), [("cells", 0.8), ("volume", 0.8)])
def test_a_few_strokes_are_enough(name: str, least: float) -> None:
    sample = sample_images()[name]()
    classifier = PixelClassifier(FeatureSet.fast(sample.ndim), n_estimators=50)
    classifier.fit(sample.image, sample.labels, spacing=sample.spacing)
    assert sample.truth is not None
    values = [info.value for info in sample.classes]
    assert score(classifier.predict(sample.image), sample.truth, values).mean_iou > least
