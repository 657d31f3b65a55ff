"""Show the program at work on a sample image.

With a display the viewer opens with the sample, its scribbles and the trained result. Without one,
or with --headless, everything is computed and written to a folder.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from typing import TYPE_CHECKING

from ._progress import run_with_progress

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from napari_pixclass.core import ConfusionMatrix, SampleImage

NAME = "demo"

QT_BINDINGS = ("PyQt6", "PySide6", "PyQt5", "PySide2")
"""What napari can draw its windows with."""

EPILOG = """where there are napari and a display, napari opens with an image, scribbles on it and the trained
result. Otherwise the same is computed without a window: image, scribbles, results, the model and
overview.png, a picture of all of them, are written to DIR, and the scores printed. Files of an
earlier demo in DIR are replaced.

examples:
  napari-pixclass demo
  napari-pixclass demo --headless --out results"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``demo``."""
    parser.add_argument(
        "--out",
        metavar="DIR",
        default="pixclass-demo",
        help="folder to write to; made if absent (default: ./%(default)s)",
    )
    parser.add_argument(
        "--headless", action="store_true", help="open no window, even where there is a display"
    )


def run(args: argparse.Namespace) -> int:
    """Open the viewer, or write everything to a folder."""
    from napari_pixclass.io import make_folder

    reason = "" if args.headless else why_no_viewer()
    if not args.headless and not reason:
        from napari_pixclass.viewer import open_demo

        open_demo(make_folder(args.out))
        return 0
    if reason:
        print(f"{reason}; writing the results to files instead.", file=sys.stderr)
    _run_headless(make_folder(args.out))
    return 0


def why_no_viewer() -> str:
    """Why the viewer cannot be opened; empty if it can."""
    if importlib.util.find_spec("napari") is None:
        return "napari is not installed (pip install 'napari-pixclass[all]' brings it)"
    if not any(importlib.util.find_spec(binding) for binding in QT_BINDINGS):
        return "napari has no Qt to draw with (pip install pyqt6 brings it)"
    has_display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not has_display:
        return "there is no display"
    return ""


def _run_headless(folder: Path) -> None:
    from napari_pixclass.batch import BatchOptions, save_results
    from napari_pixclass.classifier import PixelClassifier
    from napari_pixclass.core import (
        OUTPUTS,
        FeatureSet,
        output_steps,
        sample_images,
        score,
        warm_up,
    )
    from napari_pixclass.io import ImageFile, write_png, write_tiff

    from ._overview import draw_overview

    sample = sample_images()["cells"]()
    # Of no interest to whoever wants to know how long training takes: it happens once after an installation.
    print("getting ready (the first time ever, this compiles for some seconds)", file=sys.stderr)
    warm_up(sample.ndim)
    started = time.perf_counter()
    classifier = PixelClassifier(FeatureSet.default(sample.ndim))
    steps = classifier.fit_steps(sample.image, sample.labels, spacing=sample.spacing)
    run_with_progress(steps, "training")
    classifier.class_table_ = sample.classes
    trained = time.perf_counter()

    predicting = output_steps(classifier, sample.image, OUTPUTS, channel_axis=None)
    arrays = run_with_progress(predicting, "predicting")
    done = time.perf_counter()

    image = ImageFile(sample.name, sample.image, "YX")
    options = BatchOptions(folder=folder, exports=OUTPUTS, overwrite=True)
    paths = dict(zip(OUTPUTS, save_results(arrays, image, sample.classes, options), strict=True))
    files = {
        "image": folder / f"{sample.name}.tiff",
        "scribbles": folder / f"{sample.name}_Labels.tiff",
    }
    write_tiff(files["image"], sample.image, "YX")
    write_tiff(files["scribbles"], sample.labels, "YX")
    if sample.truth is not None:
        files["truth"] = folder / f"{sample.name}_Truth.tiff"
        write_tiff(files["truth"], sample.truth, "YX")
    files.update(paths.items())
    files["model"] = folder / f"{sample.name}.pixclass"
    classifier.save(files["model"])
    files["overview"] = folder / "overview.png"
    write_png(files["overview"], draw_overview(sample, arrays))
    print(f"sample  {sample.title}, {' x '.join(map(str, sample.image.shape))} pixels")
    print(
        f"trained on {sum(classifier.n_samples_):,} labelled pixels in {trained - started:.1f} s, "
        f"predicted in {done - trained:.1f} s"
    )
    if sample.truth is not None:
        _print_scores(sample, score(arrays["segmentation"], sample.truth, sample.classes))
    print("files")
    for what, path in files.items():
        print(f"  {what:<14}{path}")


def _print_scores(sample: SampleImage, scores: ConfusionMatrix) -> None:
    print("agreement with the known truth (IoU: intersection over union)")
    for info, iou in zip(sample.classes, scores.iou, strict=True):
        print(f"  {info.name:<14}IoU {iou:.3f}")
    print(f"  {'mean':<14}IoU {scores.mean_iou:.3f}")
    print(f"  {'all pixels':<14}accuracy {scores.accuracy:.3f}")
