"""Features of blocks and of whole images."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ._axes import ArrayLike, Region, as_image, resolve_axes
from ._blocks import PaddedBlock, iter_blocks, read_padded, region_shape
from ._channel_features import ChannelFeatures, Features, ndim_of
from ._features import FeatureSet
from ._jit import njit
from ._scale_plan import scale_plans
from ._scales import valid_spacing
from ._scratch import Block, Scratch
from ._threads import bounded_map, resolve_n_jobs

BLOCK_SHAPES = {2: (256, 256), 3: (64, 128, 128)}
"""Blocks that images in memory are cut into, per number of spatial axes."""


def compute_features(
    image: ArrayLike,
    features: Features,
    *,
    channel_axis: int | None = None,
    spacing: Sequence[float] | None = None,
    n_jobs: int | None = None,
) -> npt.NDArray[np.float32]:
    r"""Compute the features of an image.

    Parameters
    ----------
    image
        Array ``([lead, ...] [Z, ] Y, X)`` with the channel axis anywhere; integers, floats or bool. Leading axes
        are handled frame by frame. It is read block by block and never copied whole.
    features
        What to compute: one set for all channels, or a list with one for each channel, None for those that are left
        out. All must have the same `ndim`.
    channel_axis
        Axis of the channels, or None.
    spacing
        Size of a pixel along each of the `ndim` spatial axes, in any unit: only the ratios count. Sigma is in
        pixels of the finest axis; along the others it is ``sigma * finest / spacing``, and derivatives are per length.
        Ilastik's dialects know no spacing.
    n_jobs
        Number of threads; None takes all cores.

    Returns
    -------
    ndarray of float32, shape ``image.shape without its channel axis + (n_features,)``
        Channel by channel, each in the order of its features.

    Raises
    ------
    TypeError
        If the image does not hold real numbers, or the features are something else.
    ValueError
        If it is empty, has too few axes, or holds NaN, infinite or far too large values; if there are not as many
        feature sets as channels.

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

    Feature sets of the dialect ``"ilastik"`` give what that program gives, so that its classifiers run here. With
    :math:`s' = \min(\sigma, 1)` it smooths the image first, with :math:`\sqrt{\sigma^2 - 1}` above sigma 1 and with
    :math:`\sigma` otherwise (kernels truncated at 3.5 standard deviations); then it applies the filters at :math:`s'`
    (truncated at 2). Its difference of Gaussians is :math:`G_{s'} - G_{0.66 s'}` of the image so smoothed; its
    structure tensor differentiates at :math:`0.5 s'` and integrates at :math:`s'`, and products of derivatives are
    mirrored at the borders, not the image. Installations of ilastik that filtered with the library vigra instead of
    fastfilters, as some of version 1.2, differentiate at :math:`s'` and integrate at :math:`0.5 s'`: dialect
    ``"ilastik-vigra"``. In both sigma is in pixels along every axis, and `spacing` changes nothing. ilastik refuses
    sigmas that are too large for an image; here the image is mirrored again and again, as in our own dialect.

    Results do not depend on how the image is cut into blocks: features of a crop that includes `features.halo` pixels
    around it equal the crop of the features, bit for bit.
    """
    image = as_image(image)
    ndim = ndim_of(features)
    axes = resolve_axes(image.shape, ndim, channel_axis)
    spacing = valid_spacing(spacing, ndim)
    chosen = ChannelFeatures.of(features, axes.n_channels)
    result = np.empty((*axes.shape, chosen.n_features), dtype=np.float32)
    stacked = result.reshape(-1, *(1,) * (3 - ndim), *axes.spatial, result.shape[-1])
    thread = threading.local()

    def compute(index: int, frame: tuple[int, ...], region: Region) -> None:
        if not hasattr(thread, "scratch"):
            thread.scratch = Scratch()
        scratch: Scratch = thread.scratch
        shape = region_shape(region)
        z0, y0, x0 = (0,) * (3 - len(region)) + tuple(axis.start for axis in region)
        for channel, column, own in chosen.used():
            planes = scratch.array("planes", (len(own), *shape))
            halo = own.halo_for(spacing)
            padded = read_padded(image, axes, frame, channel, region, halo, scratch)
            compute_planes(padded, region, own, spacing, planes, scratch)
            volume = planes.reshape(len(own), *(1,) * (3 - len(shape)), *shape)
            _interleave(volume, stacked, index, z0, y0, x0, column)

    tasks = (
        (index, frame, region)
        for index, frame in enumerate(axes.frames())
        for region in iter_blocks(axes.spatial, BLOCK_SHAPES[ndim])
    )
    for _ in bounded_map(compute, tasks, resolve_n_jobs(n_jobs)):
        pass
    return result


@njit
def _interleave(
    planes: Block, out: Block, frame: int, z0: int, y0: int, x0: int, column: int
) -> None:
    """Copy features (n_features, Z, Y, X) to their place in (frames, Z, Y, X, columns).

    A few pixels at a time: what is read stays in the cache until all of it is used, and so does what is written.
    """
    n_features, n_planes, n_rows, width = planes.shape
    for z in range(n_planes):
        for y in range(n_rows):
            for left in range(0, width, 16):
                right = min(left + 16, width)
                for feature in range(n_features):
                    for x in range(left, right):
                        value = planes[feature, z, y, x]
                        out[frame, z0 + z, y0 + y, x0 + x, column + feature] = value


def compute_planes(
    padded: PaddedBlock,
    region: Region,
    features: FeatureSet,
    spacing: Sequence[float],
    out: Block | None = None,
    scratch: Scratch | None = None,
) -> Block:
    """Compute the features of one block of one channel.

    Parameters
    ----------
    padded
        The block with a halo of ``features.halo_for(spacing)`` or more, from `read_padded`.
    region
        Where the block lies.
    features
        Of this channel.
    spacing
        As in `compute_features`.
    out
        C-contiguous float32 array ``(len(features), *shape of region)`` to write to; made if None.
    scratch
        Memory for intermediate results, of this thread alone; made if None.

    Returns
    -------
    ndarray of float32, shape ``(len(features), *shape of region)``
    """
    shape = region_shape(region)
    if out is None:
        out = np.empty((len(features), *shape), dtype=np.float32)
    volume = out.reshape((len(features),) + (1,) * (3 - len(shape)) + shape)
    z, y, x = (range(1),) * (3 - len(shape)) + tuple(
        range(axis.start, axis.stop) for axis in region
    )
    scratch = Scratch() if scratch is None else scratch
    for plan in scale_plans(features, tuple(spacing)):
        plan.compute(padded.field, (z, y, x), padded.extent, volume, scratch)
    return out
