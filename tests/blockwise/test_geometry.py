"""Blocks for a limit of memory, and the shapes of coarser levels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_pixclass.blockwise import (
    default_memory,
    plan_blocks,
    program_bytes,
    pyramid_factors,
    pyramid_shapes,
)
from napari_pixclass.blockwise._pyramid import coarser
from napari_pixclass.core import BlockPredictor, FeatureSet, PixelClassifier, resolve_axes

GB = 1_000_000_000


@pytest.fixture(scope="module")
def predictor() -> BlockPredictor:
    image = np.random.default_rng(0).normal(size=(8, 30, 40)).astype(np.float32)
    labels = 1 + (image > 0).astype(np.uint8)
    return PixelClassifier(FeatureSet.default(3), 10).fit(image, labels).predictor()


def test_memory_does_not_follow_the_size_of_the_image(predictor: BlockPredictor) -> None:
    limit = program_bytes() + 2 * GB
    plans = [
        plan_blocks(predictor, resolve_axes((n, n, n), 3, None), 1, memory=limit, n_jobs=2)
        for n in (1000, 4000, 100_000)
    ]
    assert len({(plan.block, plan.tile, plan.chunk) for plan in plans}) == 1
    assert max(plan.memory for plan in plans) <= limit
    assert max(plan.memory for plan in plans) - min(plan.memory for plan in plans) < GB / 10


def test_less_memory_gives_smaller_tiles_then_fewer_threads(predictor: BlockPredictor) -> None:
    axes = resolve_axes((4000,) * 3, 3, None)
    plans = [
        plan_blocks(predictor, axes, 1, memory=program_bytes() + share, n_jobs=8)
        for share in (9 * GB, 3 * GB, GB * 3 // 4)
    ]
    sizes = [np.prod(plan.tile) for plan in plans]
    assert sizes[0] == 64 * 128 * 128 > sizes[1] >= sizes[2]
    assert plans[0].n_jobs == plans[1].n_jobs == 8
    assert plans[2].n_jobs < 8
    assert len({plan.chunk for plan in plans}) == 1
    with pytest.raises(ValueError, match=r"takes .* GB of memory at least; the limit is 0\.1 GB"):
        plan_blocks(predictor, axes, 1, memory=GB // 10, n_jobs=8)


def test_what_the_program_holds_already_leaves_the_threads_their_share(
    predictor: BlockPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A viewer with large layers holds more than a run on the command line may take as a whole."""
    monkeypatch.setattr("napari_pixclass.blockwise._geometry.program_bytes", lambda: 6 * GB)
    axes = resolve_axes((4000,) * 3, 3, None)
    plan = plan_blocks(predictor, axes, 1, memory=default_memory(2), n_jobs=2)
    assert 6 * GB < plan.memory <= 6 * GB + 2 * 600_000_000
    assert plan.n_jobs == 2


@given(shape=st.tuples(*[st.integers(1, 300)] * 3), block=st.tuples(*[st.integers(1, 300)] * 3))
def test_a_given_block_is_rounded_up_to_whole_chunks(
    predictor: BlockPredictor, shape: tuple[int, ...], block: tuple[int, ...]
) -> None:
    axes = resolve_axes(shape, 3, None)
    plan = plan_blocks(predictor, axes, 1, memory=9 * GB, n_jobs=1, block=block)
    for chunk, used, wish, length in zip(plan.chunk, plan.block, block, shape, strict=True):
        assert used % chunk == 0
        assert chunk <= min(wish, length)
        assert wish <= used < wish + chunk
    again = plan_blocks(predictor, axes, 1, memory=9 * GB, n_jobs=1, block=plan.block)
    assert (again.chunk, again.block) == (plan.chunk, plan.block)


def test_coarse_axes_wait_for_the_others() -> None:
    factors = pyramid_factors((100, 1000, 1000), (64, 128, 128), (5, 1, 1))
    assert factors == [(1, 2, 2), (1, 2, 2), (2, 2, 2)]
    assert pyramid_shapes((100, 1000, 1000), factors)[-1] == (50, 125, 125)
    assert pyramid_factors((60, 100, 100), (64, 128, 128)) == []
    assert len(pyramid_factors((60, 100, 100), (64, 128, 128), None, 3)) == 2
    assert pyramid_factors((1, 3), (512, 512), None, 9) == [(1, 2), (1, 2)]


@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    factors=st.tuples(st.integers(1, 2), st.integers(1, 2)),
)
def test_coarser_pixels_are_means_of_those_that_are_there(
    shape: tuple[int, int], factors: tuple[int, int]
) -> None:
    values = np.random.default_rng(0).random(shape).astype(np.float32)
    means = coarser(values, factors, mean=True)
    firsts = coarser(values, factors, mean=False)
    for index in np.ndindex(means.shape):
        group = tuple(slice(i * f, (i + 1) * f) for i, f in zip(index, factors, strict=True))
        assert means[index] == pytest.approx(values[group].mean(), rel=1e-6)
        assert firsts[index] == values[group][0, 0]
    assert means.shape == firsts.shape
