"""Names and colours of classes as other programs give them, made fit for ours."""

from __future__ import annotations

from collections.abc import Sequence

from napari_pixclass.core import MAX_NAME_LENGTH, ClassInfo, default_class


def class_infos(
    names: Sequence[str],
    colors: Sequence[Sequence[int]],
    values: Sequence[int] | None = None,
) -> tuple[ClassInfo, ...]:
    """Classes with these names and colours (red, green, blue); the value of each is its place from 1, or as given.

    What cannot be a name or a colour here is replaced by that of a class that nobody has named.
    """
    found = {}
    for place, name in enumerate(names):
        value = place + 1 if values is None or len(values) != len(names) else values[place]
        if not 1 <= value <= 65535:
            continue
        default = default_class(value)
        color = colors[place] if place < len(colors) else ()
        found[value] = ClassInfo(value, _name(name) or default.name, _hex(color) or default.color)
    return tuple(found[value] for value in sorted(found))


def _name(text: str) -> str:
    letters = (letter if letter.isprintable() else " " for letter in text)
    return " ".join("".join(letters).split())[:MAX_NAME_LENGTH]


def _hex(color: Sequence[int]) -> str:
    if len(color) < 3 or not all(0 <= part <= 255 for part in color[:3]):
        return ""
    return "#" + bytes(int(part) for part in color[:3]).hex()
