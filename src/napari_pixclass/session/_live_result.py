"""What live update has found out, and what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_pixclass.core import ClassInfo

from ._live_steps import Inputs
from ._sources import Pair, Snapshot
from ._tile_store import TileStore
from ._view import View

if TYPE_CHECKING:
    from napari_pixclass.core import PixelClassifier


@dataclass(eq=False, slots=True)
class LiveResult:
    """What live update has found out about one image, with one classifier.

    Attributes
    ----------
    image
        The image.
    classes
        Value, name and colour of each class, in the order of the probabilities.
    store
        The tiles that are known so far.
    classifier
        The classifier; None as long as only a part of its trees has been grown.
    """

    image: Snapshot
    classes: tuple[ClassInfo, ...]
    store: TileStore
    classifier: PixelClassifier | None


@dataclass(eq=False, slots=True)
class LiveWork:
    """The live update that was started last.

    Attributes
    ----------
    n_events
        How many changes of labels had been heard of when it was started.
    settings
        What it trains with, but for the labels.
    inputs
        What it trains on; None before it has looked.
    image
        The image that it predicts; None for none.
    view
        What is on screen of that; asked in any thread.
    result
        What it has found out; None before the first tile.
    classifier
        The classifier that it predicts with; None before it has been trained.
    n_looks
        How often the labels of each pair had been looked at when it was started.
    """

    n_events: int
    settings: Inputs
    inputs: Inputs | None
    image: Snapshot | None
    view: View | None
    result: LiveResult | None
    classifier: PixelClassifier | None
    n_looks: Mapping[Pair, int]
