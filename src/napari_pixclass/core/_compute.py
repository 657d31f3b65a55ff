"""Features of blocks and of whole images."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from . import _pointwise as pointwise
from ._axes import ArrayLike, Region, as_image, index_of, resolve_axes
from ._blocks import iter_blocks, read_padded, region_shape
from ._features import FeatureSet
from ._filters import LANES, Block, Order, aligned, derivatives, single_threaded_opencv, smooth
from ._scales import ScaleGeometry, kernel_radius, valid_spacing

Margin = tuple[int, int, int]

BLOCK_SHAPES = {2: (256, 256), 3: (64, 128, 128)}
"""Blocks that images in memory are cut into, per number of spatial axes."""


def compute_features(
    image: ArrayLike,
    features: FeatureSet,
    *,
    channel_axis: int | None = None,
    spacing: Sequence[float] | None = None,
) -> npt.NDArray[np.float32]:
    r"""Compute the features of an image.

    Parameters
    ----------
    image
        Array ``([lead, ...] [Z, ] Y, X)`` with the channel axis anywhere; integers, floats or bool. Leading axes
        are handled frame by frame. It is read block by block and never copied whole.
    features
        What to compute.
    channel_axis
        Axis of the channels, or None. Each channel gets all features.
    spacing
        Size of a pixel along each of the `features.ndim` spatial axes, in any unit: only the ratios count. Sigma is in
        pixels of the finest axis; along the others it is ``sigma * finest / spacing``, and derivatives are per length.

    Returns
    -------
    ndarray of float32, shape ``image.shape without its channel axis + (n_channels * len(features),)``
        Channel by channel, in the order of `features`.

    Raises
    ------
    TypeError
        If the image does not hold real numbers.
    ValueError
        If it is empty, has too few axes, or holds NaN, infinite or far too large values.

    Notes
    -----
    With :math:`I_\sigma = G_\sigma * I`, the image smoothed with a Gaussian of width :math:`\sigma`, the image mirrored
    beyond its borders, and eigenvalues in descending order:

    ================================== =====================================================================
    ``gaussian_smoothing``             :math:`I_\sigma`
    ``laplacian_of_gaussian``          :math:`\sum_i \partial_i^2 I_\sigma`
    ``gaussian_gradient_magnitude``    :math:`\sqrt{\sum_i (\partial_i I_\sigma)^2}`
    ``difference_of_gaussians``        :math:`I_\sigma - I_{0.66 \sigma}`
    ``structure_tensor_eigenvalues``   eigenvalues of :math:`G_{0.5 \sigma} * (\partial_i I_\sigma \partial_j I_\sigma)`
    ``hessian_of_gaussian_eigenvalues`` eigenvalues of :math:`\partial_i \partial_j I_\sigma`
    ================================== =====================================================================

    The families and their default scales are those of ilastik (Berg et al., Nature Methods 16, 2019); the structure
    tensor goes back to Foerstner and Guelch (1987) and to Bigun and Granlund (1987). Kernels are sampled Gaussians,
    truncated at 4 standard deviations and normalised (`gaussian_kernel`); for ``sigma >= sqrt(2)`` the image is
    smoothed with :math:`\sqrt{\sigma^2 - 1}` first and differentiated with kernels of width 1, which is the same by the
    semigroup property of the Gaussian (Lindeberg, 1994) and several times faster.

    Results do not depend on how the image is cut into blocks: features of a crop that includes `features.halo` pixels
    around it equal the crop of the features, bit for bit.
    """
    image = as_image(image)
    axes = resolve_axes(image.shape, features.ndim, channel_axis)
    spacing = valid_spacing(spacing, features.ndim)
    n_features = len(features)
    result = np.empty((*axes.shape, axes.n_channels * n_features), dtype=np.float32)
    with single_threaded_opencv():
        for frame in axes.frames():
            for channel in range(axes.n_channels):
                columns = slice(channel * n_features, (channel + 1) * n_features)
                for region in iter_blocks(axes.spatial, BLOCK_SHAPES[features.ndim]):
                    padded = read_padded(
                        image, axes, frame, channel, region, features.halo_for(spacing)
                    )
                    planes = compute_planes(padded, region, features, spacing)
                    result[(*index_of(frame, region), columns)] = np.moveaxis(planes, 0, -1)
    return result


def compute_planes(
    padded: Block,
    region: Region,
    features: FeatureSet,
    spacing: Sequence[float],
    out: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Compute the features of one block of one channel.

    Parameters
    ----------
    padded
        The block with a halo of ``features.halo_for(spacing)``, from `read_padded`.
    region
        Where the block lies; only its shape counts.
    features, spacing
        As in `compute_features`.
    out
        C-contiguous float32 array ``(len(features), *shape of region)`` to write to; made if None.

    Returns
    -------
    ndarray of float32, shape ``(len(features), *shape of region)``
    """
    core = region_shape(region)
    if out is None:
        out = np.empty((len(features), *core), dtype=np.float32)
    volume = out.reshape((len(features),) + (1,) * (3 - len(core)) + core)
    halo = _three(features.halo_for(spacing))
    rows = _rows(features)
    for sigma in features.sigmas:
        ids = {family.id for family in features.families_at(sigma)}
        geometry = features.geometry(sigma, spacing)
        outputs = {family: volume[rows[family, sigma]] for family in ids}
        _Scale(padded, halo, volume.shape[1:], geometry, features.ndim_at(sigma)).compute(outputs)
    return out


