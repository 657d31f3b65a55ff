"""Never losing scribbles: they are saved while they are painted, and offered when their image is opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_pixclass.core import LabelledPixels
from napari_pixclass.io import labelled_pixels
from napari_pixclass.session import Autosave, Mailbox, Offer, Pair, Recovery, main_image

from ._sources import LayerImage, LayerLabels, labels_shape

if TYPE_CHECKING:
    from napari.layers import Image

    from ._viewer_session import ViewerSession


class LayerRecovery:
    """Saves what is painted in a viewer, and brings back what was painted before.

    Parameters
    ----------
    session
        The session of the viewer.
    mailbox
        Where results of the background arrive.
    """

    def __init__(self, session: ViewerSession, mailbox: Mailbox) -> None:
        self._session = session
        self._autosave = Autosave(session, mailbox)
        self._recovery = Recovery(self._autosave)
        self._loading: list[Offer] = []
        self.offers_changed = self._recovery.offers_changed
        for signal in (session.layers_changed, session.pairs_changed):
            signal.connect(self._on_layers_changed)
        self._on_layers_changed()

    @property
    def offers(self) -> list[Offer]:
        """What can be restored: scribbles of image layers, of the shape that their labels have."""
        return [offer for offer in self._recovery.offers if self._fits(offer)]

    def restore(self, offer: Offer) -> None:
        """Bring scribbles back, soon: into the labels of the image where they are empty, else into new ones."""
        if offer not in self._loading:  # a second click
            self._loading.append(offer)
            self._recovery.load(
                offer,
                lambda labelled: self._on_loaded(offer, labelled),
                lambda error: self._on_failed(offer, error),
            )

    def discard(self, offer: Offer) -> None:
        """Delete scribbles for good."""
        self._recovery.discard(offer)

    def close(self) -> None:
        """Save what has not been saved yet."""
        self._autosave.close()

    def _on_layers_changed(self) -> None:
        session = self._session
        self._autosave.release([LayerLabels(layer) for layer in session.labels_layers])
        seen = [session.labelled(pair) for pair in session.pairs]
        self._recovery.search(
            [LayerImage(layer) for layer in session.image_layers],
            [labelled for labelled in seen if labelled is not None],
        )

    def _fits(self, offer: Offer) -> bool:
        image = offer.image
        if not isinstance(image, LayerImage) or image.layer not in self._session.image_layers:
            return False
        shapes = [pair.labels.shape for pair in self._pairs_of(image.layer)]
        return offer.info.shape in (labels_shape(image.layer), *shapes)

    def _pairs_of(self, image: Image) -> list[Pair]:
        mains = [(pair, main_image(pair.image)) for pair in self._session.pairs]
        return [
            pair for pair, main in mains if isinstance(main, LayerImage) and main.layer is image
        ]

    def _on_failed(self, offer: Offer, error: Exception) -> None:
        self._loading.remove(offer)
        self._session.report_error(str(error))

    def _on_loaded(self, offer: Offer, labelled: LabelledPixels) -> None:
        self._loading.remove(offer)
        try:
            pair = self._restored(offer, labelled)
        except ValueError as error:
            self._session.report_error(str(error))
            return
        self._recovery.accept(offer, pair)
        self._session.labels_changed()
        self._session.status.say(
            f"Restored {len(labelled):,} pixels of {offer.info.n_classes} classes on {offer.image.name}."
        )

    def _restored(self, offer: Offer, labelled: LabelledPixels) -> Pair:
        """Bring scribbles back, and return the pair whose labels they are now."""
        if not (isinstance(offer.image, LayerImage) and self._fits(offer)):
            raise ValueError(
                f"scribbles can be restored on an image of their shape only, {labelled.shape}; it is gone."
            )
        pair = self._pair_to_fill(offer.image.layer, labelled)
        self._session.classes = self._session.merged_classes(offer.info.classes)
        pair.labels.set_values(labelled.positions, labelled.values)
        return pair

    def _pair_to_fill(self, image: Image, labelled: LabelledPixels) -> Pair:
        """The pair of an image whose labels are empty and can hold what is restored; made if there is none."""
        session, highest = self._session, int(labelled.values.max(initial=0))
        pairs = self._pairs_of(image)
        for pair in pairs:
            if (
                pair.labels.shape == labelled.shape
                and pair.labels.refusal(highest) is None
                and not len(labelled_pixels(pair.labels.data))
            ):
                return pair
        if labelled.shape != labels_shape(image):  # an axis of the layer is its channels
            raise ValueError(
                f"scribbles of shape {labelled.shape} need empty labels of this shape; those of {image.name} are "
                "painted on. Train on empty ones first."
            )
        # What only came with the image makes way; what somebody has painted since counts as well.
        for pair in filter(self._autosave.is_untouched, pairs):
            session.remove_pair(pair)
        layer = session.new_labels(image)
        if highest > np.iinfo(layer.dtype).max:
            layer.data = layer.data.astype(labelled.values.dtype)
        return next(p for p in session.pairs if p.labels == LayerLabels(layer))
