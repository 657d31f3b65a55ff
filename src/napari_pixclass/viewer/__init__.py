"""The only room that knows napari and Qt: docks, layers, the session of a viewer."""

from ._demo import open_demo
from ._feature_dock import FeatureDock
from ._predict_dock import PredictDock
from ._quality_dock import QualityDock
from ._readers import get_reader
from ._registry import session
from ._sample_data import open_cells, open_histology, open_volume
from ._train_dock import TrainDock
from ._viewer_session import ViewerSession
from ._writers import save_channels, save_image, save_labels

__all__ = [
    "FeatureDock",
    "PredictDock",
    "QualityDock",
    "TrainDock",
    "ViewerSession",
    "get_reader",
    "open_cells",
    "open_demo",
    "open_histology",
    "open_volume",
    "save_channels",
    "save_image",
    "save_labels",
    "session",
]
