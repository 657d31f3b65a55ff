"""Several images as the channels of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_pixclass.core import StackedArray

from ._sources import ImageSource, image_source


class StackedImage:
    """An image whose channels are images; equal to another one of the same images in the same order.

    Parameters
    ----------
    images
        Images without channels of their own, all of the same shape.
    name
        What to call it; the names of all images if None.

    Raises
    ------
    ValueError
        If they are something else; see `problem`.
    """

    channel_axis = 0

    def __init__(self, images: Sequence[ImageSource], name: str | None = None) -> None:
        self.images = tuple(images)
        if not self.images:
            raise ValueError("an image made of several needs at least one; got none.")
        self._name = name
        self._versions: tuple[object, ...] = ()
        self._data: StackedArray | None = None
        if self.problem is not None:
            raise ValueError(self.problem)

    @property
    def name(self) -> str:
        return self._name or " + ".join(image.name for image in self.images)

    @property
    def data(self) -> StackedArray:
        """The same object as long as the data of all images are the same."""
        versions = tuple(image.version for image in self.images)
        is_new = len(versions) != len(self._versions) or any(
            now is not before for now, before in zip(versions, self._versions, strict=True)
        )
        if self._data is None or is_new:
            self._versions = versions
            self._data = StackedArray([image.data for image in self.images])
        return self._data

    @property
    def version(self) -> object:
        return self.data

    @property
    def pixel_size(self) -> tuple[float, ...] | None:
        return self.images[0].pixel_size

    @property
    def problem(self) -> str | None:
        """Why the images cannot be channels of one (any more), in words; None if they can."""
        first = self.images[0]
        shape = tuple(first.data.shape)
        for image in self.images:
            if image.channel_axis is not None:
                return (
                    f"images that become channels of one must have no channels themselves; {image.name!r} has them. "
                    "Leave it out, or use it alone."
                )
            if tuple(image.data.shape) != shape:
                return (
                    f"images that become channels of one must have the same shape; {first.name!r} is {shape}, "
                    f"{image.name!r} is {tuple(image.data.shape)}. Leave one of them out."
                )
            if image.pixel_size != first.pixel_size:
                return (
                    f"images that become channels of one must have pixels of the same size; {first.name!r} has "
                    f"{first.pixel_size}, {image.name!r} has {image.pixel_size}. Give them the same."
                )
        return None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StackedImage) and other.images == self.images

    def __hash__(self) -> int:
        return hash(self.images)


def image_or_stack(image: Any, **options: Any) -> ImageSource:
    """As `image_source`; a list of images becomes one with these as its channels."""
    if not isinstance(image, list | tuple):
        return image_source(image, **options)
    name = options.pop("name", None)
    return StackedImage([image_source(channel, **options) for channel in image], name)


def main_image(image: ImageSource) -> ImageSource:
    """The image itself; of several that are channels of one, the first."""
    return image.images[0] if isinstance(image, StackedImage) else image
