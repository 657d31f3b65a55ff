"""Feature sets: chosen, named, ordered, saved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_pixclass.core import FAMILIES, FeatureSet

IDS = [family.id for family in FAMILIES]


@pytest.mark.parametrize(("ndim", "count"), [(2, 49), (3, 61)])
def test_all_has_37_cells(ndim: int, count: int) -> None:
    features = FeatureSet.all(ndim)
    assert sum(len(sigmas) for _, sigmas in features.selection) == 37
    assert len(features) == len(features.names) == len(set(features.names)) == count


@pytest.mark.parametrize("make", [FeatureSet.default, FeatureSet.fast, FeatureSet.all])
@pytest.mark.parametrize("ndim", [2, 3])
def test_presets_fit_their_dimensions(make, ndim: int) -> None:
    features = make(ndim)
    assert features.ndim == ndim
    assert len(features.halo) == ndim
    assert len(features) >= 1


@given(
    selection=st.dictionaries(
        st.sampled_from(IDS), st.lists(st.floats(0.01, 100), min_size=1, max_size=4), min_size=1
    ),
    ndim=st.sampled_from([2, 3]),
    data=st.data(),
)
def test_round_trip_through_a_dict(selection, ndim: int, data: st.DataObject) -> None:
    sigmas = sorted({sigma for values in selection.values() for sigma in values})
    planar = data.draw(st.lists(st.sampled_from(sigmas)))
    features = FeatureSet.from_selection(selection, ndim, sigmas_2d=planar)
    assert FeatureSet.from_dict(features.to_dict()) == features
    assert hash(FeatureSet.from_dict(features.to_dict())) == hash(features)


def test_order_of_choice_does_not_matter() -> None:
    one = FeatureSet.from_selection({IDS[5]: [5, 1], IDS[0]: [1, 1.0]})
    other = FeatureSet.from_selection({IDS[0]: [1], IDS[5]: [1, 5]})
    assert one == other
    assert [f.family for f in one.features] == [IDS[0]] + [IDS[5]] * 4


def test_halo_is_that_of_the_widest_scale() -> None:
    assert FeatureSet.from_selection({"gaussian_smoothing": [10]}).halo == (44, 44)
    assert FeatureSet.from_selection({"structure_tensor_eigenvalues": [10]}).halo == (64, 64)
    planar = FeatureSet.from_selection({"gaussian_smoothing": [10]}, 3, sigmas_2d=[10])
    assert planar.halo == (0, 44, 44)
    anisotropic = FeatureSet.from_selection({"gaussian_smoothing": [10]}, 3)
    assert anisotropic.halo_for((5, 1, 1)) == (11, 44, 44)


def test_restricted_keeps_what_is_needed() -> None:
    features = FeatureSet.all(2)
    index = features.names.index("Hessian of Gaussian eigenvalues (sigma=1.6) in 2D [1]")
    restricted = features.restricted([index])
    assert restricted is not None
    assert restricted.selection == (("hessian_of_gaussian_eigenvalues", (1.6,)),)
    assert features.restricted([]) is None


@pytest.mark.parametrize(
    ("selection", "error", "words"),
    [
        ({}, ValueError, "at least one feature"),
        ({"blur": [1]}, ValueError, "'blur'"),
        ({IDS[0]: [0]}, ValueError, "above 0"),
        ({IDS[0]: [-1]}, ValueError, "above 0"),
        ({IDS[0]: [float("nan")]}, ValueError, "above 0"),
        ({IDS[0]: [1e9]}, ValueError, "not above 100"),
        ({IDS[0]: ["1"]}, TypeError, "must be a number"),
        ({IDS[0]: [True]}, TypeError, "must be a number"),
        ([IDS[0]], TypeError, "must map family ids"),
    ],
)
def test_bad_selections(selection, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        FeatureSet.from_selection(selection)


def test_bad_ndim() -> None:
    with pytest.raises(ValueError, match="must be 2 or 3; got 4"):
        FeatureSet.all(4)
