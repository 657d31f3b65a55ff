"""Make a classifier of an ilastik project (.ilp), by retraining or as it is.

The project's images are looked for where it says, and in the folders that the user points to.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ._image_options import add_jobs_option, positive
from ._progress import run_with_progress
from ._train import check_model_target, seed
from ._words import byte_count, printable

if TYPE_CHECKING:
    import argparse

    from napari_pixclass.ilastik import ImportMode, OpenedImage, OpenedProject
    from napari_pixclass.io import LabelGeometry

NAME = "import-ilastik"

EPILOG = """What becomes the classifier:
  retrained  trained on the project's labels with our filters: close to ilastik's results.
             The default, where at least one image with labels is found.
  kept       the one that ilastik trained, with ilastik's filters: it predicts what it predicts there.
             With --keep-classifier, or where there are no images to train on.
Class names and colours are the project's in both cases. Projects of ilastik 0.5 to 1.4 are read; of
those with several stages (autocontext) the first one.

examples:
  napari-pixclass import-ilastik cells.ilp -o cells.pixclass
  napari-pixclass import-ilastik cells.ilp -o cells.pixclass --keep-classifier
  napari-pixclass import-ilastik cells.ilp -o cells.pixclass --images /data/moved --labels scribbles"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``import-ilastik``."""
    parser.add_argument("project", metavar="PROJECT", help="ilastik project file (.ilp)")
    parser.add_argument(
        "-o", "--output", required=True, metavar="MODEL", help="model file to write (.pixclass)"
    )
    parser.add_argument(
        "--images",
        action="append",
        default=[],
        metavar="DIR",
        help="folder in which to look for images that are not where the project says; may be repeated",
    )
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--retrain",
        action="store_true",
        help="train on the project's labels, or stop if that cannot be done",
    )
    way.add_argument(
        "--keep-classifier",
        action="store_true",
        help="take the classifier that ilastik trained as it is; needs no images",
    )
    parser.add_argument(
        "--features",
        choices=("project", "all", "default", "fast"),
        help="to retrain with: the project's choice, or a set of ours (default: project)",
    )
    parser.add_argument(
        "--trees",
        type=positive,
        metavar="N",
        help="trees, to retrain with (default: 100)",
    )
    parser.add_argument(
        "--seed", type=seed, metavar="N", help="random seed, to retrain with (default: 0)"
    )
    parser.add_argument(
        "--labels", metavar="DIR", help="also write the labels to this folder, as NAME_labels.tif"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace label files that exist (default: stop)"
    )
    add_jobs_option(parser)


def run(args: argparse.Namespace) -> int:
    """Import, and say what was taken over."""
    from napari_pixclass.ilastik import import_steps, open_project

    mode = _mode(args)
    check_model_target(args.output)
    opened = open_project(args.project, args.images, labelled_only=True)
    targets = _label_targets(args, opened)
    steps = import_steps(
        opened,
        mode=mode,
        features=args.features or "project",
        n_estimators=args.trees or 100,
        random_state=args.seed or 0,
        n_jobs=args.jobs,
    )
    classifier, report = run_with_progress(steps, "importing")
    _write_labels(opened, targets)
    classifier.save(args.output)
    for line in report.lines():
        print(printable(line))
    if targets:
        print(f"wrote labels of {len(targets)} images to {args.labels}")
    print(f"wrote {args.output} ({byte_count(Path(args.output).stat().st_size)})")
    return 0


def _mode(args: argparse.Namespace) -> ImportMode | None:
    if not args.keep_classifier:
        return "retrain" if args.retrain else None
    for option in ("features", "trees", "seed"):
        if getattr(args, option) is not None:
            raise ValueError(
                f"--{option} is for retraining; with --keep-classifier the classifier stays as it is. Leave one of "
                "them out."
            )
    return "keep"


def _label_targets(args: argparse.Namespace, opened: OpenedProject) -> dict[Path, OpenedImage]:
    """A file for the labels of each image that has any; they are checked before anything is trained."""
    from napari_pixclass.io import make_folder

    if args.labels is None:
        return {}
    folder = make_folder(args.labels)
    targets: dict[Path, OpenedImage] = {}
    for image in opened.labelled:
        if image.labels is None:
            raise ValueError(
                f"labels need the shape of their image, which the project does not say; '{image.name}' is missing: "
                f"{image.problem}. Add --images DIR with its folder, or leave out --labels."
            )
        stem = re.sub(r"[^\w.+ -]", "_", image.name).strip(". ") or "image"
        path = folder / f"{stem}_labels.tif"
        if path in targets:
            path = folder / f"{stem}_{image.lane.number + 1}_labels.tif"
        if path.exists() and not args.overwrite:
            raise FileExistsError(
                f"label files that exist are not replaced; '{path}' does. Add --overwrite, or choose another folder."
            )
        targets[path] = image
    return targets


def _write_labels(opened: OpenedProject, targets: dict[Path, OpenedImage]) -> None:
    from napari_pixclass.io import write_labels

    for path, image in targets.items():
        if image.labels is None:
            continue
        write_labels(path, image.labels, opened.classes, _geometry(image))


def _geometry(image: OpenedImage) -> LabelGeometry:
    from napari_pixclass.io import LabelGeometry

    file = image.image
    if file is None:
        return LabelGeometry("".join(letter for letter in "TZYX" if letter in image.lane.axes))
    return LabelGeometry(file.axes_without_channels, file.spacing, file.unit, file.translation)
