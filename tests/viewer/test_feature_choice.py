"""What the grid of features holds."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import napari_pixclass as px
from napari_pixclass.core import DEFAULT_SIGMAS, FAMILIES, Dialect
from napari_pixclass.viewer._feature_choice import PRESETS, FeatureChoice

selections = st.dictionaries(
    st.sampled_from([family.id for family in FAMILIES]),
    st.sets(st.sampled_from([0.3, 0.7, 1.0, 2.0, 12.5]), min_size=1),
    min_size=1,
)


@given(
    selections,
    st.sampled_from([2, 3]),
    st.sets(st.sampled_from([0.7, 12.5])),
    st.sampled_from(get_args(Dialect)),
)
def test_a_feature_set_comes_back_as_it_was(
    selection: dict[str, set[float]], ndim: int, planar: set[float], dialect: Dialect
) -> None:
    features = px.FeatureSet.from_selection(selection, ndim, sigmas_2d=planar, dialect=dialect)
    choice = FeatureChoice()
    choice.adopt(features)
    assert choice.features == features


@pytest.mark.parametrize("ndim", [2, 3])
def test_presets(ndim: int) -> None:
    choice = FeatureChoice()
    choice.ndim = ndim
    expected = {
        "Fast": px.FeatureSet.fast(ndim),
        "Default": px.FeatureSet.default(ndim),
        "All": px.FeatureSet.all(ndim),
    }
    for name in PRESETS:
        choice.apply_preset(name)
        assert choice.features == expected[name]


def test_presets_keep_the_dialect() -> None:
    choice = FeatureChoice()
    choice.adopt(px.FeatureSet.all(2, dialect="ilastik"))
    for name in PRESETS:
        choice.apply_preset(name)
        assert choice.features is not None
        assert choice.features.dialect == "ilastik"


def test_all_includes_scales_that_were_added() -> None:
    choice = FeatureChoice()
    choice.add_sigma(20)
    choice.apply_preset("All")
    assert choice.features == px.FeatureSet.all(2, sigmas=(*DEFAULT_SIGMAS, 20))


def test_toggling_a_row_chooses_all_of_it_then_none() -> None:
    choice = FeatureChoice()
    choice.apply_preset("Fast")
    row = choice.row_cells("gaussian_smoothing")
    assert choice.state(row) is None
    choice.toggle(row)
    assert choice.state(row) is True
    choice.toggle(row)
    assert choice.state(row) is False


def test_nothing_chosen_is_none() -> None:
    choice = FeatureChoice()
    choice.apply_preset("Default")
    choice.toggle(choice.all_cells())
    assert choice.features is None


def test_only_smoothing_is_offered_at_the_smallest_scale() -> None:
    choice = FeatureChoice()
    assert choice.column_cells(0.3) == [("gaussian_smoothing", 0.3)]


def test_a_new_scale_is_chosen_for_the_families_in_use() -> None:
    choice = FeatureChoice()
    choice.adopt(px.FeatureSet.from_selection({"laplacian_of_gaussian": [1.0]}))
    choice.add_sigma(2.5)
    assert choice.features == px.FeatureSet.from_selection({"laplacian_of_gaussian": [1.0, 2.5]})
    assert choice.sigmas == sorted([*DEFAULT_SIGMAS, 2.5])


def test_removing_a_scale_takes_its_features_along() -> None:
    choice = FeatureChoice()
    choice.apply_preset("Default")
    choice.remove_sigma(10.0)
    assert choice.features == px.FeatureSet.all(2, sigmas=DEFAULT_SIGMAS[:-1])


@pytest.mark.parametrize("sigma", [0.0, 0.29, 0.7, 100.5])
def test_scales_that_cannot_be_added(sigma: float) -> None:
    choice = FeatureChoice()
    assert not choice.can_add(sigma)
    with pytest.raises(ValueError, match="a new scale must lie between"):
        choice.add_sigma(sigma)
