"""The images that are trained on, and what has been painted on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psygnal import Signal

from napari_pixclass.core import LabelledPixels

from ._channel_choices import ChannelChoices
from ._jobs import Mailbox
from ._seen_labels import SeenLabels
from ._sources import ImageSource, LabelsSource, Pair, labels_source
from ._stacked_images import image_or_stack


class LabelledImages(ChannelChoices):
    """Pairs of an image and its labels, and the classes that are painted.

    Parameters
    ----------
    wake
        As for `Session`.
    """

    pairs_changed = Signal()
    labelled_changed = Signal(object, object)
    """Other labels of a pair have been seen than before: the pair, and its `LabelledPixels`."""
    counts_changed = Signal()
    """The numbers of pixels or strokes are others than before."""

    def __init__(self, wake: Callable[[], None] | None) -> None:
        super().__init__()
        self._mailbox = Mailbox(wake)
        self._pairs: list[Pair] = []
        # Without an event loop nothing would arrive from the background before somebody waits for a job.
        self._seen = SeenLabels(self._mailbox, wake is not None, self._on_seen)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The images to train on, with their labels."""
        return tuple(self._pairs)

    def add_pair(self, image: Any, labels: Any, **options: Any) -> Pair:
        """Train on `labels` of `image` too.

        Parameters
        ----------
        image, labels
            An image (`ImageSource` or array; a list of them for its channels) and its labels (`LabelsSource` or
            array).
        options
            For an array: ``channel_axis``, ``pixel_size``, ``name`` and ``path``, as in `ArrayImage`.

        Returns
        -------
        Pair
            The one that is there already, if these labels of this image are.
        """
        pair = Pair(self._image_source(image, **options), self._labels_source(labels))
        for known in self._pairs:
            if (known.image, known.labels) == (pair.image, pair.labels):
                return known
        self._pairs.append(pair)
        self._seen.renew(pair)
        is_seen = self._seen.look(pair)
        self._add_missing_classes(self.counts)
        self.pairs_changed.emit()
        if is_seen:
            self._tell_labelled(pair)
        self.counts_changed.emit()
        self._update_live()
        return pair

    def remove_pair(self, pair: Pair) -> None:
        """Stop training on a pair; image and labels stay as they are."""
        self._pairs.remove(pair)
        self._seen.forget(pair)
        self._drop_unpainted_classes(self.counts)
        self.pairs_changed.emit()
        self.counts_changed.emit()
        self._update_live()

    def image_changed(self, image: ImageSource) -> None:
        """Say that an image has other data, or pixels of another size, than before."""
        for pair in self._pairs:
            if pair.image == image:
                self._seen.renew(pair)
        self._update_live()

    def _image_source(self, image: Any, **options: Any) -> ImageSource:
        source = image_or_stack(image, **options)
        if not isinstance(image, list | tuple):
            return source
        known = (pair.image for pair in self._pairs if pair.image == source)
        return next(known, source)  # so that their data are one object

    def _labels_source(self, labels: Any) -> LabelsSource:
        return labels_source(labels)

    @property
    def counts(self) -> dict[int, int]:
        """Number of labelled pixels of each class over all pairs."""
        return self._seen.counts

    @property
    def stroke_counts(self) -> dict[int, int]:
        """Number of connected scribbles of each class over all pairs; known a moment after `counts`."""
        return self._seen.stroke_counts

    def labelled(self, pair: Pair) -> LabelledPixels | None:
        """The labelled pixels of a pair, as they were seen last; None before the first time."""
        return self._seen.labelled(pair)

    def labels_changed(self) -> None:
        """Say that labels may have been painted, erased or undone."""
        self._look_at_all()
        self._update_live()

    def _look_at_all(self) -> None:
        changed = [pair for pair in self._pairs if self._seen.look(pair)]
        for pair in changed:
            self._tell_labelled(pair)
        if changed:
            self._tell_counts()

    def _on_seen(self, pair: Pair) -> None:
        """From the background: other labels, or other numbers of strokes."""
        self._tell_labelled(pair)
        self._tell_counts()
        self._update_live()

    def _learn_labels(self, pair: Pair, labelled: LabelledPixels) -> None:
        if self._seen.learn(pair, labelled):
            self._tell_labelled(pair)

    def _tell_labelled(self, pair: Pair) -> None:
        self.labelled_changed.emit(pair, self._seen.labelled(pair))

    def _tell_counts(self) -> None:
        self._add_missing_classes(self.counts)
        self.counts_changed.emit()
