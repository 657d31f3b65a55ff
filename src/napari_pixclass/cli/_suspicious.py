"""List strokes that look like another class to forests that have not seen them: some are painted wrongly.

Nothing is changed, and nothing is written but the list.
"""

from __future__ import annotations

import argparse
import json

from ._feature_options import add_feature_options, open_features
from ._labelled_set import add_labelled_set_options, open_labelled_set, untrained_classifier
from ._progress import run_with_progress
from ._text_output import add_json_option, check_text_target, write_text
from ._training_pairs import as_arguments

NAME = "suspicious"

EPILOG = """Connected labels are a stroke. Small forests are grown on random sets of whole strokes and judge the others;
then once more, without those that were contradicted. A stroke is at a pixel in its middle.

examples:
  napari-pixclass suspicious --pair a.tif a_labels.tif
  napari-pixclass suspicious --pair a.tif a_labels.tif --pair b.tif b_labels.tif --json strokes.json
  napari-pixclass suspicious cells.pixclass"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``suspicious``."""
    add_labelled_set_options(parser)
    add_feature_options(parser, "that of MODEL, else default")
    parser.add_argument(
        "--limit",
        type=float,
        metavar="N",
        help="a higher one lists fewer strokes, and more of these are wrong (default: 0.15)",
    )
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Look for suspicious strokes and print a table."""
    from napari_pixclass.core import SUSPICION_LIMIT, suspicion_steps

    check_text_target(args.json, args.overwrite)
    opened = open_features(args)
    labelled, classes, earlier = open_labelled_set(args)
    steps = suspicion_steps(
        untrained_classifier(args, opened, labelled.ndim, earlier),
        **as_arguments(labelled.pairs),
        limit=SUSPICION_LIMIT if args.limit is None else args.limit,
        random_state=args.seed,
        classes=classes,
    )
    result = run_with_progress(steps, "looking for suspicious labels")
    if args.json != "-":
        print(result.table())
    if args.json is not None:
        write_text(args.json, json.dumps(result.to_dict(), indent=2, ensure_ascii=False))
    return 0
