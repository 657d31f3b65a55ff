"""An image as a file gives it: numbers, and what the file knows about its axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SPATIAL = "ZYX"
CHANNELS = "CS"


@dataclass(frozen=True, slots=True)
class ImageFile:
    """What was read from an image file.

    Attributes
    ----------
    name
        Name of the file without folder and suffix.
    data
        The numbers, as stored: the same that napari shows. Memory-mapped where the file allows it.
    axes
        One letter for each axis of `data`: T, Z, C, Y, X as usual, S for the colours of a pixel, Q
        for an axis that the file says nothing about.
    channel_axis
        Position of the channel axis, or None.
    spacing
        Size of a pixel along each of the axes Z, Y, X that the image has, or None where the file
        does not know all of them.
    unit
        Unit of `spacing`, or None.
    translation
        Position of the first pixel along the axes Z, Y, X that the image has, in `unit`, or None where the file says
        nothing of it.
    channel_names
        A name for each channel, or nothing where the file knows none.
    volume_spacing
        Spacing along Z, Y, X of one plane that its file calls a volume; None for everything else. `data` has no axis Z
        then, as napari shows it; see `with_spatial_axes`.
    """

    name: str
    data: npt.NDArray[np.generic]
    axes: str
    channel_axis: int | None = None
    spacing: tuple[float, ...] | None = None
    unit: str | None = None
    translation: tuple[float, ...] | None = None
    channel_names: tuple[str, ...] = ()
    volume_spacing: tuple[float, ...] | None = None

    @property
    def has_known_axes(self) -> bool:
        """Whether the file says what each axis is."""
        return "Q" not in self.axes

    @property
    def axes_without_channels(self) -> str:
        """Letters of the axes of labels and results."""
        if self.channel_axis is None:
            return self.axes
        return self.axes[: self.channel_axis] + self.axes[self.channel_axis + 1 :]

    def spacing_for(self, ndim: int) -> tuple[float, ...] | None:
        """Spacing of the last `ndim` of the axes Z, Y, X; None where the file does not know it."""
        if self.spacing is None or len(self.spacing) < ndim:
            return None
        return self.spacing[-ndim:]


def channel_axis_of(axes: str, path: object) -> int | None:
    """Position of the one channel axis, C or S."""
    found = [position for position, letter in enumerate(axes) if letter in CHANNELS]
    if len(found) > 1:
        raise ValueError(
            f"an image must have at most one channel axis; '{path}' has the axes {axes}. "
            "Split its channels into files, or convert its colours to channels."
        )
    return found[0] if found else None


def named_axes(axes: str) -> str:
    """The same letters, where an axis without a name is Z if there is none yet, then T, the last one first."""
    letters = list(axes)
    for position in reversed([i for i, letter in enumerate(letters) if letter == "Q"]):
        free = [letter for letter in "ZT" if letter not in letters]
        if not free:
            break
        letters[position] = free[0]
    return "".join(letters)


def names_of_channels(
    names: object, shape: tuple[int, ...], channel_axis: int | None
) -> tuple[str, ...]:
    """The names that a file gives to channels, if there is one for each of them."""
    if channel_axis is None or not isinstance(names, list | tuple):
        return ()
    usable = len(names) == shape[channel_axis] and all(isinstance(name, str) for name in names)
    return tuple(names) if usable and any(names) else ()


def without_alpha(data: npt.NDArray[Any], axes: str) -> tuple[npt.NDArray[Any], str]:
    """Drop transparency, the last sample of the axis S, and an axis S of which one sample is left.

    It is no channel: napari counts 3 in a picture with transparency too.
    """
    position = axes.index("S")
    if data.shape[position] > 2:
        kept: tuple[slice, ...] = (*[slice(None)] * position, slice(-1))
        return data[kept], axes
    return data.take(0, axis=position), axes[:position] + axes[position + 1 :]
