"""What a class is called and how it is coloured."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_NAME_LENGTH = 200
"""Most characters of a class name."""

# Bright on grey images, apart from each other for colour-blind eyes as far as twelve colours can be.
PALETTE = (
    "#ffb000",
    "#3d8bfd",
    "#e4405f",
    "#2fc38a",
    "#b46bff",
    "#5fd3f3",
    "#ff7a2f",
    "#c6e03b",
    "#ff8fc7",
    "#8c6d4f",
    "#00a0a0",
    "#9aa7ff",
)


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """One class.

    Attributes
    ----------
    value
        Class value in the labels, 1 or more.
    name
        What people call it: 1 to `MAX_NAME_LENGTH` printable characters.
    color
        ``"#rrggbb"``.
    """

    value: int
    name: str
    color: str

    def __post_init__(self) -> None:
        if self.value < 1:
            raise ValueError(
                f"a class value must be 1 or more, 0 means unlabelled; got {self.value}."
            )
        # Not printable: what steers terminals, breaks lines, or cannot be written as UTF-8 or XML.
        if not (
            0 < len(self.name) <= MAX_NAME_LENGTH and self.name.strip() and self.name.isprintable()
        ):
            raise ValueError(
                f"a class name must be 1 to {MAX_NAME_LENGTH} printable characters; got "
                f"{self.name[:40]!a}."
            )
        if not re.fullmatch("#[0-9a-f]{6}", self.color):
            raise ValueError(f"a class colour must look like '#3d8bfd'; got {self.color!r}.")

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue, 0 to 255."""
        red, green, blue = bytes.fromhex(self.color[1:])
        return red, green, blue


def default_class(value: int) -> ClassInfo:
    """Name and colour of a class that nobody has named."""
    return ClassInfo(value, f"Class {value}", PALETTE[(value - 1) % len(PALETTE)])
