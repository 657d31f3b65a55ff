"""An image with its labels, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._axes import ArrayLike, ImageAxes


@dataclass(frozen=True, slots=True)
class TrainingImage:
    """One image with its labels; see `as_image`, `resolve_axes`, `as_labels` and `valid_spacing`."""

    image: ArrayLike
    labels: npt.NDArray[np.integer[Any]]
    axes: ImageAxes
    spacing: tuple[float, ...]
