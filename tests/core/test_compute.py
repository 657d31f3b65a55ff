"""Features: equal to a slow reference, independent of blocks, and what their definitions promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from tests.core.reference import reference_features

from napari_pixclass.core import FAMILIES, FeatureSet, compute_features
from napari_pixclass.core import _compute as compute_module
from napari_pixclass.core._pointwise import eigenvalues3

RNG = np.random.default_rng(7)


def texture(*shape: int, seed: int = 0) -> np.ndarray:
    """Noise with structure at several scales, in the range of 8-bit images."""
    rng = np.random.default_rng(seed)
    image = rng.normal(size=shape) + 4 * ndimage.gaussian_filter(rng.normal(size=shape), 2)
    return (255 * (image - image.min()) / np.ptp(image)).astype(np.float32)


def assert_close(
    image: np.ndarray, features: FeatureSet, values: np.ndarray, expected: np.ndarray
) -> None:
    # Second derivatives at large scales are tiny differences of large numbers: 32 bits leave a few rounding
    # errors of the image's own values in them.
    rounding = 4 * np.finfo(np.float32).eps * np.abs(image).max()
    for index, name in enumerate(features.names):
        atol = max(1e-4 * np.abs(expected[..., index]).max(), rounding)
        np.testing.assert_allclose(
            values[..., index], expected[..., index], rtol=0, atol=atol, err_msg=name
        )


@pytest.mark.parametrize("spacing", [None, (1.0, 1.0), (2.0, 1.0), (0.3, 0.55)])
def test_2d_features_match_the_reference(spacing: tuple[float, float] | None) -> None:
    image, features = texture(70, 61), FeatureSet.all(2)
    values = compute_features(image, features, spacing=spacing)
    assert values.shape == (70, 61, 49)
    assert values.dtype == np.float32
    assert_close(image, features, values, reference_features(image, features, spacing))


@pytest.mark.parametrize(
    ("spacing", "sigmas_2d"),
    [(None, ()), ((2.0, 1.0, 1.0), (1.0,)), ((12.5, 1.0, 1.0), ()), ((0.5, 1.0, 1.0), ())],
)
def test_3d_features_match_the_reference(
    spacing: tuple[float, ...] | None, sigmas_2d: tuple[float, ...]
) -> None:
    image = texture(17, 20, 23)
    sigmas = [0.7, 1.0, 1.6, 3.5]
    features = FeatureSet.from_selection({f.id: sigmas for f in FAMILIES}, 3, sigmas_2d=sigmas_2d)
    values = compute_features(image, features, spacing=spacing)
    assert_close(image, features, values, reference_features(image, features, spacing))


def test_large_sigma_in_3d_matches_the_reference() -> None:
    image, features = (
        texture(9, 14, 12),
        FeatureSet.from_selection({f.id: [10.0] for f in FAMILIES}, 3),
    )
    assert_close(
        image, features, compute_features(image, features), reference_features(image, features)
    )


def test_features_are_those_of_the_true_gaussian() -> None:
    """Two stages and truncation cost little against plain Gaussian derivatives with very wide kernels."""
    image, sigma = texture(128, 128), 5.0
    features = FeatureSet.from_selection(
        {
            "gaussian_smoothing": [sigma],
            "laplacian_of_gaussian": [sigma],
            "gaussian_gradient_magnitude": [sigma],
        }
    )
    values = compute_features(image, features)

    def plain(*order: int) -> np.ndarray:
        return ndimage.gaussian_filter(
            image.astype(float), sigma, order=order, mode="mirror", truncate=8
        )

    expected = [plain(0, 0), plain(2, 0) + plain(0, 2), np.hypot(plain(1, 0), plain(0, 1))]
    for index, truth in enumerate(expected):
        assert np.abs(values[..., index] - truth).max() < 2e-3 * np.abs(truth).max()


@st.composite
def feature_sets(draw: st.DrawFn, ndim: int) -> FeatureSet:
    sigmas = draw(
        st.lists(st.sampled_from([0.3, 0.7, 1.0, 1.45, 1.6, 2.5, 4.0]), min_size=1, max_size=3)
    )
    families = draw(st.lists(st.sampled_from([f.id for f in FAMILIES]), min_size=1, max_size=3))
    planar = draw(st.lists(st.sampled_from(sigmas), max_size=2)) if ndim == 3 else []
    return FeatureSet.from_selection(dict.fromkeys(families, sigmas), ndim, sigmas_2d=planar)


@st.composite
def crops(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[slice, ...]:
    region = []
    for length in shape:
        start = draw(st.integers(0, length - 1))
        region.append(slice(start, draw(st.integers(start + 1, length))))
    return tuple(region)


@given(data=st.data(), ndim=st.sampled_from([2, 3]))
def test_features_of_a_crop_are_the_crop_of_the_features(data: st.DataObject, ndim: int) -> None:
    """What the halo means, bit for bit, whatever the blocks."""
    shape = (75, 83) if ndim == 2 else (19, 33, 41)
    image = texture(*shape, seed=3)
    features = data.draw(feature_sets(ndim))
    spacing = data.draw(st.sampled_from([None, (1.0, 0.5, 0.5)[-ndim:], (3.0, 1.0, 1.0)[-ndim:]]))
    core = data.draw(crops(shape))
    halo = features.halo_for(spacing)
    outer = tuple(
        slice(max(axis.start - h, 0), min(axis.stop + h, n))
        for axis, h, n in zip(core, halo, shape, strict=True)
    )
    inner = tuple(
        slice(a.start - o.start, a.stop - o.start) for a, o in zip(core, outer, strict=True)
    )
    whole = compute_features(image, features, spacing=spacing)[core]
    crop = compute_features(image[outer], features, spacing=spacing)[inner]
    # Mirroring at a border of the crop that is not one of the image must not reach the core.
    np.testing.assert_array_equal(crop, whole)


@given(
    block=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    features=feature_sets(2),
)
def test_features_do_not_depend_on_the_blocks(block: tuple[int, int], features: FeatureSet) -> None:
    image = texture(40, 67)
    with pytest.MonkeyPatch.context() as patch:
        whole = compute_features(image, features)
        patch.setitem(compute_module.BLOCK_SHAPES, 2, (max(block[0], 8), max(block[1], 8)))
        np.testing.assert_array_equal(compute_features(image, features), whole)


@settings(max_examples=15)
@given(
    block=st.tuples(st.integers(1, 30), st.integers(5, 40), st.integers(5, 50)),
    features=feature_sets(3),
    spacing=st.sampled_from([None, (3.0, 1.0, 1.0), (1.0, 0.5, 1.5)]),
    n_jobs=st.integers(1, 3),
)
def test_3d_features_depend_on_neither_blocks_nor_threads(
    block: tuple[int, int, int],
    features: FeatureSet,
    spacing: tuple[float, ...] | None,
    n_jobs: int,
) -> None:
    image = texture(23, 29, 37)
    whole = compute_features(image, features, spacing=spacing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(compute_module.BLOCK_SHAPES, 3, block)
        parts = compute_features(image, features, spacing=spacing, n_jobs=n_jobs)
    np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_subset_of_features_computes_the_same_values(ndim: int) -> None:
    """What a forest does not look at is not computed: the rest must not change."""
    image, features = texture(*(60, 70) if ndim == 2 else (9, 30, 35)), FeatureSet.all(ndim)
    values = compute_features(image, features)
    for index, feature in enumerate(features.features):
        one = features.restricted([index])
        assert one is not None
        column = one.features.index(feature)
        np.testing.assert_array_equal(
            compute_features(image, one)[..., column], values[..., index], err_msg=feature.name
        )


def test_rows_of_any_width_give_the_same_values() -> None:
    """Rows end in pieces that overlap, and narrow ones are filled up."""
    image = texture(20, 200)
    features = FeatureSet.from_selection({f.id: [1.0, 1.6] for f in FAMILIES})
    whole = compute_features(image, features)
    with pytest.MonkeyPatch.context() as patch:
        for width in (1, 15, 16, 17, 63, 64, 65, 80, 100, 199):
            patch.setitem(compute_module.BLOCK_SHAPES, 2, (20, width))
            np.testing.assert_array_equal(compute_features(image, features), whole)


@pytest.mark.parametrize("halo_axis", [0, 1, 2])
def test_halo_is_needed(halo_axis: int) -> None:
    """A smaller halo would be wrong: the value at one end of it reaches the core."""
    features = FeatureSet.from_selection({"structure_tensor_eigenvalues": [1.6]}, 3)
    halo = features.halo
    shape = tuple(2 * h + 1 for h in halo)
    image = np.zeros(shape, np.float32)
    image += np.arange(shape[halo_axis], dtype=np.float32).reshape(
        [-1 if i == halo_axis else 1 for i in range(3)]
    )
    changed = image.copy()
    changed[tuple(slice(0, 1) if i == halo_axis else slice(None) for i in range(3))] += 1e6
    before, after = (compute_features(i, features)[halo] for i in (image, changed))
    assert (before != after).any()


@pytest.mark.parametrize("channel_axis", [0, 1, 2, -1, -2, -3])
def test_channels_are_concatenated(channel_axis: int) -> None:
    image, features = texture(3, 20, 30), FeatureSet.fast(2)
    moved = np.moveaxis(image, 0, channel_axis)
    values = compute_features(moved, features, channel_axis=channel_axis)
    assert values.shape == (20, 30, 3 * len(features))
    single = [compute_features(channel, features) for channel in image]
    np.testing.assert_array_equal(values, np.concatenate(single, axis=-1))


def test_rgb_gives_147_features() -> None:
    values = compute_features(texture(16, 16, 3), FeatureSet.all(2), channel_axis=-1)
    assert values.shape == (16, 16, 147)


def test_leading_axes_are_handled_frame_by_frame() -> None:
    movie, features = texture(2, 3, 24, 25), FeatureSet.fast(2)
    values = compute_features(movie, features)
    assert values.shape == (*movie.shape, len(features))
    for frame in np.ndindex(2, 3):
        np.testing.assert_array_equal(values[frame], compute_features(movie[frame], features))
    volumes = compute_features(movie, FeatureSet.fast(3))
    np.testing.assert_array_equal(volumes[1], compute_features(movie[1], FeatureSet.fast(3)))


@pytest.mark.parametrize(
    "dtype", [bool, np.uint8, np.int16, np.uint16, np.int32, np.float16, np.float64]
)
def test_dtypes_give_the_values_of_float32(dtype: type) -> None:
    image = (texture(20, 21) > 100) if dtype is bool else texture(20, 21).astype(dtype)
    features = FeatureSet.fast(2)
    np.testing.assert_array_equal(
        compute_features(image, features), compute_features(image.astype(np.float32), features)
    )


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (2, 3), (300, 1)])
def test_tiny_images(shape: tuple[int, int]) -> None:
    values = compute_features(
        texture(*shape) if min(shape) > 1 else np.ones(shape, np.uint8), FeatureSet.all(2)
    )
    assert values.shape == (*shape, 49)
    assert np.isfinite(values).all()


def test_constant_image_has_no_structure() -> None:
    features = FeatureSet.all(3)
    values = compute_features(np.full((12, 13, 14), 200, np.uint8), features)
    for index, feature in enumerate(features.features):
        expected = 200 if feature.family == "gaussian_smoothing" else 0
        np.testing.assert_allclose(values[..., index], expected, atol=2e-3, err_msg=feature.name)


def test_ramp_has_unit_slope_in_every_unit_of_length() -> None:
    """Derivatives are per length: only the ratio of the spacings counts."""
    z = np.arange(40, dtype=np.float32)[:, None, None] * np.ones((1, 30, 30), np.float32)
    features = FeatureSet.from_selection({"gaussian_gradient_magnitude": [1.6]}, 3)
    for spacing, slope in [((1, 1, 1), 1.0), ((2, 1, 1), 0.5), ((0.5, 0.25, 0.25), 0.5)]:
        values = compute_features(z, features, spacing=spacing)
        np.testing.assert_allclose(values[20, 15, 15, 0], slope, rtol=1e-4)


def test_spacing_in_other_units_changes_nothing() -> None:
    image, features = texture(12, 30, 31), FeatureSet.fast(3)
    np.testing.assert_array_equal(
        compute_features(image, features, spacing=(0.5, 0.125, 0.125)),
        compute_features(image, features, spacing=(4, 1, 1)),
    )


@given(scale=st.floats(1e-12, 1e9), seed=st.integers(0, 100))
def test_eigenvalues_of_all_magnitudes(scale: float, seed: int) -> None:
    """Sorted, and exact to 1e-5 of the largest, where squares and cubes of the entries would over- or underflow."""
    rng = np.random.default_rng(seed)
    entries = (rng.normal(size=(6, 150)) * scale).astype(np.float32)
    entries[:, :20] = entries[:1, :20]  # equal entries: two eigenvalues coincide
    entries[3:, 20:40] = 0  # diagonal
    out = np.empty((3, 150), np.float32)
    eigenvalues3(entries.ravel(), 150, out.ravel(), 0, 150, 150)
    a, b, c, d, e, f = entries.astype(float)
    matrix = np.stack([a, d, e, d, b, f, e, f, c], axis=-1).reshape(150, 3, 3)
    expected = np.moveaxis(np.linalg.eigvalsh(matrix)[..., ::-1], -1, 0)
    assert (np.abs(out - expected) <= 1e-5 * np.abs(expected).max(axis=0)).all()
    assert (np.diff(out, axis=0) <= 0).all()


def test_memory_mapped_image_is_read_in_blocks(tmp_path) -> None:
    image = texture(60, 50)
    np.save(tmp_path / "image.npy", image)
    mapped = np.load(tmp_path / "image.npy", mmap_mode="r")
    features = FeatureSet.fast(2)
    np.testing.assert_array_equal(
        compute_features(mapped, features), compute_features(image, features)
    )
