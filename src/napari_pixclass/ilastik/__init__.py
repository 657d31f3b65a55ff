"""Coming from ilastik: real projects (``.ilp``) as images with labels, class table and classifier.

For the command line, scripts and the viewer alike. See ``docs/ilastik.md``.
"""

from __future__ import annotations

from ._classifiers import kept_classifier, notes_on_kept, retrain_steps
from ._import import import_project, import_steps
from ._opened import FeatureChoice, OpenedImage, OpenedProject, open_project
from ._report import ImportMode, ImportReport, ReportedImage

import_ilastik = import_project  # its name at the top of the package

__all__ = [
    "FeatureChoice",
    "ImportMode",
    "ImportReport",
    "OpenedImage",
    "OpenedProject",
    "ReportedImage",
    "import_ilastik",
    "import_project",
    "import_steps",
    "kept_classifier",
    "notes_on_kept",
    "open_project",
    "retrain_steps",
]
