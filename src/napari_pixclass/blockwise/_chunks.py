"""Which chunks a lazy result has, where the image says nothing but how it is stored."""

from __future__ import annotations

from typing import Any

from napari_pixclass.core import ImageAxes

PREFERRED = {2: (512, 512), 3: (64, 128, 128)}
"""Chunks of results per number of spatial axes: what is predicted at full speed, and read at once."""

_FEW = 4  # stored chunks up to so many times the preferred ones are kept whole


def chunks_for(image: Any, axes: ImageAxes) -> tuple[tuple[int, ...], ...]:
    """Chunks along all axes but the channels: whole stored chunks where these are not far too large."""
    stored = list(getattr(image, "chunks", None) or image.shape)
    if axes.channel_axis is not None:
        del stored[axes.channel_axis]
    preferred = (1,) * len(axes.lead) + PREFERRED[len(axes.spatial)]
    return tuple(
        _cut(length, _chunk_length(size, wanted))
        for length, size, wanted in zip(axes.shape, stored, preferred, strict=True)
    )


def _chunk_length(stored: int, wanted: int) -> int:
    if stored > _FEW * wanted:
        return wanted
    return stored * max(1, round(wanted / stored))


def _cut(length: int, size: int) -> tuple[int, ...]:
    whole, rest = divmod(length, size)
    return (size,) * whole + ((rest,) if rest else ())
