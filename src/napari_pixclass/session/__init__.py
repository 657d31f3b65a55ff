"""One interactive project: settings, samples, classifier, signals. No Qt, no napari."""

from ._jobs import Job, Mailbox
from ._plan import Plan, resolve
from ._prediction import Prediction
from ._preview import FeaturePreview, preview_steps
from ._queue import JobQueue
from ._session import Session
from ._sources import (
    ArrayImage,
    ArrayLabels,
    ImageSource,
    LabelsSource,
    Pair,
    Snapshot,
    spacing_of,
)
from ._tally import count_labels

__all__ = [
    "ArrayImage",
    "ArrayLabels",
    "FeaturePreview",
    "ImageSource",
    "Job",
    "JobQueue",
    "LabelsSource",
    "Mailbox",
    "Pair",
    "Plan",
    "Prediction",
    "Session",
    "Snapshot",
    "count_labels",
    "preview_steps",
    "resolve",
    "spacing_of",
]
