"""A session with its project, as a viewer has them; and images that files hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_pixclass.core import FeatureSet
from napari_pixclass.io import write_tiff
from napari_pixclass.session import ArrayImage, Arrivals, RestorableSession, SessionProject

FEATURES = FeatureSet.from_selection({"gaussian_smoothing": [1.0], "laplacian_of_gaussian": [1.6]})
LONG = 60  # seconds; no test waits that long unless something is broken


class Place:
    """A session with its files and its project, as a viewer has them."""

    def __init__(self) -> None:
        self.session = RestorableSession()
        self.session.features, self.session.n_estimators = FEATURES, 10
        self.arrivals = Arrivals(self.session, self.session.start_exchange)
        self.project = SessionProject(self.session, self.arrivals, self.session.start_exchange)
        self.events: list[Any] = []
        self.failures: list[str] = []
        self.arrivals.arrived.connect(self.events.append)
        self.session.failed.connect(self.failures.append)

    def save(self, *args: Any, **options: Any) -> Any:
        return self.project.save(*args, **options).result(LONG)

    def open(self, path: Path) -> None:
        self.arrivals.open(path).result(LONG)


def stored(image: np.ndarray, path: Path, **options: Any) -> ArrayImage:
    write_tiff(path, image, "YX")
    return ArrayImage(image, name=path.stem, path=str(path), **options)
