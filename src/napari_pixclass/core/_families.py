"""The six feature families: their ids, what people call them, and how many values each gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["Color/Intensity", "Edge", "Texture"]

DEFAULT_SIGMAS = (0.3, 0.7, 1.0, 1.6, 3.5, 5.0, 10.0)
"""The seven scales that users of the field know, in pixels."""

MAX_SIGMA = 100.0
"""Beyond this a filter sees whole images; nobody means it, and its halo would not fit in memory."""


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of feature.

    Attributes
    ----------
    id
        Name in files and on the command line. A saved id never changes its meaning.
    title
        Name on screen.
    group
        Heading under which the family stands on screen.
    min_sigma
        Smallest scale, in pixels, at which the family is offered.
    per_axis
        Whether the family gives one value per axis (eigenvalues) instead of one.
    explanation
        What it responds to, in one sentence.
    """

    id: str
    title: str
    group: Group
    min_sigma: float
    per_axis: bool
    explanation: str

    def n_values(self, ndim: int) -> int:
        """Values per pixel and scale where the filter runs in `ndim` dimensions."""
        return ndim if self.per_axis else 1


FAMILIES: tuple[Family, ...] = (
    Family(
        "gaussian_smoothing",
        "Gaussian smoothing",
        "Color/Intensity",
        0.3,
        False,
        "Brightness, averaged over a neighbourhood.",
    ),
    Family(
        "laplacian_of_gaussian",
        "Laplacian of Gaussian",
        "Edge",
        0.7,
        False,
        "Blobs and lines: bright ones give negative values, dark ones positive.",
    ),
    Family(
        "gaussian_gradient_magnitude",
        "Gaussian gradient magnitude",
        "Edge",
        0.7,
        False,
        "Strength of edges, whatever their direction.",
    ),
    Family(
        "difference_of_gaussians",
        "Difference of Gaussians",
        "Edge",
        0.7,
        False,
        "Detail of one size: the image at this scale minus the image at 0.66 of it.",
    ),
    Family(
        "structure_tensor_eigenvalues",
        "Structure tensor eigenvalues",
        "Texture",
        0.7,
        True,
        "How strongly, and in how many directions, the neighbourhood changes.",
    ),
    Family(
        "hessian_of_gaussian_eigenvalues",
        "Hessian of Gaussian eigenvalues",
        "Texture",
        0.7,
        True,
        "Curvature along the principal directions: ridges, valleys, tubes and blobs.",
    ),
)

FAMILY_OF = {family.id: family for family in FAMILIES}
