"""Figures of quality as files: all of them as JSON or text, the confusion matrix as a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_pixclass.core import ConfusionMatrix, Step, Steps, draw_confusion

ENDINGS = (".json", ".png", ".txt")


def check_ending(path: Path) -> None:
    """Refuse a name that does not say what is to be written.

    Raises
    ------
    ValueError
        If it does not.
    """
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(
            f"figures are saved as {', '.join(ENDINGS)}; got '{path.name}'. Choose one of these endings."
        )


@dataclass(frozen=True, eq=False, slots=True)
class Figures:
    """What is written: as text, as plain values, and as a picture of a matrix."""

    text: str
    values: Mapping[str, Any]
    matrix: ConfusionMatrix

    def saving_steps(self, path: Path) -> Steps[Path]:
        """Write them, in a background thread; the ending of the name says as what."""
        from napari_pixclass.io import replacing, write_png

        yield Step(0, 1, f"Saving {path.name}")
        with replacing(path) as temporary:
            if path.suffix.lower() == ".png":
                write_png(temporary, draw_confusion(self.matrix))
            elif path.suffix.lower() == ".json":
                text = json.dumps(self.values, indent=2, ensure_ascii=False)
                temporary.write_text(f"{text}\n", encoding="utf-8")
            else:
                temporary.write_text(f"{self.text}\n", encoding="utf-8")
        return path