def _three(values: Sequence[int]) -> Margin:
    """Pad per-axis pixels to (z, y, x)."""
    z, y, x = (0,) * (3 - len(values)) + tuple(values)
    return z, y, x


def _rows(features: FeatureSet) -> dict[tuple[str, float], slice]:
    """Where the values of each family and scale lie among the features of a channel."""
    rows: dict[tuple[str, float], slice] = {}
    for index, feature in enumerate(features.features):
        start = rows.get((feature.family, feature.sigma), slice(index, 0)).start
        rows[feature.family, feature.sigma] = slice(start, index + 1)
    return rows


class _Scale:
    """All features of one scale of one block; intermediate results are shared and live as long as this."""

    def __init__(
        self,
        padded: Block,
        halo: Margin,
        core: tuple[int, ...],
        geometry: ScaleGeometry,
        filter_ndim: int,
    ) -> None:
        self.padded = padded
        self.halo = halo
        self.core = core
        self.presmoothing = self._widths(geometry.presmoothing)
        self.filter = self._widths(geometry.filter)
        self.inner = self._widths(geometry.inner)
        self.integration = self._widths(geometry.integration)
        self.lengths = (1.0,) * (3 - len(geometry.lengths)) + geometry.lengths
        self.axes = (0, 1, 2) if filter_ndim == 3 else (1, 2)

    @staticmethod
    def _widths(values: tuple[float, ...]) -> tuple[float, ...]:
        return (0.0,) * (3 - len(values)) + values

    def compute(self, outputs: Mapping[str, Block]) -> None:
        """Write each family's values to its output, an array (n_values, Z, Y, X)."""
        self.margin = _radii(self.filter)
        if "structure_tensor_eigenvalues" in outputs:
            self.margin = _sum(self.margin, _radii(self.integration))
        reach = _sum(self.margin, _radii(self.presmoothing))
        wide = self._window(self.padded, self.halo, reach, slack=LANES)
        smoothed = smooth(wide, self.presmoothing)
        self.smoothed = self._window(smoothed, reach, self.margin)
        for part in (self._intensity, self._first_order, self._second_order):
            part(outputs)

    def _window(self, block: Block, margin: Margin, smaller: Margin, slack: int = 0) -> Block:
        """Cut `block`, which has a `margin` before its core, to a `smaller` margin and an aligned width.

        `slack` leaves more columns at the end, so that the result can be cut once more.
        """
        starts = [have - want for have, want in zip(margin, smaller, strict=True)]
        z, y, x = (
            slice(start, start + length + 2 * want)
            for start, length, want in zip(starts, self.core, smaller, strict=True)
        )
        return block[z, y, x.start : x.start + aligned(x.stop - x.start) + slack]

    def _intensity(self, outputs: Mapping[str, Block]) -> None:
        if not {"gaussian_smoothing", "difference_of_gaussians"} & set(outputs):
            return
        outer = smooth(self.smoothed, self.filter)
        if "gaussian_smoothing" in outputs:
            z, y, x = (slice(m, m + n) for m, n in zip(self.margin, self.core, strict=True))
            outputs["gaussian_smoothing"][0] = outer[z, y, x]
        if "difference_of_gaussians" in outputs:
            reach = _radii(self.inner)
            inner = smooth(self._window(self.padded, self.halo, reach), self.inner)
            pointwise.difference(
                outer, self.margin, inner, reach, outputs["difference_of_gaussians"][0]
            )

    def _first_order(self, outputs: Mapping[str, Block]) -> None:
        if not {"gaussian_gradient_magnitude", "structure_tensor_eigenvalues"} & set(outputs):
            return
        orders = [_order(axis) for axis in self.axes]
        computed = derivatives(self.smoothed, self.filter, self.lengths, orders)
        gradient = [computed[order] for order in orders]
        if "gaussian_gradient_magnitude" in outputs:
            output = outputs["gaussian_gradient_magnitude"][0]
            if len(gradient) == 2:
                pointwise.magnitude2(gradient[0], gradient[1], self.margin, output)
            else:
                pointwise.magnitude3(gradient[0], gradient[1], gradient[2], self.margin, output)
        if "structure_tensor_eigenvalues" in outputs:
            products = {}
            for i, j in itertools.combinations_with_replacement(range(len(gradient)), 2):
                product = np.empty_like(gradient[i])
                pointwise.product(gradient[i], gradient[j], product)
                products[i, j] = smooth(product, self.integration)
            self._eigenvalues(products, outputs["structure_tensor_eigenvalues"])

    def _second_order(self, outputs: Mapping[str, Block]) -> None:
        hessian_wanted = "hessian_of_gaussian_eigenvalues" in outputs
        if not (hessian_wanted or "laplacian_of_gaussian" in outputs):
            return
        pairs = list(itertools.combinations_with_replacement(range(len(self.axes)), 2))
        if not hessian_wanted:
            pairs = [(i, j) for i, j in pairs if i == j]
        orders = {(i, j): _order(self.axes[i], self.axes[j]) for i, j in pairs}
        computed = derivatives(self.smoothed, self.filter, self.lengths, orders.values())
        hessian = {pair: computed[order] for pair, order in orders.items()}
        if "laplacian_of_gaussian" in outputs:
            output = outputs["laplacian_of_gaussian"][0]
            if len(self.axes) == 2:
                pointwise.trace2(hessian[0, 0], hessian[1, 1], self.margin, output)
            else:
                pointwise.trace3(hessian[0, 0], hessian[1, 1], hessian[2, 2], self.margin, output)
        if hessian_wanted:
            self._eigenvalues(hessian, outputs["hessian_of_gaussian_eigenvalues"])

    def _eigenvalues(self, matrix: Mapping[tuple[int, int], Block], output: Block) -> None:
        """Eigenvalues of symmetric matrices given by their upper triangles; axes are in the order z, y, x."""
        if len(self.axes) == 2:
            pointwise.eigenvalues2(matrix[0, 0], matrix[0, 1], matrix[1, 1], self.margin, *output)
            return
        pointwise.eigenvalues3(
            matrix[0, 0],
            matrix[1, 1],
            matrix[2, 2],
            matrix[0, 1],
            matrix[0, 2],
            matrix[1, 2],
            self.margin,
            *output,
        )


def _radii(sigmas: Sequence[float]) -> Margin:
    z, y, x = (kernel_radius(sigma) for sigma in sigmas)
    return z, y, x


def _sum(a: Margin, b: Margin) -> Margin:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _order(*axes: int) -> Order:
    """Derivative order per axis of one derivative along each of `axes`."""
    z, y, x = (axes.count(axis) for axis in range(3))
    return z, y, x
