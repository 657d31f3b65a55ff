"""HDF5 files of other programs, read with suspicion: nothing outside the file, nothing larger than it can be.

No Python object of a file is ever built: pickled text is text.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ._archive import FileContentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

MAX_TEXT_BYTES = 2**20
"""Most bytes of a text."""

MAX_NUMBERS = 2**28
"""Most numbers of a list."""

MAX_CHILDREN = 100_000
"""Most entries of a group that are looked at."""

MAX_EXPANSION = 1200
"""HDF5's compression makes data 1032 times smaller at best; what claims more is a trap."""

SMALL_BYTES = 2**24
"""What is smaller than this when read may be stored as compactly as it likes."""

AXIS_LETTERS = set("TZYXC")


def child(group: Any, path: str) -> Any:
    """The group or dataset at this path, None if there is none; links to other files are not followed.

    Raises
    ------
    FileContentError
        If the file keeps it elsewhere.
    """
    import h5py

    for name in path.strip("/").split("/"):
        if not isinstance(group, h5py.Group):
            return None
        key = name.encode("utf-8", "surrogateescape")
        if not name or not group.id.links.exists(key):
            return None
        if group.id.links.get_info(key).type != h5py.h5l.TYPE_HARD:
            raise FileContentError(f"its part {name!r} is a link to somewhere else")
        group = group[name]
    return group


def is_group(found: Any) -> bool:
    """Whether something that `child` found is a group."""
    import h5py

    return isinstance(found, h5py.Group)


def children(group: Any) -> Iterator[tuple[str, Any]]:
    """Name and content of all that is in a group, which may be None, by the numbers in their names."""
    if not is_group(group):
        return
    names = []
    for name in group:
        names.append(str(name))
        if len(names) > MAX_CHILDREN:
            raise FileContentError(f"one of its groups has more than {MAX_CHILDREN} entries")
    for name in sorted(names, key=lambda name: (number_in(name), name)):
        found = child(group, name)
        if found is not None:
            yield name, found


def number_in(name: str) -> int:
    """The number at the end of a name such as ``lane0002``; -1 if there is none."""
    digits = name[len(name.rstrip("0123456789")) :]
    return int(digits[-18:]) if digits.isascii() and digits else -1


def dataset(group: Any, path: str) -> Any:
    """The dataset at this path, None if there is none; its numbers lie in the file, and can be as many as it says."""
    import h5py

    found = child(group, path)
    if not isinstance(found, h5py.Dataset):
        return None
    if found.shape is None or found.external or found.is_virtual:
        raise FileContentError(f"its part {path!r} holds nothing, or keeps it in other files")
    n_bytes = math.prod(found.shape) * found.dtype.itemsize
    if n_bytes > max(SMALL_BYTES, MAX_EXPANSION * found.id.get_storage_size()):
        raise FileContentError(
            f"its part {path!r} claims to hold {n_bytes} bytes, which it does not"
        )
    return found


def text(group: Any, path: str) -> str | None:
    """A text, None if there is none."""
    found = dataset(group, path)
    if found is None or found.shape not in ((), (1,)):
        return None
    values = texts(found)
    return values[0] if values else None


def texts(found: Any) -> list[str]:
    """Texts of a dataset; empty if it holds something else."""
    if found.dtype.kind not in "SO" or math.prod(found.shape) > MAX_CHILDREN:
        return []
    if math.prod(found.shape) * found.dtype.itemsize > MAX_TEXT_BYTES * 16:
        raise FileContentError("one of its texts is too long")
    return [as_text(value) for value in np.asarray(found[()]).reshape(-1)]


def as_text(value: Any) -> str:
    """Bytes or text of a file as text."""
    raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
    if len(raw) > MAX_TEXT_BYTES:
        raise FileContentError(f"one of its texts has more than {MAX_TEXT_BYTES} bytes")
    return raw.rstrip(b"\0").decode("utf-8", "replace")


def numbers(group: Any, path: str, kinds: str = "buif") -> npt.NDArray[Any] | None:
    """Numbers of a dataset, None if there is none, or if it holds something else."""
    found = dataset(group, path)
    if found is None or found.dtype.kind not in kinds:
        return None
    if math.prod(found.shape) > MAX_NUMBERS:
        raise FileContentError(f"its part {path!r} holds more than {MAX_NUMBERS} numbers")
    return np.asarray(found[()])


def axes_of_tags(tags: str | None) -> str:
    """Letters of the axes in the JSON text that ilastik describes them with; empty if it is none."""
    try:
        keys = [str(tag["key"]) for tag in json.loads(tags or "")["axes"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return checked_axes("".join(keys))


def checked_axes(axes: str) -> str:
    """The letters in capitals; empty if they are not different ones that are known."""
    letters = axes.upper()
    known = set(letters) <= AXIS_LETTERS and len(set(letters)) == len(letters)
    return letters if known and {"Y", "X"} <= set(letters) else ""


def attribute(found: Any, name: str) -> Any:
    """An attribute of a group or dataset, None if there is none; not more than a text or a few numbers."""
    if name not in found.attrs:
        return None
    about = found.attrs.get_id(name)
    if math.prod(about.shape) * about.dtype.itemsize > MAX_TEXT_BYTES:
        raise FileContentError(f"its attribute {name!r} is too long")
    return found.attrs[name]
