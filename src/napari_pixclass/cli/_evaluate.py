"""Say how well predictions agree with the truth: IoU, Dice, precision and recall of each class.

Of a model's predictions, or of files that any program has made.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._each_file import with_path
from ._exit import DONE, FAILED, INPUT_ERRORS, USAGE, report
from ._image_options import add_image_options, add_jobs_option
from ._progress import run_with_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_pixclass.classifier import PixelClassifier
    from napari_pixclass.core import ConfusionMatrix, Steps
    from napari_pixclass.evaluation import EvaluationOptions

NAME = "evaluate"

_MOST_NAMED = 3

EPILOG = """TRUTH holds class values as labels do; its pixels of value 0 are not counted, so scribbles
will do. IMAGE, FILE and TRUTH may be folders or patterns in quotes: what belongs together is found
by name (a.tif and a_labels.tif). Several pairs are counted together, each pixel the same.

IoU (intersection over union) of a class: of the pixels that are of it in truth, or were called it,
the share where both agree. Look at the mean IoU first: where one class is rare, accuracy is high
even if it is never found.

examples:
  napari-pixclass evaluate cells.pixclass test.tif test_labels.tif
  napari-pixclass evaluate cells.pixclass images truth --json scores.json --confusion confusion.png
  napari-pixclass evaluate --prediction results/a_Segmentation.tiff a_labels.tif"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``evaluate``."""
    parser.add_argument("model", metavar="MODEL", nargs="?", help="model file (.pixclass)")
    parser.add_argument("image", metavar="IMAGE", nargs="?", help="image that the model predicts")
    parser.add_argument("truth", metavar="TRUTH", nargs="?", help="what is true of it")
    parser.add_argument(
        "--pair",
        nargs=2,
        action="append",
        default=[],
        metavar=("IMAGE", "TRUTH"),
        help="one more image and its truth; may be repeated",
    )
    parser.add_argument(
        "--prediction",
        nargs=2,
        action="append",
        default=[],
        metavar=("FILE", "TRUTH"),
        help="instead of a model: a segmentation that is there already, and its truth; may be repeated",
    )
    parser.add_argument(
        "--class-values",
        type=_class_values,
        metavar="V,V,...",
        help="FILE holds probabilities: the class value of each of its channels",
    )
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="write all figures as JSON; '-' prints them in place of the table",
    )
    parser.add_argument("--confusion", metavar="PNG", help="draw the confusion matrix to a picture")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace files that exist (default: stop)"
    )
    add_image_options(parser)
    add_jobs_option(parser)


def _class_values(text: str) -> tuple[int, ...]:
    numbers = text.split(",")
    if not all(number.strip().isdecimal() and int(number) > 0 for number in numbers):
        raise argparse.ArgumentTypeError(
            f"must be whole numbers of 1 or more with commas between them; got '{text}'"
        )
    return tuple(int(number) for number in numbers)


def run(args: argparse.Namespace) -> int:
    """Evaluate all pairs; print a table, write what else is wanted."""
    from napari_pixclass.classifier import load
    from napari_pixclass.core import check_truth
    from napari_pixclass.evaluation import total

    pairs = _pairs(args)
    _check_outputs(args)
    classifier = None
    if args.model is not None:
        classifier = load(args.model)
        classifier.n_jobs = args.jobs
    results: list[tuple[Path, Path, ConfusionMatrix]] = []
    codes = []
    for file, truth in pairs:
        try:
            matrix = run_with_progress(
                _steps(classifier, file, truth, args), f"judging {file.name}"
            )
        except INPUT_ERRORS as error:
            report(f"error: {with_path(file, error)}")
            codes.append(USAGE)
        except (OSError, MemoryError) as error:
            report(f"failed: {with_path(file, error)}")
            codes.append(FAILED)
        else:
            results.append((file, truth, matrix))
            codes.append(DONE)
    failed = len(codes) - codes.count(DONE)
    if len(codes) == 1 and failed:
        return codes[0]
    if failed:
        report(
            f"{failed} of {len(codes)} pairs failed"
            + ("; the figures are those of the others" if results else "")
        )
    if not results:
        return FAILED
    together = total(matrix for _, _, matrix in results)
    check_truth(together)
    _write(args, together, results)
    return FAILED if failed else DONE


def _pairs(args: argparse.Namespace) -> list[tuple[Path, Path]]:
    """All pairs of files that are meant."""
    from napari_pixclass.evaluation import match_by_name
    from napari_pixclass.io import find_images

    given = [*args.pair, *args.prediction]
    if args.truth is not None:
        given.insert(0, [args.image, args.truth])
    _check_usage(args)
    pairs: list[tuple[Path, Path]] = []
    for file, truth in given:
        matches = match_by_name(find_images([file]), find_images([truth]))
        if not matches.pairs:
            raise ValueError(
                f"names must tell what belongs together, as a.tif and a_labels.tif do; nothing in '{file}' belongs to "
                f"anything in '{truth}'."
            )
        if matches.alone:
            report(f"note: {_some(matches.alone)} without a partner of the same name: left out")
        pairs += matches.pairs
    return pairs


