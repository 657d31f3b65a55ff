"""Which channels are meant, and what they are called afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from napari_pixclass.core import Preparation


def channel_groups(
    wanted: Sequence[Sequence[str]], names: Sequence[str], path: str | os.PathLike[str]
) -> tuple[tuple[int, ...], ...]:
    """Numbers of channels that were given by number or name.

    A name is the whole name of a channel in the file, or a part that no other has; capital letters do not matter.

    Raises
    ------
    ValueError
        If no channel, or more than one, is meant.
    """
    return tuple(tuple(_channel(word, names, path) for word in group) for group in wanted)


def _channel(word: str, names: Sequence[str], path: str | os.PathLike[str]) -> int:
    if word.isdecimal():
        return int(word)
    whole = [index for index, name in enumerate(names) if name.casefold() == word.casefold()]
    part = [index for index, name in enumerate(names) if word.casefold() in name.casefold()]
    found = whole or part
    if len(found) == 1:
        return found[0]
    if not names:
        raise ValueError(
            "channels must be given by number, from 0, where the file has no names for them; got "
            f"'{word}' for '{path}'."
        )
    what = "no channel has that" if not found else f"{len(found)} channels have that"
    raise ValueError(
        f"a channel must be given by its number or by a part of its name that no other has; got '{word}', and {what} "
        f"in '{path}': {', '.join(names)}."
    )


def prepared_names(
    preparation: Preparation, names: Sequence[str], n_channels: int
) -> tuple[str, ...]:
    """What the channels of a prepared image are called, from the names of those of the image."""
    has_summary = preparation.summary != "none"
    groups = preparation.channels or tuple((index,) for index in range(n_channels - has_summary))
    combined = [
        "+".join(names[index] if names else f"channel {index}" for index in group)
        for group in groups
    ]
    return (*([f"{preparation.summary} of channels"] if has_summary else []), *combined)
