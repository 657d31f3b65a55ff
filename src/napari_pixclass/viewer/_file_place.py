"""Where an image lies, as its file says it and layers take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_pixclass.io import ImageFile

_SPATIAL = "ZYX"


def place_in_file(file: ImageFile, letters: str) -> dict[str, Any]:
    """Arguments for a layer whose axes are those of a file with these letters."""
    spatial = [letter for letter in _SPATIAL if letter in file.axes]
    spacing = dict(zip(spatial, file.spacing or (), strict=False))
    start = dict(zip(spatial, file.translation or (), strict=False))
    unit = file.unit or "pixel"
    place = {
        "scale": [spacing.get(letter, 1.0) for letter in letters],
        "translate": [start.get(letter, 0.0) for letter in letters],
        "units": [unit if letter in spacing else "pixel" for letter in letters],
    }
    if file.has_known_axes:
        place["axis_labels"] = [letter.lower() for letter in letters]
    return place
