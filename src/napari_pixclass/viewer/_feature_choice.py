"""What the grid of features holds: no Qt here, so that it can be reasoned about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from napari_pixclass.core import (
    DEFAULT_SIGMAS,
    FAMILIES,
    FAMILY_OF,
    MAX_SIGMA,
    Dialect,
    FeatureSet,
)

Cell = tuple[str, float]
"""Id of a family, and a sigma."""

MIN_SIGMA = min(family.min_sigma for family in FAMILIES)
"""Smallest scale that can be added: below it no family is offered."""

PRESETS = ("Fast", "Default", "All")


class FeatureChoice:
    """Families as rows, scales as columns, and which cells of this grid are chosen.

    Attributes
    ----------
    sigmas
        The columns, ascending; also those in which nothing is chosen.
    ndim
        Whether filters run in planes (2) or in volumes (3).
    chosen
        The cells that are chosen.
    planar
        Columns whose filters run plane by plane although `ndim` is 3.
    dialect
        Whose filters they are.
    """

    def __init__(self) -> None:
        self.sigmas: list[float] = list(DEFAULT_SIGMAS)
        self.ndim = 2
        self.chosen: set[Cell] = set()
        self.planar: set[float] = set()
        self.dialect: Dialect = "pixclass"

    @property
    def features(self) -> FeatureSet | None:
        """What is chosen; None where nothing is."""
        if not self.chosen:
            return None
        selection = {
            family.id: [sigma for sigma in self.sigmas if (family.id, sigma) in self.chosen]
            for family in FAMILIES
        }
        return FeatureSet.from_selection(
            selection, self.ndim, sigmas_2d=self.planar, dialect=self.dialect
        )

    def adopt(self, features: FeatureSet) -> None:
        """Choose exactly `features`; columns are added where they are missing, and none is taken away."""
        self.sigmas = sorted({*self.sigmas, *features.sigmas})
        self.ndim = features.ndim
        self.chosen = {(family, sigma) for family, sigmas in features.selection for sigma in sigmas}
        self.planar = set(features.sigmas_2d)
        self.dialect = features.dialect

    def apply_preset(self, name: str) -> None:
        """Choose a preset; "All" means every cell of the grid, scales that were added included."""
        if name == "All":
            self.planar = set()
            self.chosen = set(self.all_cells())
            return
        presets: dict[str, Callable[[int], FeatureSet]] = {
            "Fast": FeatureSet.fast,
            "Default": FeatureSet.default,
        }
        self.adopt(replace(presets[name](self.ndim), dialect=self.dialect))

    def is_offered(self, cell: Cell) -> bool:
        """Whether a family makes sense at a scale, or has been chosen at it all the same."""
        family, sigma = cell
        return sigma >= FAMILY_OF[family].min_sigma or cell in self.chosen

    def row_cells(self, family: str) -> list[Cell]:
        """The cells of one family."""
        return [(family, sigma) for sigma in self.sigmas if self.is_offered((family, sigma))]

    def column_cells(self, sigma: float) -> list[Cell]:
        """The cells of one scale."""
        return [(family.id, sigma) for family in FAMILIES if self.is_offered((family.id, sigma))]

    def all_cells(self) -> list[Cell]:
        """Every cell."""
        return [cell for sigma in self.sigmas for cell in self.column_cells(sigma)]

    def state(self, cells: Iterable[Cell]) -> bool | None:
        """True where all `cells` are chosen, False where none is, None where some are."""
        states = {cell in self.chosen for cell in cells}
        return None if len(states) == 2 else True in states

    def toggle(self, cells: Iterable[Cell]) -> None:
        """Choose all `cells`, or none of them if all are chosen."""
        cells = set(cells)
        self.chosen = self.chosen - cells if cells <= self.chosen else self.chosen | cells

    def add_sigma(self, sigma: float) -> None:
        """Add a scale, chosen for the families that are in use (all if none is)."""
        if not self.can_add(sigma):
            raise ValueError(
                f"a new scale must lie between {MIN_SIGMA:g} and {MAX_SIGMA:g} pixels and not be in use; got {sigma:g}."
            )
        families = {family for family, _ in self.chosen} or set(FAMILY_OF)
        self.sigmas = sorted([*self.sigmas, sigma])
        self.chosen |= {cell for cell in self.column_cells(sigma) if cell[0] in families}

    def can_add(self, sigma: float) -> bool:
        """Whether `sigma` can be a new column."""
        return MIN_SIGMA <= sigma <= MAX_SIGMA and sigma not in self.sigmas

    def remove_sigma(self, sigma: float) -> None:
        """Take a scale away."""
        self.sigmas.remove(sigma)
        self.planar.discard(sigma)
        self.chosen = {cell for cell in self.chosen if cell[1] != sigma}

    def toggle_planar(self, sigma: float) -> None:
        """Switch a scale between volumes and planes."""
        self.planar ^= {sigma}
