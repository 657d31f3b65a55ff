"""JSON values of a file, read with suspicion: each mistake becomes one sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

from napari_pixclass.core import ClassInfo, valid_sharpness

from ._archive import FileContentError

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = TypeVar("Kind")

MAX_AXES = 16


class JsonValues:
    """Typed access to a JSON object.

    Parameters
    ----------
    values
        What was read.
    what
        What it describes, such as "a class".

    Raises
    ------
    FileContentError
        If it is no JSON object; and from the methods, if a value is missing, of a wrong type, or impossible.
    """

    def __init__(self, values: object, what: str) -> None:
        if not isinstance(values, dict):
            raise FileContentError(f"{what} in it is not a JSON object")
        self._values = values
        self._what = what

    def get(self, name: str, kind: type[Kind]) -> Kind:
        """A value of type `kind`."""
        if name not in self._values:
            raise FileContentError(f"{self._what} in it lacks {name!r}")
        value = self._values[name]
        # JSON knows true and false apart from numbers; Python's bool is an int.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise FileContentError(f"{name!r} of {self._what} in it has a wrong type")
        return value

    def all(self) -> dict[str, Any]:
        """All values, as they are."""
        return dict(self._values)

    def whole(self, name: str, low: int, high: int = 2**63 - 1) -> int:
        """A whole number from `low` to `high`."""
        value = self.get(name, int)
        if not low <= value <= high:
            raise FileContentError(f"{name!r} of {self._what} in it is not within {low} and {high}")
        return value

    def text(self, name: str, most: int) -> str:
        """Text of `most` characters at most."""
        text = self.get(name, str)
        if len(text) > most:
            raise FileContentError(f"{name!r} in it is longer than {most} characters")
        return text

    def optional_text(self, name: str, most: int) -> str | None:
        """As `text`, or None."""
        return None if self.get(name, object) is None else self.text(name, most)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array, no axis of which is empty."""
        lengths = self.get(name, list)
        if not 1 <= len(lengths) <= MAX_AXES or not all(type(n) is int and n >= 1 for n in lengths):
            raise FileContentError("the shape in it is none")
        if math.prod(lengths) >= 2**62:
            raise FileContentError("the shape in it is too large")
        return tuple(lengths)

    def pixel_size(self, name: str, ndim: int) -> tuple[float, ...]:
        """Size of a pixel along `ndim` axes."""
        sizes = self.get(name, list)
        numbers = [float(s) for s in sizes if type(s) in (int, float) and 0 < s < 1e300]
        if not len(numbers) == len(sizes) == ndim:
            raise FileContentError("the pixel size in it is none")
        return tuple(numbers)

    def sharpness(self, name: str) -> float:
        """A power to which probabilities can be raised."""
        value = self.get(name, object)
        try:
            return valid_sharpness(value)
        except (TypeError, ValueError, OverflowError) as error:
            reason = str(error).rstrip(".")
            raise FileContentError(f"its {name} cannot be used ({reason})") from error

    def optional_whole(self, name: str, low: int, high: int) -> int | None:
        """As `whole`, or None."""
        if self.get(name, object) is None:
            return None
        return self.whole(name, low, high)


def class_table(rows: Sequence[JsonValues], highest: int) -> tuple[ClassInfo, ...]:
    """Value, which is `highest` at most, name and colour of each class."""
    try:
        return tuple(
            ClassInfo(row.whole("value", 1, highest), row.get("name", str), row.get("color", str))
            for row in rows
        )
    except FileContentError:
        raise
    except ValueError as error:
        raise FileContentError(f"a class in it is wrong ({str(error).rstrip('.')})") from error
