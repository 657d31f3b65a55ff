"""ilastik's definition of the features: equal to its description, independent of blocks, usable everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.ilastik_reference import kernel, reference_features
from tests.core.test_compute import crops, feature_sets, texture

from napari_pixclass.classifier import PixelClassifier, load
from napari_pixclass.core import (
    FAMILIES,
    ChannelFeatures,
    Dialect,
    FeatureCache,
    FeatureSet,
    Scratch,
    Tile,
    TileReader,
    compute_features,
    ilastik_columns,
    resolve_axes,
)
from napari_pixclass.core import _compute as compute_module
from napari_pixclass.core._kernels import gaussian_kernel

DIALECTS = [dialect for dialect in get_args(Dialect) if dialect != "pixclass"]

IDS = [family.id for family in FAMILIES]


def assert_close(image: np.ndarray, features: FeatureSet, values: np.ndarray) -> None:
    """To 1e-5 of a channel's standard deviation, as far as 32 bits allow.

    What is a small difference of large numbers keeps a few of their rounding errors, here and in ilastik.
    """
    expected = reference_features(image, features)
    rounding = 8 * np.finfo(np.float32).eps * np.abs(image).max()
    for index, name in enumerate(features.names):
        atol = max(1e-5 * expected[..., index].std(), rounding)
        np.testing.assert_allclose(
            values[..., index], expected[..., index], rtol=1e-6, atol=atol, err_msg=name
        )


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("shape", [(70, 91), (13, 5), (1, 40), (3, 2), (1, 1)])
def test_2d_features_are_those_of_the_reference(shape: tuple[int, ...], dialect: Dialect) -> None:
    """Also in images far smaller than the widest kernel, which is mirrored again and again."""
    image, features = (
        texture(*shape) if max(shape) > 1 else np.full((1, 1), 7.0),
        all_of(2, dialect),
    )
    values = compute_features(image, features)
    assert values.shape == (*shape, 49)
    assert_close(image, features, values)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("shape", [(17, 20, 23), (2, 9, 17), (1, 8, 3)])
def test_3d_features_are_those_of_the_reference(shape: tuple[int, ...], dialect: Dialect) -> None:
    image, features = texture(*shape), all_of(3, dialect)
    assert len(features) == 61
    assert_close(image, features, compute_features(image, features))


def test_some_scales_may_run_in_the_plane() -> None:
    image = texture(7, 20, 23)
    features = FeatureSet.from_selection(
        {family: [0.7, 1.0, 1.6] for family in IDS}, 3, sigmas_2d=[0.7, 1.6], dialect="ilastik"
    )
    assert_close(image, features, compute_features(image, features))


def all_of(ndim: int, dialect: Dialect) -> FeatureSet:
    return FeatureSet.all(ndim, dialect=dialect)


@pytest.mark.parametrize("sigma", [0.15, 0.3, 0.46, 0.5, 0.7, 1.0, 1.249, 9.95])
@pytest.mark.parametrize("window", [2.0, 3.5])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_kernels(sigma: float, window: float, order: int) -> None:
    np.testing.assert_allclose(
        gaussian_kernel(sigma, order, window), kernel(sigma, order, window), rtol=1e-6, atol=1e-8
    )


def test_kernels_are_as_short_as_ilastiks() -> None:
    # Presmoothing: floor(3.5 sqrt(10^2 - 1) + 0.5) = 35; then 2 for the filters, 1 + 2 for the structure tensor.
    assert FeatureSet.from_selection({IDS[0]: [10]}, dialect="ilastik").halo == (37, 37)
    assert FeatureSet.from_selection({IDS[4]: [10]}, dialect="ilastik").halo == (38, 38)
    assert FeatureSet.from_selection({IDS[3]: [0.7]}, dialect="ilastik").halo == (3, 3)


def test_it_is_another_feature_set_than_ours() -> None:
    ours, theirs = FeatureSet.all(2), FeatureSet.all(2, dialect="ilastik")
    assert ours != theirs
    assert ours.names == theirs.names
    image = texture(40, 40)
    differences = np.abs(compute_features(image, ours) - compute_features(image, theirs))
    assert (differences.max(axis=(0, 1)) > 0).all()
    with pytest.raises(ValueError, match="dialect must be one of pixclass, ilastik, ilastik-vigra"):
        FeatureSet.from_selection({IDS[0]: [1]}, dialect="ilastic")  # type: ignore[arg-type]


def test_spacing_changes_nothing() -> None:
    image, features = texture(9, 20, 21), all_of(3, "ilastik")
    np.testing.assert_array_equal(
        compute_features(image, features, spacing=(4.0, 1.0, 0.5)),
        compute_features(image, features),
    )
    assert features.halo_for((4.0, 1.0, 0.5)) == features.halo
    with pytest.raises(ValueError, match="positive"):
        compute_features(image, features, spacing=(-1.0, 1.0, 1.0))


@given(data=st.data(), ndim=st.sampled_from([2, 3]), dialect=st.sampled_from(DIALECTS))
def test_features_of_a_crop_are_the_crop_of_the_features(
    data: st.DataObject, ndim: int, dialect: Dialect
) -> None:
    shape = (75, 83) if ndim == 2 else (19, 33, 41)
    image = texture(*shape, seed=3)
    features = replace(data.draw(feature_sets(ndim)), dialect=dialect)
    core = data.draw(crops(shape))
    outer = tuple(
        slice(max(axis.start - h, 0), min(axis.stop + h, n))
        for axis, h, n in zip(core, features.halo, shape, strict=True)
    )
    inner = tuple(
        slice(a.start - o.start, a.stop - o.start) for a, o in zip(core, outer, strict=True)
    )
    whole = compute_features(image, features)[core]
    np.testing.assert_array_equal(compute_features(image[outer], features)[inner], whole)


@settings(max_examples=25)
@given(data=st.data(), ndim=st.sampled_from([2, 3]), n_jobs=st.integers(1, 2))
def test_features_depend_on_neither_blocks_nor_threads(
    data: st.DataObject, ndim: int, n_jobs: int
) -> None:
    shape = (40, 67) if ndim == 2 else (11, 29, 37)
    image = texture(*shape)
    features = replace(data.draw(feature_sets(ndim)), dialect="ilastik")
    block = data.draw(st.tuples(*[st.integers(4, 60)] * ndim))
    whole = compute_features(image, features)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(compute_module.BLOCK_SHAPES, ndim, block)
        np.testing.assert_array_equal(compute_features(image, features, n_jobs=n_jobs), whole)


def test_a_subset_of_features_computes_the_same_values() -> None:
    image, features = texture(40, 45), all_of(2, "ilastik")
    values = compute_features(image, features)
    for index, feature in enumerate(features.features):
        one = features.restricted([index])
        assert one is not None
        assert one.dialect == "ilastik"
        column = one.features.index(feature)
        np.testing.assert_array_equal(compute_features(image, one)[..., column], values[..., index])


def test_reduced_sets_and_dicts_keep_the_dialect() -> None:
    features = all_of(3, "ilastik-vigra")
    assert FeatureSet.from_dict(features.to_dict()) == features
    assert features.to_dict()["dialect"] == "ilastik-vigra"


def test_channels_frames_and_live_tiles() -> None:
    movie = texture(2, 3, 40, 44)
    features = FeatureSet.from_selection({family: [1.0, 3.5] for family in IDS}, dialect="ilastik")
    values = compute_features(movie, features, channel_axis=1)
    for frame in range(2):
        single = [reference_features(channel, features) for channel in movie[frame]]
        expected = np.concatenate(single, axis=-1)
        np.testing.assert_allclose(values[frame], expected, rtol=1e-4, atol=2e-4)
    axes = resolve_axes(movie.shape, 2, 1)
    reader = TileReader(movie, axes, ChannelFeatures.of(features, 3), (1.0, 1.0))
    tile = Tile(0, (1, 8, 16), (2, 24, 40), axes.shape)
    cache = FeatureCache()
    cache.name_images([(movie, "movie")])
    for _ in range(2):
        planes = cache.planes(reader, tile, Scratch())
        np.testing.assert_array_equal(np.moveaxis(planes, 0, -1), values[1, 8:24, 16:40])
    assert cache.has(reader, tile)


def test_a_classifier_is_trained_with_it_saved_and_runs_block_by_block(tmp_path) -> None:
    import dask.array as da

    image = texture(2, 60, 64)
    labels = np.zeros((60, 64), np.uint8)
    labels[5:9, 5:30], labels[40:44, 20:60] = 2, 7
    features = FeatureSet.from_selection(
        {IDS[0]: [0.3, 1.0, 3.5], IDS[4]: [1.0, 5.0]}, dialect="ilastik"
    )
    classifier = PixelClassifier(features, n_estimators=10).fit(image, labels, channel_axis=0)
    probabilities = classifier.predict_proba(image)
    assert classifier.halo <= features.halo
    lazy = da.from_array(image, chunks=(2, 17, 23))
    np.testing.assert_array_equal(classifier.predict_proba(lazy).compute(), probabilities)
    classifier.save(tmp_path / "model.pixclass")
    loaded = load(tmp_path / "model.pixclass")
    assert loaded.features_ == features
    np.testing.assert_array_equal(loaded.predict_proba(image), probabilities)
    again = loaded.fit(image, labels, channel_axis=0)
    np.testing.assert_array_equal(again.predict_proba(image), probabilities)


@pytest.mark.parametrize(("ndim", "n_channels"), [(2, 1), (2, 3), (3, 2)])
def test_columns_go_from_ilastiks_order_to_ours(ndim: int, n_channels: int) -> None:
    """Families are rows, in the order of the project; then scales, channels, eigenvalues."""
    cells = [(IDS[4], 1.0), (IDS[4], 3.5), (IDS[0], 0.3), (IDS[0], 3.5), (IDS[5], 1.0)]
    features = FeatureSet.from_selection(
        {IDS[4]: [1.0, 3.5], IDS[0]: [0.3, 3.5], IDS[5]: [1.0]},
        ndim,
        sigmas_2d=[3.5],
        dialect="ilastik",
    )
    theirs = [
        (channel, family, sigma, component)
        for family, sigma in cells
        for channel in range(n_channels)
        for component in range(1 if family == IDS[0] else 2 if sigma == 3.5 or ndim == 2 else 3)
    ]
    ours = [
        (channel, feature.family, feature.sigma, feature.component)
        for channel in range(n_channels)
        for feature in features.features
    ]
    columns = ilastik_columns(cells, features, n_channels)
    assert columns.dtype == np.int64
    assert [ours[column] for column in columns] == theirs
    for wrong in (cells[1:], [*cells, cells[0]], [*cells[1:], (IDS[1], 1.0)]):
        with pytest.raises(ValueError, match="cells must name each"):
            ilastik_columns(wrong, features, n_channels)
