"""An image with its labels, checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from ._axes import ArrayLike, ImageAxes
from ._checksums import CellChecksums
from ._labelled import LabelledPixels


@dataclass(frozen=True, slots=True)
class TrainingImage:
    """One image with its labels; see `as_image`, `resolve_axes`, `as_labels` and `valid_spacing`."""

    image: ArrayLike
    labels: LabelledPixels
    axes: ImageAxes
    spacing: tuple[float, ...]
    checksums: CellChecksums = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "checksums", CellChecksums(self.image, self.axes))
