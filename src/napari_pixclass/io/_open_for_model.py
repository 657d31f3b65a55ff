"""Opening an image for a classifier, which knows what files do not always say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._given_axes import with_given_axes, with_spatial_axes
from ._images import open_image

if TYPE_CHECKING:
    import os

    from napari_pixclass.core import PixelClassifier

    from ._given_axes import ChannelAxis
    from ._image_file import ImageFile


def open_for_model(
    path: str | os.PathLike[str],
    classifier: PixelClassifier,
    channel_axis: ChannelAxis = None,
    axes: str | None = None,
) -> ImageFile:
    """Open an image to be predicted: with the axes that the user, the file or else the classifier says.

    Parameters
    ----------
    path
        See `open_image`.
    classifier
        A fitted classifier. Where nobody says which axis holds the channels, it is the one that it was trained on, and
        the last of its axes besides channels are (Z,) Y, X.
    channel_axis, axes
        What the user says; see `open_image`.

    Raises
    ------
    FileNotFoundError, ValueError
        As `open_image`, and if the image has no channels, or no axis Z, although the classifier needs them.
    """
    image = open_image(path, channel_axis, axes)
    if image.channel_axis is None and classifier.n_channels_ > 1:
        if image.has_known_axes or channel_axis is not None or axes is not None:
            raise ValueError(
                f"the model was trained on images with {classifier.n_channels_} channels; "
                f"'{path}' has no channels, its axes are {image.axes}. Say which axis holds them, "
                "if one of them does."
            )
        image = with_given_axes(image, None, classifier.channel_axis_)
    elif channel_axis is None and axes is None and _has_the_one_channel(image, classifier):
        image = with_given_axes(image, None, classifier.channel_axis_)
    return with_spatial_axes(image, classifier.state.features.ndim)


def _has_the_one_channel(image: ImageFile, classifier: PixelClassifier) -> bool:
    """Whether an axis about which the file says nothing is where the classifier was trained with its only channel."""
    axis, shape = classifier.channel_axis_, image.data.shape
    if axis is None or image.channel_axis is not None or image.has_known_axes:
        return False
    return classifier.n_channels_ == 1 and -len(shape) <= axis < len(shape) and shape[axis] == 1
