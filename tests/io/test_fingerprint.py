"""The same image has the same fingerprint, however it is held; another one has another, and little is read."""

from __future__ import annotations

import subprocess
import sys

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_pixclass.io import fingerprint

NUMBERS = st.sampled_from(["bool", "uint8", "int16", ">u2", "float32", "float64", "complex64"])


@given(hnp.arrays(NUMBERS, hnp.array_shapes(max_dims=4, max_side=6)), st.data())
def test_small_images(image: np.ndarray, data: st.DataObject) -> None:
    key = fingerprint(image)
    assert len(key) == 32
    assert set(key) <= set("0123456789abcdef")
    assert fingerprint(np.asfortranarray(image)) == key
    assert fingerprint(image.astype(image.dtype.newbyteorder())) == key
    assert fingerprint(da.from_array(image)) == key
    assert fingerprint(image[np.newaxis]) != key
    assert fingerprint(np.zeros(image.shape, "float16")) != key
    place = tuple(data.draw(st.integers(0, length - 1)) for length in image.shape)
    changed = image.copy()
    changed[place] = not changed[place]
    if not np.array_equal(changed, image, equal_nan=image.dtype.kind in "fc"):
        assert fingerprint(changed) != key


class Counting:
    """A lazy image that counts what is read of it."""

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.n_bytes = 0

    def __getitem__(self, region: tuple[slice, ...]) -> np.ndarray:
        axes = np.ogrid[region]
        block = np.asarray(sum(axis * 37**i for i, axis in enumerate(axes)) % 251, self.dtype)
        self.n_bytes += block.nbytes
        return block


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((20_000, 30_000), "uint16"),
        ((2_000, 3_000, 3), "uint8"),
        ((64, 512, 512), "float32"),
        ((500, 80, 3, 2048, 2048), "uint16"),
        ((10_000_000,), "float64"),
        ((1, 1, 9_000_000, 1), "uint8"),
        ((3, 5_000_000), "uint8"),
    ],
)
def test_of_large_images_little_is_read(shape: tuple[int, ...], dtype: str) -> None:
    image = Counting(shape, dtype)
    key = fingerprint(image)  # type: ignore[arg-type]
    assert 0 < image.n_bytes <= 8 * 2**20
    assert fingerprint(Counting(shape, dtype)) == key  # type: ignore[arg-type]


def test_large_images_that_differ_somewhere_in_a_block() -> None:
    image = np.random.default_rng(0).integers(0, 255, (2500, 2500), dtype=np.uint8)
    key = fingerprint(image)
    assert fingerprint(da.from_array(image, chunks=600)) == key
    other = image.copy()
    other[1250, 1250] ^= 1
    assert fingerprint(other) != key


def test_empty_image() -> None:
    assert fingerprint(np.zeros((0, 5))) == fingerprint(np.zeros((0, 5)))


def test_another_process_finds_the_same() -> None:
    program = (
        "import numpy as np; from napari_pixclass.io import fingerprint;"
        "print(fingerprint(np.arange(6_000_000, dtype='>u2').reshape(2000, 3000)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    image = np.arange(6_000_000, dtype="<u2").reshape(2000, 3000)
    assert result.stdout.decode().strip() == fingerprint(image)
