"""How the command line writes sizes and names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def byte_count(number: int) -> str:
    """A file size for people."""
    size = float(number)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def printable(text: str) -> str:
    """Text from a file, without the characters that steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def sizes(spacing: Sequence[float], unit: str | None) -> str:
    """Spacing for people, e.g. ``0.5 x 0.2 x 0.2 um``."""
    numbers = " x ".join(f"{size:.4g}" for size in spacing)
    return f"{numbers} {printable(unit)}" if unit else numbers


def time_left(seconds: float) -> str:
    """How long something will still take, no more precisely than anyone can know."""
    if seconds < 90:
        return f"about {5 * max(round(seconds / 5), 1)} s left"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min left"
    return f"about {round(seconds / 3600)} h left"
