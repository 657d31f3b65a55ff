"""Suggest a few features in place of all: what each set costs, and how good it is, from the labels alone.

The labels are those that a classifier would be trained on.
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from ._earlier import Earlier
from ._image_options import positive
from ._labelled_set import add_fold_options, add_labelled_set_options, open_labelled_set
from ._progress import run_with_progress
from ._text_output import add_json_option, check_text_target, write_text
from ._training_pairs import as_arguments

if TYPE_CHECKING:
    from napari_pixclass.core import Features, FeatureSet

NAME = "suggest"

EPILOG = """Features are ranked by their importance in a forest, by mutual information with the class, and by forward
selection; each set is cross-validated as cross-validate does it, and its prediction is timed.

-o writes the recommended set: train --features FILE trains with it, px.load_features(FILE) reads it in Python.

examples:
  napari-pixclass suggest --pair a.tif a_labels.tif
  napari-pixclass suggest --pair a.tif a_labels.tif --sizes 4 8 -o features.json --json all.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``suggest``."""
    add_labelled_set_options(parser)
    add_fold_options(parser)
    parser.add_argument(
        "--sizes",
        type=positive,
        nargs="+",
        default=[4, 7, 11],
        metavar="N",
        help="most features of the sets, per channel (default: 4 7 11)",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the recommended set of features as JSON"
    )
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Try sets of features and print a table."""
    from napari_pixclass.core import suggestion_steps

    if args.output is not None and args.output == args.json:
        raise ValueError(f"-o and --json must be different files; got '{args.output}' twice.")
    for path in (args.output, args.json):
        check_text_target(path, args.overwrite)
    labelled, classes, earlier = open_labelled_set(args)
    features, current = _candidates(labelled.ndim, earlier)
    steps = suggestion_steps(
        **as_arguments(labelled.pairs),
        features=features,
        current=current,
        sizes=args.sizes,
        n_folds=args.folds,
        leave_out=args.leave_out,
        random_state=args.seed,
        n_jobs=args.jobs,
        classes=classes,
    )
    result = run_with_progress(steps, "trying features")
    if args.json != "-":
        print(result.table())
    if args.json is not None:
        write_text(args.json, json.dumps(result.to_dict(), indent=2, ensure_ascii=False))
    if args.output is not None:
        write_text(args.output, json.dumps(result.recommended.features.to_dict(), indent=2))
    return 0


def _candidates(ndim: int, earlier: Earlier | None) -> tuple[Features, FeatureSet | None]:
    """All features, and those of an earlier training; of its channels only what it uses."""
    from napari_pixclass.core import Candidates, FeatureSet

    if earlier is None:
        return FeatureSet.all(ndim), None
    candidates = Candidates.beside(earlier.features)
    return list(candidates.features.channels), candidates.current
