"""Scribbles that earlier sessions have left, found again when their image is opened."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from napari_pixclass.core import LabelledPixels
from napari_pixclass.io import ScribblesFileError, ScribblesInfo, load_scribbles

from ._autosave import Autosave, Painting
from ._sources import ImageSource, Pair, Snapshot

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, slots=True)
class Offer:
    """Scribbles that can be restored.

    Attributes
    ----------
    image
        The image that they were painted on, as it is open now.
    path
        Their file.
    info
        What the file says about them.
    """

    image: ImageSource
    path: Path
    info: ScribblesInfo


@dataclass(frozen=True, slots=True)
class _Search:
    """What is searched for, and what need not be found."""

    images: tuple[Snapshot, ...]
    paintings: tuple[Painting, ...]
    present: tuple[LabelledPixels, ...]


class Recovery:
    """Finds the scribbles that were left, by a crash or a normal end, for the images that are open.

    Searching and reading are done in the background, by the worker of `autosave`; everything else in the session's
    thread.
    """

    offers_changed = Signal()

    def __init__(self, autosave: Autosave) -> None:
        self._autosave = autosave
        self._worker = autosave.worker
        self._wanted: deque[_Search] = deque(maxlen=1)
        self._offers: tuple[Offer, ...] = ()
        self._done_with: set[Path] = set()
        """Files that have been restored or discarded: a search that is under way may find them yet."""

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What was found last: by image, newest first."""
        return self._offers

    def search(self, images: Collection[ImageSource], present: Collection[LabelledPixels]) -> None:
        """Search for scribbles of `images` that are others than those `present`; the newest search wins."""
        self._wanted.append(
            _Search(
                tuple(Snapshot.of(image) for image in images),
                self._autosave.paintings,
                tuple(present),
            )
        )
        self._worker.run(self._find, self._on_found)

    def load(
        self,
        offer: Offer,
        then: Callable[[LabelledPixels], object],
        fail: Callable[[Exception], object],
    ) -> None:
        """Read the scribbles of an offer."""
        self._worker.run(lambda: load_scribbles(offer.path)[0], then, fail)

    def accept(self, offer: Offer, pair: Pair) -> None:
        """Say that the labels of a pair are now what an offer holds."""
        self._autosave.continue_file(pair, offer.path)
        self._drop(offer)

    def discard(self, offer: Offer) -> None:
        """Delete the file of an offer."""
        self._worker.run(lambda: self._worker.folder.discard(offer.path))
        self._drop(offer)

    def _drop(self, offer: Offer) -> None:
        self._done_with.add(offer.path)
        self._set_offers(self._offers)

    def _set_offers(self, offers: tuple[Offer, ...]) -> None:
        before = self._offers
        known = {(offer.image, offer.path): offer for offer in before}
        self._offers = tuple(
            known.get((offer.image, offer.path), offer)
            for offer in offers
            if offer.path not in self._done_with
        )
        if before != self._offers:
            self.offers_changed.emit()

    def _on_found(self, offers: tuple[Offer, ...] | None) -> None:
        if offers is not None and not self._wanted:
            self._set_offers(offers)

    def _find(self) -> tuple[Offer, ...] | None:
        """In the background: the offers of the newest search; None where that has been done."""
        try:
            search = self._wanted.pop()
        except IndexError:
            return None
        seen = {painting.path for painting in search.paintings}
        offers = []
        for image in search.images:
            for path, info in self._files_of(image):
                if path not in seen and not _is_present(path, info, search.present):
                    offers.append(Offer(image.source, path, info))
                seen.add(path)
        return tuple(offers)

    def _files_of(self, image: Snapshot) -> list[tuple[Path, ScribblesInfo]]:
        try:
            return self._worker.folder.find(self._worker.key_of(image))
        except (
            Exception
        ):  # whatever reading a lazy image may raise: the others are searched nevertheless
            logger.info("no scribbles are searched for %s", image.name, exc_info=True)
            return []


def _is_present(path: Path, info: ScribblesInfo, present: Collection[LabelledPixels]) -> bool:
    """Whether a file holds what is there anyway, or nothing that can be read."""
    alike = [p for p in present if p.shape == info.shape and len(p) == info.n_pixels]
    try:
        return bool(alike) and load_scribbles(path)[0] in alike
    except (ScribblesFileError, OSError) as error:
        logger.warning("scribbles cannot be offered: %s", error)
        return True
