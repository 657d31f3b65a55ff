"""Every real ilastik project at hand: labels, classes and features exactly as their descriptions say."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_pixclass.io import IlastikLane, read_ilastik

Positions = set[tuple[int, int, int]]
"""Z, X, Y: the order of the readme."""

VARIANTS = (
    "x15_y10_z1_c1_classes2",
    "x15_y10_z1_c1_classes2_ilastik1.3.3",
    "x15_y10_z1_c2_classes2",
    "x15_y10_z1_c2_classes2_ilastik1.3.3",
    "x15_y10_z1_rgb_classes2",
    "x15_y10_z2_c1_classes2",
    "x15_y10_z2_c1_classes2_ilastik1.3.3",
    "x15_y10_z2_c4_classes2",
    "x15_y10_z2_c4_classes2_ilastik1.3.3",
    "x15_y10_z2_rgb_classes2",
    "x502_y251_z5_c1_classes2",
    "x502_y251_z5_c1_classes2_ilastik1.3.3",
)

# The file holds the two classes the other way round than the readme says; its authors' own tests know that.
SWAPPED = {"x15_y10_z1_rgb_classes2"}


def described(readme: str, project: str) -> dict[str, Positions]:
    """Labels of each class as the readme lists them: points, rectangles, and plus signs in a rectangle."""
    section = readme.split(f"{project}.ilp")[1].split("image:")[1].split(".ilp")[0]
    found: dict[str, Positions] = {}
    for name, text in re.findall(r"'(Label \d)':(.*?)(?='Label|\Z)", section, re.DOTALL):
        found[name] = set()
        for shape, low, high in re.findall(
            r"(Rectang\w*|Plus sign) from (\(.*?\)) to (\(.*?\))", text
        ):
            first, last = eval(low), eval(high)  # numbers of a file beside this test
            box = set(product(*(range(a, b + 1) for a, b in zip(first, last, strict=True))))
            if shape == "Plus sign":
                middle = [(a + b) // 2 for a, b in zip(first, last, strict=True)]
                box = {p for p in box if p[1] == middle[1] or p[2] == middle[2]}
            found[name] |= box
        if "from" not in text:
            found[name] |= {
                (int(z), int(x), int(y)) for z, x, y in re.findall(r"\((\d+), (\d+), (\d+)\)", text)
            }
    return found


def positions(lane: IlastikLane, value: int) -> Positions:
    labels = lane.labels_on(lane.open())
    where = dict(zip(lane.open().axes_without_channels, labels.coordinates(), strict=True))
    chosen = labels.values == value
    z = where.get("Z", np.zeros(len(labels), dtype=int))
    return set(
        zip(
            z[chosen].tolist(),
            where["X"][chosen].tolist(),
            where["Y"][chosen].tolist(),
            strict=True,
        )
    )


@pytest.mark.parametrize("name", VARIANTS)
def test_labels_are_those_of_the_readme(name: str, shared_data: Path) -> None:
    folder = shared_data / "ilp_variants/dimensionstest"
    expected = described((folder / "readme.txt").read_text(), name.removesuffix("_ilastik1.3.3"))
    project = read_ilastik(folder / f"{name}.ilp")
    (lane,) = project.lanes
    assert [info.name for info in project.classes] == ["Label 1", "Label 2"] == sorted(expected)
    for info in project.classes:
        value = 3 - info.value if name in SWAPPED else info.value
        assert positions(lane, value) == expected[info.name]
    image = lane.open()
    size = {"z": 1, "c": 1} | {a: int(n) for a, n in re.findall(r"([xyzc])(\d+)", name)}
    found = dict(zip(image.axes, image.data.shape, strict=True))
    assert (found.get("Z", 1), found["Y"], found["X"]) == (size["z"], size["y"], size["x"])
    assert found.get("C", 1) == (3 if "rgb" in name else size["c"])


# Version, chosen cells, scales in the plane, trees, features of the forest, images, labelled pixels of each class.
ALL = (0.3, 0.7, 1.0, 1.6, 3.5, 5.0, 10.0)
FACTS = {
    "ilastik_reference/api/2464_PixelClassification_xy_input.ilp": (
        "1.4.0b17", 37, ALL, 100, 49, 1, {1: 63, 2: 68},
    ),
    "ilastik_reference/api/PixelClass.ilp": (
        "1.4.1b15", 19, ALL, 100, 25, 1, {1: 79, 2: 78},
    ),
    "ilastik_reference/api/PixelClassNoClassifier.ilp": ("1.4.1b15", 19, ALL, 0, 0, 1, {}),
    "ilastik_reference/api/PixelClassNoData.ilp": ("1.3.3post3", 0, None, 0, 0, 0, {}),
    "ilastik_reference/projects/PixelClassification2d3c.ilp": (
        "1.2.2rc4", 22, None, 100, 84, 1, {1: 21, 2: 391},
    ),
    "ilastik_reference/projects/PixelClassification3d1c.ilp": (
        "1.2.2rc4", 22, None, 100, 34, 1, {1: 8, 2: 8},
    ),
    "ilastik_reference/projects/PixelClassification5t2d1c.ilp": (
        "1.2.2rc4", 19, None, 100, 23, 1, {1: 81, 2: 73},
    ),
    "ilp_variants/1channel_1z_2classes/ilastik_1.2.2post1_mac.ilp": (
        "1.2.2post1", 0, None, 0, 0, 1, {1: 756, 2: 1026},
    ),
    "ilp_variants/dimensionstest/x15_y10_z1_rgb.ilp": ("1.2.2post1", 0, None, 0, 0, 0, {}),
    "ilp_variants/ilastik-0.5.ilp": ("0.5", 0, None, 0, 0, 1, {}),
    "ilp_variants/ilastik-1.2.ilp": ("1.2.0", 0, None, 0, 0, 1, {1: 1, 2: 1, 3: 1}),
    "ilp_variants/ilastik-1.3.ilp": ("1.3.0", 0, None, 0, 0, 1, {1: 8, 2: 32}),
    "ilp_variants/steinbock__pixel_classifier.ilp": ("1.3.3post3", 0, None, 0, 0, 0, {}),
    "imc_bodenmiller_ilastik/TestData.ilp": (
        "1.4.0", 30, ALL, 100, 160, 15, {1: 417, 2: 932, 3: 929},
    ),
    "imc_bodenmiller_ilastik/steinbock_pixel_classifier.ilp": (
        "1.3.3post3", 30, ALL, 100, 160, 15, {1: 280, 2: 385, 3: 439},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FACTS)
def test_what_each_project_holds(name: str, shared_data: Path) -> None:
    version, n_cells, in_2d, n_trees, n_features, n_lanes, counts = FACTS[name]
    project = read_ilastik(shared_data / name)
    assert project.version == version
    assert (0 if project.features is None else len(project.features.cells)) == n_cells
    assert (None if project.features is None else project.features.sigmas_2d) == in_2d
    assert (0 if project.forest is None else project.forest.n_trees) == n_trees
    assert (0 if project.forest is None else project.forest.n_features) == n_features
    assert len(project.lanes) == n_lanes
    total: dict[int, int] = {}
    for lane in project.lanes:
        for value, count in lane.labels.counts.items():
            total[value] = total.get(value, 0) + count
        if lane.source.is_found:
            image = lane.open()
            assert len(lane.labels_on(image)) == len(lane.labels)
    assert total == counts


def test_every_project_has_been_looked_at(shared_data: Path) -> None:
    known = {*FACTS, *(f"ilp_variants/dimensionstest/{name}.ilp" for name in VARIANTS)}
    assert {
        path.relative_to(shared_data).as_posix() for path in shared_data.rglob("*.ilp")
    } <= known


def test_names_and_colours(shared_data: Path) -> None:
    project = read_ilastik(shared_data / "imc_bodenmiller_ilastik/TestData.ilp")
    assert [(info.value, info.name, info.color) for info in project.classes] == [
        (1, "nucleus", "#ffe119"),
        (2, "cytoplasm", "#0082c8"),
        (3, "background", "#e6194b"),
    ]
    assert project.notes == ()


def test_features_are_those_of_the_table(shared_data: Path) -> None:
    path = shared_data / "imc_bodenmiller_ilastik/TestData.ilp"
    features = read_ilastik(path).features
    assert features is not None
    with h5py.File(path) as file:
        assert not file["FeatureSelections/SelectionMatrix"][:, :2].any()
        assert file["FeatureSelections/SelectionMatrix"][:, 2:].all()
    assert features.selection == {
        family: [1.0, 1.6, 3.5, 5.0, 10.0] for family in dict(features.cells)
    }
    assert [family for family, _ in features.cells[::5]] == [
        "gaussian_smoothing",
        "laplacian_of_gaussian",
        "gaussian_gradient_magnitude",
        "difference_of_gaussians",
        "structure_tensor_eigenvalues",
        "hessian_of_gaussian_eigenvalues",
    ]


def test_three_labels_of_version_1_2(shared_data: Path) -> None:
    project = read_ilastik(shared_data / "ilp_variants/ilastik-1.2.ilp")
    (lane,) = project.lanes
    labels = lane.labels_on(lane.open())
    assert labels.shape == (8, 4, 2)
    found = zip(np.stack(labels.coordinates()).T.tolist(), labels.values.tolist(), strict=True)
    assert {tuple(where): value for where, value in found} == {
        (1, 1, 1): 2,
        (4, 3, 1): 1,
        (7, 1, 1): 3,
    }


def test_images_elsewhere_are_found_by_as_much_of_their_path_as_fits(shared_data: Path) -> None:
    # Absolute paths of another computer: '/Users/.../analysis/crops/NAME.h5'.
    folder = shared_data / "imc_bodenmiller_ilastik"
    project = read_ilastik(folder / "steinbock_pixel_classifier.ilp")
    assert all(lane.source.is_found for lane in project.lanes)
    assert project.lanes[1].source.files[0].parent == folder / "analysis/crops"
    missing = read_ilastik(shared_data / "ilp_variants/ilastik-1.2.ilp", [folder])
    assert missing.lanes[0].source.is_found


REFERENCES = {
    "api/PixelClass.ilp": "api/res-Data_1channel_pc1xyc.npy",
    "projects/PixelClassification2d3c.ilp": "projects/inputdata/2d3c_Probabilities.h5",
    "projects/PixelClassification3d1c.ilp": "projects/inputdata/3d1c_Probabilities.h5",
    "projects/PixelClassification5t2d1c.ilp": "projects/inputdata/5t2d1c_Probabilities.h5",
}


@pytest.mark.parametrize("name", REFERENCES)
def test_labels_lie_where_ilastik_predicts_their_class(name: str, shared_data: Path) -> None:
    folder = shared_data / "ilastik_reference"
    (lane,) = read_ilastik(folder / name).lanes
    labels = lane.labels_on(lane.open())
    path = folder / REFERENCES[name]
    if path.suffix == ".npy":
        reference = np.load(path)
    else:
        with h5py.File(path) as file:
            (data,) = file.values()
            reference = data[()]
    best = reference.argmax(axis=-1).reshape(-1)[labels.positions] + 1
    np.testing.assert_array_equal(best, labels.values)
