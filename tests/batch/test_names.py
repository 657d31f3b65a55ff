"""What results are called: patterns, and what they must not do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from napari_pixclass.batch import BatchOptions
from napari_pixclass.batch._names import common_folder, targets_of
from napari_pixclass.core import ClassInfo

CLASSES = (
    ClassInfo(1, "a", "#000000"),
    ClassInfo(2, "b: c", "#000000"),
    ClassInfo(9, "A", "#000000"),
)
BOTH: Any = ("probabilities", "segmentation")


def names(image: str, root: str = "/data", **options: Any) -> list[str]:
    chosen = BatchOptions(folder="/out", **options)
    found = targets_of(Path(image), chosen, CLASSES, Path(root))
    return [target.path.relative_to("/out").as_posix() for target in found]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["x_Probabilities.tiff"]),
        ({"format": "ome-zarr"}, ["x_Probabilities.ome.zarr"]),
        ({"name": "{stem}_P"}, ["x_P.tiff"]),
        ({"name": "{stem}_P.tif"}, ["x_P.tif"]),
        ({"name": "{stem}.OME.TIFF", "format": "ome-tiff"}, ["x.OME.TIFF"]),
        ({"name": "{stem}.hdf5", "format": "hdf5"}, ["x.hdf5"]),
        ({"name": "{parent}_{stem}"}, ["2_x.tiff"]),
        ({"name": "{folder}/{stem}"}, ["1/2/x.tiff"]),
        (
            {"name": "{output}/{stem}.v2", "exports": BOTH},
            [f"{o}/x.v2.tiff" for o in ("Probabilities", "Segmentation")],
        ),
        ({"per_class": True}, [f"x_Probabilities_{name}.tiff" for name in ("a_1", "b_ c", "A_9")]),
        ({"per_class": True, "name": "{value}-{stem}"}, ["1-x.tiff", "2-x.tiff", "9-x.tiff"]),
        (
            {
                "format": "png",
                "name": "{stem}-{output}-{class}",
                "exports": ("probabilities", "uncertainty"),
            },
            [
                "x-Probabilities-a_1.png",
                "x-Probabilities-b_ c.png",
                "x-Probabilities-A_9.png",
                "x-Uncertainty.png",
            ],
        ),
    ],
    ids=str,
)
def test_patterns(options: dict[str, Any], expected: list[str]) -> None:
    assert names("/data/1/2/x.ome.tif", **options) == expected


def test_datasets_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "v.h5").touch()
    found = names(str(tmp_path / "v.h5" / "t0" / "raw"), name="{stem}_{dataset}")
    assert found == ["v_t0_raw.tiff"]
    assert names(str(tmp_path / "v.h5" / "raw"), str(tmp_path), name="{folder}/{stem}") == [
        "v.tiff"
    ]


def test_results_lie_beside_the_image_where_no_folder_is_given() -> None:
    (target,) = targets_of(Path("/data/1/x.tif"), BatchOptions(), CLASSES, Path("/data"))
    assert target.path == Path("/data/1/x_Probabilities.tiff")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"name": "{stem"}, "must be a pattern with {stem}, {output}"),
        ({"name": "{nickname}"}, "may hold {stem}"),
        ({"name": "{stem!r}"}, "may hold {stem}"),
        ({"name": "{stem.__class__}"}, "may hold {stem}"),
        ({"name": "{stem:>300000000}"}, "may hold {stem}"),
        ({"name": "/tmp/{stem}"}, "must lead into their folder"),
        ({"name": "../{stem}"}, "must lead into their folder"),
        ({"name": "{stem}", "exports": BOTH}, "Add {output}"),
        ({"name": "{stem}", "per_class": True}, "Add {class}"),
        ({"name": "{stem}.h5"}, "names of tiff files end in .tiff or .tif; got '{stem}.h5'. Choose the format hdf5"),
        ({"exports": ()}, "exports must be different ones of"),
        ({"exports": ("probabilities", "probabilities")}, "exports must be different ones of"),
        ({"format": "jpeg"}, "a format must be one of tiff"),
        ({"dtype": "int8"}, "a type must be one of uint8"),
        ({"format": "png", "dtype": "float32"}, "a PNG file holds uint8 or uint16"),
        ({"renormalize": True, "dtype": "float32"}, "whole range of an integer type"),
        ({"overwrite": True, "skip_existing": True}, "either replaced or kept"),
    ],
    ids=str,
)  # fmt: skip
def test_what_no_pattern_or_option_may_be(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        BatchOptions(**options)


def test_the_common_folder() -> None:
    assert common_folder([Path("/d/a/1.tif"), Path("/d/b/c/1.tif")]) == Path("/d")
    assert common_folder([Path("/d/a/1.tif")]) == Path("/d/a")


@pytest.mark.parametrize("pattern", ["{dataset}", "{stem}/", "{class}", ".", " "])
def test_names_are_more_than_an_ending(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ValueError, match="must be more than an ending"):
        targets_of(tmp_path / "a.tif", BatchOptions(name=pattern), (), tmp_path)
