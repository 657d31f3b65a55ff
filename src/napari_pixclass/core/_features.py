"""Which features are computed: a value that is chosen, compared, saved and shown, and that computes nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Self, get_args

import numpy as np

from ._families import DEFAULT_SIGMAS, FAMILIES, FAMILY_OF, MAX_SIGMA, Family
from ._scales import Dialect as Dialect
from ._scales import ScaleGeometry, scale_geometry


@dataclass(frozen=True, slots=True)
class Feature:
    """One value per pixel and channel.

    Attributes
    ----------
    family
        Id of the family, e.g. ``"gaussian_smoothing"``.
    sigma
        Scale in pixels of the finest axis.
    component
        0 for families with one value; otherwise the index of the eigenvalue, largest first.
    ndim
        Whether its filters run in the plane (2) or in the volume (3).
    """

    family: str
    sigma: float
    component: int
    ndim: int

    @property
    def name(self) -> str:
        """Readable and unique within a feature set, e.g. ``"Gaussian smoothing (sigma=0.3) in 2D"``."""
        family = FAMILY_OF[self.family]
        index = f" [{self.component}]" if family.per_axis else ""
        return f"{family.title} (sigma={self.sigma:g}) in {self.ndim}D{index}"


@dataclass(frozen=True)
class FeatureSet:
    """A selection of feature families and scales.

    Features are ordered by family, then by sigma, then by eigenvalue (largest first). With several image
    channels, all features of the first channel come first, then all of the second, and so on.

    Parameters
    ----------
    selection
        For each family id the sigmas chosen, in pixels of the finest axis.
    ndim
        2: filters run in the last two spatial axes; every other axis (time, or the planes of a stack) is handled
        frame by frame. 3: filters run in the last three spatial axes.
    sigmas_2d
        Sigmas of a 3D set whose filters run plane by plane all the same.
    dialect
        Definition of the filters that the ids stand for: ours, ``"pixclass"``, or those of ilastik, ``"ilastik"`` or
        ``"ilastik-vigra"``. See `compute_features`.

    Examples
    --------
    >>> features = FeatureSet.from_selection({"gaussian_smoothing": [1.0, 3.5]}, ndim=2)
    >>> len(features)
    2
    """

    selection: tuple[tuple[str, tuple[float, ...]], ...]
    ndim: int = 2
    sigmas_2d: tuple[float, ...] = ()
    dialect: Dialect = "pixclass"

    def __post_init__(self) -> None:
        if self.ndim not in (2, 3):
            raise ValueError(f"ndim of a feature set must be 2 or 3; got {self.ndim!r}.")
        if self.dialect not in get_args(Dialect):
            raise ValueError(
                f"dialect must be one of {', '.join(get_args(Dialect))}; got {self.dialect!r:.50}."
            )
        object.__setattr__(self, "selection", _normalised_selection(self.selection))
        chosen = {sigma for _, sigmas in self.selection for sigma in sigmas}
        planar = tuple(sorted({_valid_sigma(sigma) for sigma in self.sigmas_2d} & chosen))
        object.__setattr__(self, "sigmas_2d", planar if self.ndim == 3 else ())

    @classmethod
    def from_selection(
        cls,
        selection: Mapping[str, Iterable[float]],
        ndim: int = 2,
        *,
        sigmas_2d: Iterable[float] = (),
        dialect: Dialect = "pixclass",
    ) -> Self:
        """Make a feature set from ``{family id: [sigmas]}``."""
        if not isinstance(selection, Mapping):
            raise TypeError(
                f"selection must map family ids to sigmas; got {type(selection).__name__}. "
                "Example: {'gaussian_smoothing': [1.0, 3.5]}."
            )
        pairs = tuple((family, _as_tuple(sigmas)) for family, sigmas in selection.items())
        return cls(pairs, ndim, tuple(sigmas_2d), dialect)

    @classmethod
    def all(
        cls,
        ndim: int = 2,
        *,
        sigmas: Sequence[float] = DEFAULT_SIGMAS,
        dialect: Dialect = "pixclass",
    ) -> Self:
        """All families at all scales (those below a family's smallest scale left out): 49 features in 2D, 61 in 3D."""
        return cls.from_selection(
            {
                family.id: [sigma for sigma in sigmas if sigma >= family.min_sigma]
                for family in FAMILIES
            },
            ndim,
            dialect=dialect,
        )

    @classmethod
    def default(cls, ndim: int = 2) -> Self:
        """What an image is tried with first: all families at all scales."""
        return cls.all(ndim)

    @classmethod
    def fast(cls, ndim: int = 2) -> Self:
        """A small set that computes several times faster: brightness, edges and curvature at three scales."""
        return cls.from_selection(
            {
                "gaussian_smoothing": [1.0, 3.5, 10.0],
                "gaussian_gradient_magnitude": [1.0, 3.5],
                "hessian_of_gaussian_eigenvalues": [1.0, 3.5],
            },
            ndim,
        )

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """Every feature of one channel, in order."""
        return tuple(
            Feature(family, sigma, component, self.ndim_at(sigma))
            for family, sigmas in self.selection
            for sigma in sigmas
            for component in range(FAMILY_OF[family].n_values(self.ndim_at(sigma)))
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features of one channel, in order."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def sigmas(self) -> tuple[float, ...]:
        """All scales in use, ascending."""
        return tuple(sorted({sigma for _, sigmas in self.selection for sigma in sigmas}))

    def ndim_at(self, sigma: float) -> int:
        """Whether the filters of scale `sigma` run in the plane (2) or in the volume (3)."""
        return 2 if sigma in self.sigmas_2d else self.ndim

    def families_at(self, sigma: float) -> tuple[Family, ...]:
        """Families chosen at scale `sigma`."""
        return tuple(FAMILY_OF[family] for family, sigmas in self.selection if sigma in sigmas)

    def __len__(self) -> int:
        return len(self.features)

    def geometry(self, sigma: float, spacing: Sequence[float] | None = None) -> ScaleGeometry:
        """Kernel widths and halo of scale `sigma` for an image of this `spacing`."""
        return scale_geometry(sigma, self.ndim, self.ndim_at(sigma), spacing, self.dialect)

    def halo_for(self, spacing: Sequence[float] | None = None) -> tuple[int, ...]:
        """Pixels that a block needs around it along each spatial axis, for an image of this `spacing`."""
        return _halo(self, None if spacing is None else tuple(spacing))

    @property
    def halo(self) -> tuple[int, ...]:
        """Pixels that a block needs around it along each spatial axis, for isotropic images."""
        return self.halo_for(None)

    def restricted(self, indices: Iterable[int]) -> Self | None:
        """The families and scales that the features at these `indices` need; None where there are none.

        Scales do not depend on each other: what is left computes the same values.
        """
        kept: dict[str, list[float]] = {}
        for index in indices:
            feature = self.features[index]
            kept.setdefault(feature.family, []).append(feature.sigma)
        if not kept:
            return None
        return type(self)(
            tuple((family, tuple(sigmas)) for family, sigmas in kept.items()),
            self.ndim,
            self.sigmas_2d,
            self.dialect,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a file; `from_dict` reads them back."""
        return {
            "dialect": self.dialect,
            "ndim": self.ndim,
            "selection": {family: list(sigmas) for family, sigmas in self.selection},
            "sigmas_2d": list(self.sigmas_2d),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave."""
        selection = tuple(
            (str(family), tuple(sigmas)) for family, sigmas in values["selection"].items()
        )
        return cls(selection, values["ndim"], tuple(values["sigmas_2d"]), values["dialect"])


@lru_cache(maxsize=64)
def _halo(features: FeatureSet, spacing: tuple[float, ...] | None) -> tuple[int, ...]:
    halo = np.zeros(features.ndim, dtype=np.int64)
    for sigma in features.sigmas:
        ids = frozenset(family.id for family in features.families_at(sigma))
        halo = np.maximum(halo, features.geometry(sigma, spacing).halo(ids))
    return tuple(int(pixels) for pixels in halo)


def _as_tuple(sigmas: Iterable[float] | float) -> tuple[float, ...]:
    return tuple(sigmas) if isinstance(sigmas, Iterable) else (sigmas,)


def _valid_sigma(sigma: object) -> float:
    if isinstance(sigma, bool) or not isinstance(sigma, int | float | np.integer | np.floating):
        raise TypeError(f"sigma must be a number; got {sigma!r}.")
    value = float(sigma)
    if not 0 < value <= MAX_SIGMA:  # also refuses NaN
        raise ValueError(
            f"sigma must lie above 0 and not above {MAX_SIGMA:g} pixels; got {value:g}."
        )
    return value


def _normalised_selection(
    selection: Iterable[tuple[str, Iterable[float]]],
) -> tuple[tuple[str, tuple[float, ...]], ...]:
    chosen: dict[str, set[float]] = {}
    for family, sigmas in selection:
        if family not in FAMILY_OF:
            known = ", ".join(FAMILY_OF)
            raise ValueError(f"feature families are {known}; got {family!r}.")
        chosen.setdefault(family, set()).update(_valid_sigma(sigma) for sigma in sigmas)
    normalised = tuple(
        (family.id, tuple(sorted(chosen[family.id])))
        for family in FAMILIES
        if chosen.get(family.id)
    )
    if not normalised:
        raise ValueError(
            "a feature set must hold at least one feature; got none. Choose a family and a sigma."
        )
    return normalised