def _some(paths: Sequence[Path]) -> str:
    """A few of the files by name."""
    named = ", ".join(f"'{path}'" for path in paths[:_MOST_NAMED])
    more = len(paths) - _MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named


def _check_usage(args: argparse.Namespace) -> None:
    if args.prediction and (args.model is not None or args.pair):
        raise ValueError(
            "either a model predicts, or predictions are given with --prediction; got both. Leave one of them out."
        )
    if not args.prediction and args.model is None:
        raise ValueError(
            "something must be judged: MODEL IMAGE TRUTH, or --prediction FILE TRUTH; got neither. See "
            "'napari-pixclass evaluate --help'."
        )
    if args.image is not None and args.truth is None:
        raise ValueError(f"an image needs its truth; got '{args.image}' alone. Add TRUTH.")
    if args.model is not None and args.image is None and not args.pair:
        raise ValueError("a model needs an image to predict and its truth; add IMAGE TRUTH.")
    if args.class_values is not None and not args.prediction:
        raise ValueError("--class-values is about files of probabilities; add --prediction.")


def _check_outputs(args: argparse.Namespace) -> None:
    """Refuse before anything is computed what could not be written after it."""
    from napari_pixclass.io import check_target

    for path in (args.json, args.confusion):
        if path in (None, "-"):
            continue
        check_target(path)
        if Path(path).exists() and not args.overwrite:
            raise FileExistsError(
                f"results must not exist yet; '{path}' does. Add --overwrite, or choose another name."
            )
    if args.confusion is not None and Path(args.confusion).suffix.lower() != ".png":
        raise ValueError(f"the picture is a PNG file; got '{args.confusion}'. Let it end in .png.")


def _steps(
    classifier: PixelClassifier | None, file: Path, truth: Path, args: argparse.Namespace
) -> Steps[ConfusionMatrix]:
    from napari_pixclass.evaluation import evaluate_image_steps, evaluate_prediction_steps

    options = _options(args)
    if classifier is None:
        return evaluate_prediction_steps(file, truth, options)
    return evaluate_image_steps(classifier, file, truth, options)


def _options(args: argparse.Namespace) -> EvaluationOptions:
    from napari_pixclass.evaluation import EvaluationOptions

    return EvaluationOptions(
        axes=args.axes,
        channel_axis=args.channel_axis,
        spacing=None if args.spacing is None else tuple(args.spacing),
        class_values=args.class_values,
    )


def _write(
    args: argparse.Namespace,
    together: ConfusionMatrix,
    results: Sequence[tuple[Path, Path, ConfusionMatrix]],
) -> None:
    if args.json is not None:
        text = json.dumps(_as_json(args, together, results), indent=2, ensure_ascii=False)
        _write_text(args.json, text)
    if args.json != "-":
        if len(results) > 1:
            print("\n".join([*_image_lines(results), ""]))
        print(together.table())
    if args.confusion is not None:
        from napari_pixclass.core import draw_confusion
        from napari_pixclass.io import write_png

        write_png(args.confusion, draw_confusion(together))
        print(f"wrote {args.confusion}", file=sys.stderr if args.json == "-" else sys.stdout)


def _write_text(path: str, text: str) -> None:
    if path == "-":
        print(text)
        return
    from napari_pixclass.io import replacing

    with replacing(path) as temporary:
        temporary.write_text(f"{text}\n", encoding="utf-8")


def _as_json(
    args: argparse.Namespace,
    together: ConfusionMatrix,
    results: Sequence[tuple[Path, Path, ConfusionMatrix]],
) -> dict[str, Any]:
    what = "image" if args.model is not None else "prediction"
    return {
        "model": args.model,
        "total": together.to_dict(),
        "pairs": [
            {what: str(file), "truth": str(truth), **matrix.to_dict()}
            for file, truth, matrix in results
        ],
    }


def _image_lines(results: Sequence[tuple[Path, Path, ConfusionMatrix]]) -> list[str]:
    """A line for each pair: where it is good, and where it is not."""
    width = max(len(file.name) for file, _, _ in results)
    lines = [f"{'':<{width}}  mean IoU  mean Dice      pixels"]
    for file, _, matrix in results:
        figures = (
            f"{matrix.mean_iou:>8.3f}  {matrix.mean_dice:>9.3f}"
            if matrix.n_pixels
            else f"{'-':>8}  {'-':>9}"
        )
        lines.append(f"{file.name:<{width}}  {figures}  {matrix.n_pixels:>10,}")
    return lines
