"""Say how good a classifier will be, from its labels alone: by strokes or images that are left out.

No truth is needed, and nothing is written but figures.
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from ._earlier import Earlier
from ._feature_options import add_feature_options, chosen_features, open_features
from ._image_options import positive
from ._labelled_set import add_labelled_set_options, open_labelled_set
from ._progress import run_with_progress
from ._text_output import add_json_option, check_text_target, write_text
from ._training_pairs import as_arguments

if TYPE_CHECKING:
    from napari_pixclass.classifier import PixelClassifier
    from napari_pixclass.core import Features, FeatureSet

NAME = "cross-validate"

EPILOG = """Connected labels are a stroke. Strokes are never split: neighbouring pixels are alike, so that a part
of a stroke says nothing about the rest of it. IoU and F1 are what to expect of the whole images; how often
strokes that were left out are found again stands beside it.

examples:
  napari-pixclass cross-validate --pair a.tif a_labels.tif
  napari-pixclass cross-validate --pair a.tif a_labels.tif --pair b.tif b_labels.tif --json scores.json
  napari-pixclass cross-validate cells.pixclass"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``cross-validate``."""
    add_labelled_set_options(parser)
    add_feature_options(parser, "that of MODEL, else default")
    parser.add_argument("--trees", type=positive, metavar="N", help="trees (default: 100)")
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Cross-validate and print a table."""
    from napari_pixclass.core import cross_validation_steps

    check_text_target(args.json, args.overwrite)
    opened = open_features(args)
    labelled, classes, earlier = open_labelled_set(args)
    steps = cross_validation_steps(
        _classifier(args, opened, labelled.ndim, earlier),
        **as_arguments(labelled.pairs),
        n_folds=args.folds,
        leave_out=args.leave_out,
        random_state=args.seed,
        classes=classes,
    )
    result = run_with_progress(steps, "cross-validating")
    if args.json != "-":
        print(result.table())
    if args.json is not None:
        write_text(args.json, json.dumps(result.to_dict(), indent=2, ensure_ascii=False))
    return 0


def _classifier(
    args: argparse.Namespace, opened: FeatureSet | None, ndim: int, earlier: Earlier | None
) -> PixelClassifier:
    """What is trained: as the user says, else as the model was."""
    from napari_pixclass.classifier import PixelClassifier

    features: Features
    if earlier is None or args.features or args.sigmas:
        chosen = chosen_features(args, opened, ndim)
        features = chosen if earlier is None else earlier.with_features(chosen)
    else:
        features = earlier.features.plain
    settings: dict[str, Any] = {} if earlier is None else dict(earlier.settings)
    settings.pop("random_state", None)
    if args.trees:
        settings["n_estimators"] = args.trees
    return PixelClassifier(features, n_jobs=args.jobs, **settings)
