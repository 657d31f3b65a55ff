"""A small project, written with the room io alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from napari_pixclass.core import ChosenFeatures, ClassInfo, FeatureSet, LabelledPixels
from napari_pixclass.io import (
    ImageView,
    ProjectCalibration,
    ProjectImage,
    ProjectInfo,
    ProjectLabels,
    ProjectSource,
    fingerprint,
    writing_project,
)

IMAGE = np.arange(600, dtype=np.uint16).reshape(20, 30)
LABELS = np.zeros((20, 30), np.uint8)
LABELS[3:6, 4:20], LABELS[10, 29], LABELS[11, 0] = 3, 1, 1
CLASSES = (ClassInfo(3, "nuclei", "#ff0000"), ClassInfo(1, "Ränder", "#00ff00"))


def write_project(
    folder: Path, labels: np.ndarray = LABELS, save_id: str | None = None, **changes: Any
) -> ProjectInfo:
    """Write a project with a copy of one image, and its labels."""
    known_ids = [] if save_id is None else [save_id]
    with writing_project(folder, known_ids, overwrite=save_id is None) as writer:
        copying = writer.copy_array("cells", IMAGE)
        try:
            while True:
                next(copying)
        except StopIteration as stop:
            copy = stop.value
        labelled = LabelledPixels.of(labels)
        file, n_runs = writer.write_labels("scribbles", labelled)
        source = ProjectSource(
            "cells",
            copy,
            None,
            "",
            True,
            ImageView.whole(2),
            IMAGE.shape,
            "uint16",
            fingerprint(IMAGE),
            True,
        )
        values: dict[str, Any] = {
            "save_id": datetime.now(UTC).isoformat(),
            "written": datetime.now(UTC),
            "versions": {"python": "3"},
            "sources": (source,),
            "images": (ProjectImage("cells", (0,), False, None, (2.0, 1.0)),),
            "labels": (ProjectLabels("s", file, labels.shape, "uint8", len(labelled), n_runs),),
            "pairs": ((0, 0),),
            "target": None,
            "features": ChosenFeatures(
                FeatureSet.fast(2), (0,), ((0, FeatureSet.all(2)), (1, None))
            ),
            "classes": CLASSES,
            "hidden_classes": frozenset({1}),
            "training": {"n_estimators": 5, "random_state": None},
            "session": {"live_update": True},
            "classifier": None,
            "calibration": ProjectCalibration(False, 1.25),
        }
        info = ProjectInfo(**values | changes)
        writer.commit(info)
    return info
