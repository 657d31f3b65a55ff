"""One interactive project: settings, samples, classifier, signals. No Qt, no napari."""

from ._autosave import Autosave
from ._chosen_features import ChosenFeatures
from ._disk_task import FileFormat, Place, Written
from ._jobs import Job, Mailbox
from ._live_array import LiveArray
from ._live_result import LiveResult
from ._live_session import LiveSession
from ._plan import Plan, resolve
from ._prediction import Prediction
from ._preview import FeaturePreview, preview_steps
from ._queue import JobQueue
from ._recovery import Offer, Recovery
from ._seen_labels import count_labels
from ._session import Session
from ._sources import (
    ArrayImage,
    ArrayLabels,
    ImageSource,
    LabelsSource,
    Pair,
    Positions,
    Snapshot,
    indices_of,
    refusal_of,
    spacing_of,
)
from ._stacked_images import StackedImage, main_image
from ._tile_store import TileStore
from ._view import View

__all__ = [
    "ArrayImage",
    "ArrayLabels",
    "Autosave",
    "ChosenFeatures",
    "FeaturePreview",
    "FileFormat",
    "ImageSource",
    "Job",
    "JobQueue",
    "LabelsSource",
    "LiveArray",
    "LiveResult",
    "LiveSession",
    "Mailbox",
    "Offer",
    "Pair",
    "Place",
    "Plan",
    "Positions",
    "Prediction",
    "Recovery",
    "Session",
    "Snapshot",
    "StackedImage",
    "TileStore",
    "View",
    "Written",
    "count_labels",
    "indices_of",
    "main_image",
    "preview_steps",
    "refusal_of",
    "resolve",
    "spacing_of",
]
