"""One interactive project: settings, samples, classifier, signals. No Qt, no napari."""

from ._arrivals import Arrivals, Arrived, Missing, OpenedFile, array_of
from ._arriving import Arriving, ImageReference, ScribbledImage
from ._autosave import Autosave
from ._batch import FileBatch
from ._batch_results import OpenedResults
from ._batch_task import BatchFile, FileState
from ._disk_task import FileFormat, Place, Written, lazy_levels
from ._evaluation import Comparison, Evaluation
from ._jobs import Job, Mailbox
from ._label_exchange import LabelImport, LabelPlacement, filled_labels, named_classes
from ._live_array import LiveArray
from ._live_result import LiveResult
from ._live_session import LiveSession
from ._place_walk import Destination
from ._plan import Plan, resolve
from ._prediction import Prediction
from ._preview import FeaturePreview, preview_steps
from ._project_content import ContentMaker
from ._project_opening import ProjectOpening, SourceReference
from ._queue import JobQueue
from ._recovery import Offer, Recovery
from ._restorable_session import RestorableSession
from ._seen_labels import count_labels
from ._session import Session
from ._session_project import SessionProject
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
from ._suspicion_session import DoubtfulStroke
from ._tile_store import TileStore
from ._view import View

__all__ = [
    "ArrayImage",
    "ArrayLabels",
    "Arrivals",
    "Arrived",
    "Arriving",
    "Autosave",
    "BatchFile",
    "Comparison",
    "ContentMaker",
    "Destination",
    "DoubtfulStroke",
    "Evaluation",
    "FeaturePreview",
    "FileBatch",
    "FileFormat",
    "FileState",
    "ImageReference",
    "ImageSource",
    "Job",
    "JobQueue",
    "LabelImport",
    "LabelPlacement",
    "LabelsSource",
    "LiveArray",
    "LiveResult",
    "LiveSession",
    "Mailbox",
    "Missing",
    "Offer",
    "OpenedFile",
    "OpenedResults",
    "Pair",
    "Place",
    "Plan",
    "Positions",
    "Prediction",
    "ProjectOpening",
    "Recovery",
    "RestorableSession",
    "ScribbledImage",
    "Session",
    "SessionProject",
    "Snapshot",
    "SourceReference",
    "StackedImage",
    "TileStore",
    "View",
    "Written",
    "array_of",
    "count_labels",
    "filled_labels",
    "indices_of",
    "lazy_levels",
    "main_image",
    "named_classes",
    "preview_steps",
    "refusal_of",
    "resolve",
    "spacing_of",
]
