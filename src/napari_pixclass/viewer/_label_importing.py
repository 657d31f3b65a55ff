"""Importing labels step by step: choose them, see where they would lie, put them there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari.layers import Labels
from psygnal import Signal

from napari_pixclass.core import (
    ImportMode,
    LabelChange,
    LabelledPixels,
    Order,
    PlacedLabels,
    Step,
    Steps,
    counting_steps,
    default_class,
    fitting_orders,
    label_change,
    order_of_axes,
)
from napari_pixclass.io import LabelFile, labelled_pixels, open_label_file
from napari_pixclass.session import (
    LabelImport,
    LabelPlacement,
    Pair,
    named_classes,
)

from ._layer_exchange import file_of_layer
from ._sources import LayerImage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_pixclass.core import ClassInfo

    from ._viewer_session import ViewerSession

TOPIC = "label import"
"""What jobs are about."""


@dataclass(frozen=True, eq=False, slots=True)
class Inspected:
    """Labels to import, as they are.

    Attributes
    ----------
    file
        The labels.
    counts
        Number of pixels of each value, 0 included.
    orders
        How their axes can lie in the image, the likeliest first; empty where they are larger than it.
    """

    file: LabelFile
    counts: dict[int, int]
    orders: list[Order]


@dataclass(frozen=True, eq=False, slots=True)
class Planned:
    """What an import would do."""

    placed: PlacedLabels
    change: LabelChange


class LabelImporting:
    """One import at a time, of one session.

    Parameters
    ----------
    session
        The session.
    start
        Starts a job of the session: steps, what is done with their result, and what it is about.
    """

    changed = Signal()
    """Something else has been chosen, inspected or planned."""

    def __init__(self, session: ViewerSession, start: Callable[..., object]) -> None:
        self._session = session
        self._start = start
        self.target: Pair | LayerImage | None = None
        self.inspected: Inspected | None = None
        self.planned: Planned | None = None
        self.source: Labels | Path | None = None
        self.is_reading = False
        self._geometry_then: object = None
        self._round = 0
        """Results of earlier rounds are of no use any more."""
        for signal in (session.pairs_changed, session.layers_changed):
            signal.connect(self._on_layers_changed)

    def choose(self, source: Labels | Path | None, target: Pair | LayerImage | None) -> None:
        """Look at labels, in the background, that are to be put into those of an image."""
        self.source, self.target = source, target
        self.inspected = None
        self.outdate()
        self._session.import_preview.remove()
        self._geometry_then = None if target is None else self._geometry(target)
        self.is_reading = source is not None and target is not None
        self.changed.emit()
        if source is None or target is None:
            return
        shape, letters = self._geometry(target)

        def steps() -> Steps[Inspected]:
            yield Step(0, 1, "Reading the labels")
            file = _opened(source)
            counts = yield from counting_steps(file.labels)
            return Inspected(file, counts, _orders(file, shape, letters))

        this = self._round
        self._start(
            steps,
            lambda found: self._on_inspected(found, this),
            TOPIC,
            on_end=lambda: self._on_read(this),
        )

    def outdate(self) -> None:
        """Say that something else is wanted than has been planned."""
        self._round += 1
        self.planned = None

    def plan(self, placement: LabelPlacement, mode: ImportMode) -> None:
        """Find out in the background what an import would do, and show it."""
        inspected, target = self.inspected, self.target
        if inspected is None or target is None:
            return
        self.outdate()
        this = self._round
        shape, _ = self._geometry(target)
        present = None
        if isinstance(target, Pair):
            present = self._session.labelled(target)
            data = target.labels.data

        def steps() -> Steps[Planned]:
            placed = yield from placement.steps(inspected.file, shape)
            before = placed.labelled
            if not isinstance(target, Pair):
                known = LabelledPixels(before.positions[:0], before.values[:0], before.shape)
            else:
                known = labelled_pixels(data) if present is None else present
            return Planned(placed, label_change(known, before, mode))

        self._start(steps, lambda planned: self._on_planned(planned, placement, this), TOPIC)

    def apply(self, placement: LabelPlacement, mode: ImportMode) -> LabelImport | None:
        """Put the labels that have been planned into those of the image."""
        inspected, planned, target = self.inspected, self.planned, self.target
        if inspected is None or planned is None or target is None:
            return None
        self.target = None  # what happens to layers now is no reason to begin anew
        try:
            done = self._session.apply_import(planned.placed, target, mode, self.classes(placement))
        except ValueError:
            self.target = target  # nothing has been changed, and what has been chosen stays
            self.changed.emit()
            raise
        self.close()
        return done

    def close(self) -> None:
        """Import nothing, or nothing more."""
        self.choose(None, None)

    def classes(self, placement: LabelPlacement) -> list[ClassInfo]:
        """Classes that the labels bring along, named as in their file."""
        if self.inspected is None:
            return []
        return named_classes(self.inspected.file, placement.mapping)

    def shown_classes(self, placement: LabelPlacement, labelled: LabelledPixels) -> list[ClassInfo]:
        """The classes as they would be after the import."""
        merged = {i.value: i for i in self._session.merged_classes(self.classes(placement))}
        for value in labelled.counts:
            merged.setdefault(value, default_class(value))
        return list(merged.values())

    def _geometry(self, target: Pair | LayerImage) -> tuple[tuple[int, ...], str]:
        image = target.image if isinstance(target, Pair) else target
        return self._session.labels_geometry(image)

    def _on_layers_changed(self) -> None:
        """The image may be gone, be another one, or have other labels now."""
        before = self.target
        if before is None:
            return
        image = before.image if isinstance(before, Pair) else before
        now: Pair | LayerImage | None = before if before in self._session.pairs else None
        if now is None and isinstance(image, LayerImage):
            is_here = image.layer in self._session.image_layers
            now = pair_of(self._session, image) if is_here else None
        if now is None:
            self.close()
        elif now is not before or self._geometry(now) != self._geometry_then:
            self.choose(self.source, now)

    def _on_inspected(self, inspected: Inspected, this: int) -> None:
        if this == self._round:
            self.inspected, self.is_reading = inspected, False
            self.changed.emit()

    def _on_read(self, this: int) -> None:
        """Nothing comes any more, be it that it cannot be read."""
        if this == self._round and self.is_reading:
            self.is_reading = False
            self.changed.emit()

    def _on_planned(self, planned: Planned, placement: LabelPlacement, this: int) -> None:
        if this != self._round:
            return
        self.planned = planned
        target = self.target
        image = target.image if isinstance(target, Pair) else target
        labelled = planned.placed.labelled
        if isinstance(image, LayerImage):
            shown = self.shown_classes(placement, labelled)
            self._session.import_preview.show(labelled, image, shown)
        self.changed.emit()


def _opened(source: Labels | Path) -> LabelFile:
    return open_label_file(source) if isinstance(source, Path) else file_of_layer(source)


def _orders(file: LabelFile, shape: tuple[int, ...], letters: str) -> list[Order]:
    """How labels can lie in an image; first as the file says."""
    orders = fitting_orders(file.shape, shape)
    if file.axes and set(file.axes) <= set(letters):
        said = order_of_axes(file.axes, letters)
        long = tuple(None if a is None or file.shape[a] == 1 else a for a in said)
        orders = [long, *(order for order in orders if order != long)]
    return orders


def pair_of(session: ViewerSession, image: LayerImage) -> Pair | LayerImage:
    """The pair of an image, or the image where it has no labels."""
    return next((pair for pair in session.pairs if pair.image == image), image)


def as_they_are(shape: tuple[int, ...], ndim: int) -> Order:
    """The order that labels are in, for those that are too large in any."""
    axes = [axis for axis, length in enumerate(shape) if length > 1][-ndim:]
    return (*[None] * (ndim - len(axes)), *axes)


def told_order(order: Order, letters: str) -> str:
    """An order in words."""
    used = [(axis, letter) for axis, letter in zip(order, letters, strict=True) if axis is not None]
    names = ", ".join(letter for _, letter in sorted(used))
    turned = [axis for axis, _ in used] != sorted(axis for axis, _ in used)
    plane = " on one plane" if len(used) < len(order) else ""
    return f"{names or 'one pixel'}{plane}{' (turned)' if turned else ''}"


def told_counts(counts: Mapping[int, int]) -> str:
    """How much there is, in words."""
    n_pixels, n_classes = sum(counts.values()), len(counts)
    pixels = "1 pixel" if n_pixels == 1 else f"{n_pixels:,} pixels"
    return f"{pixels} of {n_classes} {'class' if n_classes == 1 else 'classes'}"


def told_result(planned: Planned) -> str:
    """What an import would do, in words."""
    placed, change = planned.placed, planned.change
    facts = {
        "new": change.n_new,
        "become another class": change.n_replaced,
        "erased": change.n_erased,
        "outside the image, left out": placed.n_outside,
    }
    parts = [f"{n:,} {words}" for words, n in facts.items() if n]
    if not len(change):
        parts.append("nothing changes")
    return f"{told_counts(placed.labelled.counts)}: {'; '.join(parts)}."
