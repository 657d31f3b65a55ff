"""Forests that ilastik trained: the same probabilities here as there, and no harm from damaged ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.ilastik_projects import classifier_of, dataset, labels_of, read_project
from tests.core.test_compute import texture

from napari_pixclass.classifier import PixelClassifier, load
from napari_pixclass.core import (
    ClassInfo,
    CompiledForest,
    FeatureSet,
    VigraForest,
    default_class,
    fitting_dialect,
    forest_from_vigra,
)

LEAF = 0x40000000

Tree = tuple[np.ndarray, np.ndarray]
Node = tuple[Any, ...]
"""(fractions of classes, weight), or (column, threshold, left, right)."""


def encode(root: Node, n_features: int, n_classes: int, padding: int = 0) -> Tree:
    """A tree as vigra writes it: parents before their children, the left subtree first."""
    cells: list[int] = [n_features, n_classes]
    numbers: list[float] = []

    def write(node: Node) -> int:
        at = len(cells)
        if len(node) == 2:
            fractions, weight = node
            cells.extend([LEAF, len(numbers)])
            numbers.extend([weight, *fractions])
            return at
        column, threshold, left, right = node
        cells.extend([0, len(numbers), 0, 0, column])
        numbers.extend([1.0, threshold])
        cells[at + 2] = write(left)
        cells[at + 3] = write(right)
        return at

    write(root)
    zeros = [0] * padding
    return np.array(cells + zeros, np.int32), np.array(numbers + [0.0] * padding)


def walk(tree: Tree, x: np.ndarray, n_classes: int) -> np.ndarray:
    """What vigra does with one sample."""
    cells, numbers = tree
    at = 2
    while cells[at] != LEAF:
        below = float(x[cells[at + 4]]) < numbers[cells[at + 1] + 1]
        at = cells[at + 2] if below else cells[at + 3]
    p = cells[at + 1]
    return numbers[p + 1 : p + 1 + n_classes]


VALUES = [-1.5, -1.0, -0.1, 0.0, 1e-45, 0.1, 0.5, 1.0, 3.0]
"""Features and thresholds: some are equal, some are not float32."""


@st.composite
def nodes(draw: st.DrawFn, n_features: int, n_classes: int, depth: int = 0) -> Node:
    if depth == 4 or (depth > 0 and draw(st.booleans())):
        votes = draw(st.lists(st.integers(0, 9), min_size=n_classes, max_size=n_classes))
        votes[draw(st.integers(0, n_classes - 1))] += 1
        return [vote / sum(votes) for vote in votes], float(sum(votes))
    children = [draw(nodes(n_features, n_classes, depth + 1)) for _ in range(2)]
    threshold = draw(st.sampled_from([*VALUES, float(np.float32(0.1)), math.pi, 1e300, -1e300]))
    return draw(st.integers(0, n_features - 1)), threshold, *children


@settings(max_examples=30)
@given(data=st.data(), n_features=st.integers(1, 4), n_classes=st.integers(1, 4))
def test_it_predicts_what_vigra_predicts(
    data: st.DataObject, n_features: int, n_classes: int
) -> None:
    """Also at equality, where vigra goes right and scikit-learn would go left."""
    sizes = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    forests = []
    for size in sizes:
        trees = [data.draw(nodes(n_features, n_classes)) for _ in range(size)]
        encoded = [encode(root, n_features, n_classes, padding=i) for i, root in enumerate(trees)]
        forests.append(VigraForest(encoded, list(range(1, n_classes + 1))))
    X = np.random.default_rng(0).choice(VALUES, (40, n_features)).astype(np.float32)
    all_trees = [tree for forest in forests for tree in forest.trees]
    expected = np.mean([[walk(t, x, n_classes) for x in X] for t in all_trees], axis=0)
    arrays = forest_from_vigra(forests, n_features=n_features, classes=range(1, n_classes + 1))
    assert arrays.n_trees == sum(sizes)
    np.testing.assert_allclose(CompiledForest(arrays).predict_rows(X), expected, atol=1e-6)
    estimator = arrays.to_estimator(np.arange(1, n_classes + 1))
    np.testing.assert_allclose(estimator.predict_proba(X), expected, atol=1e-6)


@pytest.mark.parametrize("threshold", [0.0, 0.1, float(np.float32(0.1)), 1.0, -2.5, 1e-46, 3e38])
def test_equal_values_go_right(threshold: float) -> None:
    """A float32 feature against a float64 threshold: the neighbours of the threshold tell them apart."""
    near = np.float32(threshold)
    X = np.array(
        [near, np.nextafter(near, np.float32(-np.inf)), np.nextafter(near, np.float32(np.inf))]
    )[:, None]
    tree = encode((0, threshold, ([1.0, 0.0], 3.0), ([0.0, 1.0], 5.0)), 1, 2)
    arrays = forest_from_vigra([VigraForest([tree], [1, 2])], n_features=1, classes=[1, 2])
    goes_left = CompiledForest(arrays).predict_rows(X)[:, 0] == 1
    np.testing.assert_array_equal(goes_left, X[:, 0].astype(np.float64) < threshold)


@pytest.mark.parametrize("threshold", [math.inf, -math.inf, 1e39, -1e39])
def test_thresholds_beyond_all_values(threshold: float) -> None:
    tree = encode((0, threshold, ([1.0, 0.0], 3.0), ([0.0, 1.0], 5.0)), 1, 2)
    arrays = forest_from_vigra([VigraForest([tree], [1, 2])], n_features=1, classes=[1, 2])
    X = np.array([[-3e38], [0.0], [3e38]], np.float32)
    np.testing.assert_array_equal(
        CompiledForest(arrays).predict_rows(X)[:, 0], float(threshold > 0)
    )


STUMP: Node = (1, 0.5, ([1.0, 0.0], 30.0), ([0.25, 0.75], 10.0))


def test_inner_nodes_get_the_samples_of_their_leaves() -> None:
    arrays = one_tree(encode(STUMP, 2, 2))
    assert arrays.n_node_samples.tolist() == [40, 30, 10]
    np.testing.assert_allclose(arrays.value[0], [32.5 / 40, 7.5 / 40])
    np.testing.assert_allclose(arrays.impurity, 1 - (arrays.value**2).sum(axis=1))
    assert arrays.to_estimator([1, 2]).feature_importances_.tolist() == [0, 1]


def one_tree(tree: Tree, **options: Any) -> Any:
    return forest_from_vigra(
        [VigraForest([tree], [1, 2])], **{"n_features": 2, "classes": [1, 2], **options}
    )


def test_classes_without_labels_have_no_probability() -> None:
    forest = VigraForest([encode(STUMP, 2, 2)], [4, 1])
    arrays = forest_from_vigra([forest], n_features=2, classes=[1, 2, 4, 9])
    X = np.array([[0, 0], [0, 1]], np.float32)
    np.testing.assert_allclose(
        CompiledForest(arrays).predict_rows(X), [[0, 0, 1, 0], [0.75, 0, 0.25, 0]], atol=1e-6
    )


def test_columns_are_put_in_order() -> None:
    X = np.array([[1, 0, 0]], np.float32)
    tree = encode((2, 0.5, ([1.0, 0.0], 1.0), ([0.0, 1.0], 1.0)), 3, 2)
    arrays = one_tree(tree, n_features=3, columns=[1, 2, 0])
    assert CompiledForest(arrays).predict_rows(X).tolist() == [[0, 1]]


def damaged(change: Callable[[np.ndarray, np.ndarray], Any]) -> Tree:
    """The root at 2 with its children at 7 and 9; numbers: 2 of the root, then 3 of each leaf."""
    cells, numbers = encode(STUMP, 2, 2)
    found = change(cells, numbers)
    return found if isinstance(found, tuple) else (cells, numbers)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c, n: c.__setitem__(4, 2), "one parent"),  # a cycle
        (lambda c, n: c.__setitem__(5, 7), "one parent"),  # two parents
        (lambda c, n: c.__setitem__(4, -1), "children within it"),
        (lambda c, n: c.__setitem__(4, 0), "children within it"),
        (lambda c, n: c.__setitem__(5, 2**31 - 1), "children within it"),
        (lambda c, n: c.__setitem__(5, 10), "children within it"),
        (lambda c, n: c.__setitem__(4, 8), "threshold nodes and leaves"),  # in the middle of a node
        (lambda c, n: c.__setitem__(2, 1), "got a node of type 1"),
        (lambda c, n: c.__setitem__(2, LEAF | 1), "got a node of type"),
        (lambda c, n: c.__setitem__(6, 2), "features from 0 to 1"),
        (lambda c, n: c.__setitem__(6, -1), "features from 0 to 1"),
        (lambda c, n: c.__setitem__(3, -1), "parameters for every node"),
        (lambda c, n: c.__setitem__(10, 6), "parameters for every node"),
        (lambda c, n: c.__setitem__(3, 2**31 - 1), "parameters for every node"),
        (lambda c, n: c.__setitem__(9, 0), "ends within one"),
        (lambda c, n: c.__setitem__(0, 3), "features must be those"),
        (lambda c, n: c.__setitem__(1, 3), "must have 2 classes"),
        (lambda c, n: n.__setitem__(1, np.nan), "numbers for thresholds"),
        (lambda c, n: n.__setitem__(3, np.nan), "fractions of classes"),
        (lambda c, n: n.__setitem__(3, -1), "fractions of classes"),
        (lambda c, n: n.__setitem__(3, 7), "fractions of classes"),
        (lambda c, n: n.__setitem__(slice(3, 5), 0), "fractions of classes"),
        (lambda c, n: (c[:3], n), "list of whole numbers"),
        (lambda c, n: (c.astype(float), n), "list of whole numbers"),
        (lambda c, n: (c[None], n), "list of whole numbers"),
        (lambda c, n: (c[:8], n), "children within it"),
        (lambda c, n: (c, n[:4]), "parameters for every node"),
        (lambda c, n: (c, n.astype(int)), "list of numbers"),
        (lambda c, n: (c, n[None]), "list of numbers"),
    ],
)
def test_damaged_trees_are_refused(change: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        one_tree(damaged(change))


@settings(max_examples=100)
@given(
    cells=st.lists(st.sampled_from([0, 1, 2, 3, 7, 9, LEAF, -1, 2**31 - 1]), max_size=60),
    numbers=st.lists(st.sampled_from([0.0, 0.5, 1.0, math.nan, -1.0]), max_size=30),
)
def test_rubbish_is_refused_or_a_forest(cells: list[int], numbers: list[float]) -> None:
    try:
        arrays = one_tree((np.array([2, 2, *cells], np.int32), np.array(numbers, np.float64)))
    except ValueError:
        return
    arrays.validate()


def test_a_chain_of_nodes_ends_somewhere() -> None:
    n = 12_000
    at = 2 + 7 * np.arange(n)
    cells = np.zeros(2 + 7 * n, np.int32)
    cells[:2] = 2
    cells[at + 2], cells[at + 3] = at + 5, at + 7
    cells[at + 5], cells[at + 6] = LEAF, 2
    cells[at[-1] + 3] = at[-1] + 5
    with pytest.raises(ValueError, match="at most 10000 levels"):
        one_tree((cells, np.array([1.0, 0.5, 1.0, 1.0, 0.0])))


def test_memory_is_bounded() -> None:
    """Leaves may share their parameters: a small file could ask for any number of fractions."""
    depth, n_classes = 12, 60_000
    n_inner = 2**depth - 1
    cells = np.zeros(2 + 5 * n_inner + 2 * (n_inner + 1), np.int32)
    cells[:2] = 1, n_classes
    address = np.concatenate(
        [2 + 5 * np.arange(n_inner), 2 + 5 * n_inner + 2 * np.arange(n_inner + 1)]
    )
    inner, leaves = address[:n_inner], address[n_inner:]
    cells[inner + 2], cells[inner + 3] = address[1::2], address[2::2]
    cells[leaves], cells[leaves + 1] = LEAF, 2
    numbers = np.zeros(3 + n_classes)
    numbers[:4] = 1
    forest = VigraForest([(cells, numbers)], range(1, n_classes + 1))
    with pytest.raises(ValueError, match="at most"):
        forest_from_vigra([forest], n_features=1, classes=range(1, n_classes + 1))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"classes": [1]}, "classes must be all"),
        ({"classes": [2, 1]}, "ascending"),
        ({"classes": []}, "1 to 65536"),
        ({"classes": [1.0, 2.0]}, "whole numbers"),
        ({"columns": [0]}, "columns must hold"),
        ({"columns": [0, 0]}, "columns must hold"),
        ({"columns": [1, 2]}, "columns must hold"),
        ({"n_features": 0}, "n_features"),
        ({"n_features": 3}, "trained on, 2; got 3"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        one_tree(encode(STUMP, 2, 2), **options)


def test_no_trees_and_unclear_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one tree"):
        forest_from_vigra([VigraForest([], [1, 2])], n_features=2, classes=[1, 2])
    for labels in ([1, 1], []):
        with pytest.raises(ValueError, match="each of their classes once"):
            forest_from_vigra(
                [VigraForest([encode(STUMP, 2, 2)], labels)], n_features=2, classes=[1, 2]
            )


def foreign_classifier() -> PixelClassifier:
    """Bright, dark, and a class that nobody has labelled; from two channels, of which one is looked at."""
    features = FeatureSet.from_selection({"gaussian_smoothing": [0.3, 1.0]}, dialect="ilastik")
    tree = encode((2, 100.0, ([0.9, 0.1], 10.0), ([0.0, 1.0], 30.0)), 4, 2)
    arrays = forest_from_vigra([VigraForest([tree] * 3, [1, 3])], n_features=4, classes=[1, 2, 3])
    classes = [
        ClassInfo(1, "dark", "#101010"),
        default_class(2),
        ClassInfo(3, "bright", "#f0f0f0"),
    ]
    return PixelClassifier.from_forest(arrays, features, classes, n_channels=2, channel_axis=0)


def test_a_foreign_forest_is_a_classifier(tmp_path) -> None:
    import dask.array as da

    classifier = foreign_classifier()
    assert classifier.classes_.tolist() == [1, 2, 3]
    assert classifier.n_samples_ == (0, 0, 0)
    assert [info.name for info in classifier.class_table_] == ["dark", "Class 2", "bright"]
    image = texture(2, 40, 50)
    probabilities = classifier.predict_proba(image)
    assert probabilities.shape == (40, 50, 3)
    assert (probabilities[..., 1] == 0).all()
    assert set(np.unique(classifier.predict(image))) == {1, 3}
    np.testing.assert_allclose(
        classifier.uncertainty(image), np.where(classifier.predict(image) == 1, 0.2, 0), atol=1e-6
    )
    lazy = da.from_array(image, chunks=(2, 16, 16))
    np.testing.assert_array_equal(classifier.predict_proba(lazy).compute(), probabilities)
    classifier.save(tmp_path / "foreign.pixclass")
    loaded = load(tmp_path / "foreign.pixclass")
    np.testing.assert_array_equal(loaded.predict_proba(image), probabilities)
    assert loaded.class_table_ == classifier.class_table_
    assert loaded.n_samples_ == (0, 0, 0)
    X = np.random.default_rng(0).uniform(0, 200, (50, 4)).astype(np.float32)
    np.testing.assert_allclose(
        classifier.estimator_.predict_proba(X),
        CompiledForest(classifier.state.forest).predict_rows(X),
        atol=1e-6,
    )
    assert classifier.estimator_.classes_.tolist() == [1, 2, 3]
    labels = np.zeros((40, 50), np.uint8)
    labels[:5], labels[10:15] = 1, 2
    again = loaded.fit(image, labels, channel_axis=0)
    assert again.features_.dialect == "ilastik"
    assert again.classes_.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"classes": [default_class(1)]}, "classes must be the forest's 2"),
        ({"classes": [default_class(2), default_class(1)]}, "ascending"),
        ({"n_channels": 3}, "features must be the forest's 2; got 3"),
        ({"n_samples": [1]}, "n_samples must be"),
        ({"n_samples": [1, -1]}, "n_samples must be"),
    ],
)
def test_a_forest_that_does_not_fit_is_refused(options: dict[str, Any], reason: str) -> None:
    arrays = one_tree(encode(STUMP, 2, 2))
    arguments = {
        "features": FeatureSet.from_selection({"gaussian_smoothing": [1.0]}),
        "classes": [default_class(1), default_class(2)],
        "n_channels": 2,
        **options,
    }
    with pytest.raises(ValueError, match=reason):
        PixelClassifier.from_forest(arrays, **arguments)


@pytest.mark.parametrize("dialect", ["ilastik", "ilastik-vigra"])
def test_labels_tell_which_structure_tensor_a_forest_knows(dialect: Any) -> None:
    image, labels = texture(2, 60, 60), np.zeros((60, 60), np.uint8)
    labels[5:20, 5:20], labels[30:44, 30:50] = 1, 3
    features = FeatureSet.from_selection(
        {"structure_tensor_eigenvalues": [0.7, 1.6], "gaussian_smoothing": [1.0]}, dialect=dialect
    )
    trained = PixelClassifier(features, n_estimators=30).fit(image, labels, channel_axis=0)
    forest = trained.state.forest
    assert forest is not None
    for known in ("ilastik", "ilastik-vigra"):
        found = fitting_dialect(
            forest,
            FeatureSet(features.selection, 2, dialect=known),
            [1, 3],
            [image],
            [labels],
            channel_axis=0,
        )
        assert found == dialect


def test_without_a_structure_tensor_there_is_nothing_to_tell() -> None:
    classifier = foreign_classifier()
    labels = np.ones((9, 9), np.uint8)
    arguments = classifier.state.forest, classifier.features_, [1, 2, 3], texture(2, 9, 9), labels
    assert fitting_dialect(*arguments, channel_axis=0) is None
    with pytest.raises(ValueError, match="features must be the forest's 4; got 2"):
        fitting_dialect(*arguments[:3], texture(9, 9), labels)


# Real projects: the image, and what ilastik made of it.


def assert_agrees(probabilities: np.ndarray, expected: np.ndarray) -> None:
    same = probabilities.argmax(axis=-1) == expected.argmax(axis=-1)
    close = np.abs(probabilities - expected).max(axis=-1) <= 0.0201
    assert same.mean() >= 0.9999, f"{same.mean():.4%} of the pixels have the same class"
    assert close.mean() >= 0.999, f"{close.mean():.4%} of the probabilities are close"


@pytest.mark.parametrize(
    ("name", "ndim", "channel_axis"), [("2d3c", 2, -1), ("3d1c", 3, -1), ("5t2d1c", 2, -1)]
)
def test_projects_predict_what_ilastik_predicted(
    shared_data: Path, name: str, ndim: int, channel_axis: int
) -> None:
    folder = shared_data / "ilastik_reference/projects"
    path = folder / f"PixelClassification{name}.ilp"
    image = dataset(folder / f"inputdata/{name}.h5")
    expected = dataset(folder / f"inputdata/{name}_Probabilities.h5")
    forest, features, _, n_classes = read_project(path, ndim)
    labels = labels_of(path, image.shape[:-1])
    dialect = fitting_dialect(
        forest, features, range(1, n_classes + 1), image, labels, channel_axis=channel_axis
    )
    assert dialect == (None if name == "5t2d1c" else "ilastik-vigra")
    classifier = classifier_of(path, ndim, channel_axis, dialect or "ilastik")
    assert_agrees(classifier.predict_proba(image), expected)
    if name != "3d1c":  # 16 labels
        np.testing.assert_array_equal(classifier.predict(image)[labels > 0], labels[labels > 0])


@pytest.mark.parametrize(
    ("name", "output"),
    [("PixelClass", "1channel_pc1xyc"), ("2464_PixelClassification_xy_input", "1channel_pc1xy")],
)
def test_projects_of_the_api_predict_what_ilastik_predicted(
    shared_data: Path, name: str, output: str
) -> None:
    from PIL import Image

    folder = shared_data / "ilastik_reference/api"
    path = folder / f"{name}.ilp"
    image = np.asarray(Image.open(folder / "Data_1channel.png"))
    forest, features, _, _ = read_project(path, 2)
    labels = labels_of(path, image.shape)
    assert fitting_dialect(forest, features, [1, 2], image, labels) == "ilastik"
    probabilities = classifier_of(path, 2, None).predict_proba(image)
    assert_agrees(probabilities, np.load(folder / f"res-Data_{output}.npy"))


def test_imaging_mass_cytometry_predicts_what_ilastik_predicted(shared_data: Path) -> None:
    import tifffile

    folder = shared_data / "imc_bodenmiller_ilastik"
    whole = classifier_of(folder / "TestData.ilp", 2, -1)
    for path in sorted((folder / "analysis/ilastik").glob("*_s2.h5"))[::5]:
        expected = tifffile.imread(path.with_name(f"{path.stem}_Probabilities.tiff")) / 65535
        assert_agrees(whole.predict_proba(dataset(path))[0], expected)
    steinbock = classifier_of(folder / "steinbock_pixel_classifier.ilp", 2, 0)
    for path in sorted((folder / "steinbock_ilastik_img").glob("*.h5"))[::5]:
        output = folder / "steinbock_ilastik_probabilities" / f"{path.stem}.tiff"
        assert_agrees(steinbock.predict_proba(dataset(path)), tifffile.imread(output) / 65535)
