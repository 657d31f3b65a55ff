"""The trained classifier of an ilastik project: plain arrays of vigra's trees. What is pickled beside them is text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from napari_pixclass.core import VigraForest

from ._archive import FileContentError
from ._ilastik_hdf5 import as_text, children, dataset, numbers, texts

MAX_TREES = 100_000
"""Most trees of a project; ilastik grows 100."""

MAX_VALUES = 2**28
"""Most numbers of all trees together: 2 GB."""

KNOWN_TYPE = "ParallelVigraRfLazyflowClassifier"
"""The only kind of classifier that ilastik's pixel classification trains, unless told otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class IlastikForest:
    """A trained classifier as ilastik keeps it: one forest for each of the threads that trained it.

    Attributes
    ----------
    forests
        The forests; see `core.forest_from_vigra`.
    classes
        Class values that they know, ascending.
    n_features
        Number of features that they look at.
    feature_names
        What ilastik calls these, in its order; may be empty.
    """

    forests: tuple[VigraForest, ...]
    classes: tuple[int, ...]
    n_features: int
    feature_names: tuple[str, ...]

    @property
    def n_trees(self) -> int:
        """Number of trees of all forests."""
        return sum(len(forest.trees) for forest in self.forests)


def read_forest(group: Any) -> IlastikForest | None:
    """Read the group of the trained classifier; None where there is none.

    Raises
    ------
    FileContentError
        If it is damaged.
    ValueError
        If it is of another kind than those that can be taken over.
    """
    if group is None:
        return None
    found = dataset(group, "pickled_type")
    kinds = [] if found is None else texts(found)  # compared as text: nothing is unpickled
    if kinds and KNOWN_TYPE not in kinds[0]:
        raise ValueError(f"it is of the kind {_last_word(kinds[0])}, only {KNOWN_TYPE} is known")
    forests = []
    features = set()
    n_trees = n_values = 0
    for name, one in children(group):
        if not re.fullmatch(r"Forest\d+", name):
            continue
        forest, n_features = _read_one(one, name)
        features.add(n_features)
        n_trees += len(forest.trees)
        n_values += sum(len(cells) + len(values) for cells, values in forest.trees)
        if n_trees > MAX_TREES or n_values > MAX_VALUES:
            raise FileContentError("its classifier is larger than any that was ever trained")
        if forest.trees:
            forests.append(forest)
    if not forests:
        return None
    if len(features) > 1:
        raise FileContentError(
            "the forests of its classifier look at different numbers of features"
        )
    names = dataset(group, "feature_names")
    classes = {int(label) for forest in forests for label in forest.labels}
    known = numbers(group, "known_labels", "ui")
    if known is not None:
        classes |= {int(label) for label in known.reshape(-1)[:MAX_TREES]}
    if not 1 <= min(classes) <= max(classes) <= 65535:
        raise FileContentError("its classifier has classes outside 1 to 65535")
    return IlastikForest(
        tuple(forests),
        tuple(sorted(classes)),
        features.pop(),
        () if names is None else tuple(texts(names)),
    )


def _read_one(group: Any, name: str) -> tuple[VigraForest, int]:
    labels = numbers(group, "_ext_param/labels", "uif")
    columns = numbers(group, "_ext_param/column_count_", "uif")
    if labels is None or columns is None or columns.size != 1 or not 1 <= labels.size <= 65535:
        raise FileContentError(f"its {name} does not say which features and classes it has")
    n_features = float(columns.reshape(-1)[0])
    whole = [float(label) for label in labels.reshape(-1)]
    if not all(value.is_integer() and 0 <= value < 2**31 for value in (n_features, *whole)):
        raise FileContentError(f"its {name} does not have whole numbers of features and classes")
    trees = []
    for tree, content in children(group):
        if not re.fullmatch(r"Tree_\d+", tree):
            continue
        cells, values = numbers(content, "topology", "iu"), numbers(content, "parameters", "f")
        if cells is None or values is None or cells.ndim != 1 or values.ndim != 1:
            raise FileContentError(f"{tree} of its {name} is incomplete")
        trees.append((cells, values))
    return VigraForest(trees, [int(label) for label in whole]), int(n_features)


def _last_word(pickled: str) -> str:
    """The name of a class in pickled text, for people."""
    words = re.findall(r"[A-Za-z_]\w{3,80}", as_text(pickled))
    return words[-1] if words else "unknown"
