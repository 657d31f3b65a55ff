"""Evaluations as files: figures as JSON or text, the confusion matrix as a picture."""

from __future__ import annotations

import json
from pathlib import Path

from napari_pixclass.core import Step, Steps, draw_confusion

from ._evaluation import Evaluation

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
            f"an evaluation is saved as {', '.join(ENDINGS)}; got '{path.name}'. Choose one of these endings."
        )


def saving_steps(evaluation: Evaluation, path: Path) -> Steps[Path]:
    """Write an evaluation, in a background thread; its ending says as what."""
    from napari_pixclass.io import replacing, write_png

    yield Step(0, 1, f"Saving {path.name}")
    with replacing(path) as temporary:
        if path.suffix.lower() == ".png":
            write_png(temporary, draw_confusion(evaluation.matrix))
        elif path.suffix.lower() == ".json":
            text = json.dumps(evaluation.to_dict(), indent=2, ensure_ascii=False)
            temporary.write_text(f"{text}\n", encoding="utf-8")
        else:
            temporary.write_text(f"{evaluation.text()}\n", encoding="utf-8")
    return path
