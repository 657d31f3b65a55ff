"""Which features a command is to use: a set by its name, or one from a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_pixclass.core import FeatureSet

NAMES = ("default", "all", "fast")


def add_feature_options(parser: argparse.ArgumentParser, default: str) -> None:
    """Add ``--features`` and ``--sigmas``; `default` says in words what holds without the former."""
    parser.add_argument(
        "--features",
        metavar="SET",
        help=f"{', '.join(NAMES)}, or a file that suggest -o has written (default: {default})",
    )
    parser.add_argument(
        "--sigmas",
        type=float,
        nargs="+",
        metavar="SIGMA",
        help="scales in pixels, for all families of the set (default: those of the set)",
    )


def open_features(args: argparse.Namespace) -> FeatureSet | None:
    """The features in the file that the user gave, if one was; filters run in as many axes as it says.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file holds something else, or other options contradict it.
    """
    if args.features is None or args.features in NAMES:
        return None
    from napari_pixclass.io import load_features

    if not Path(args.features).exists():
        raise FileNotFoundError(
            f"--features must be {', '.join(NAMES)} or a file of features; there is no file '{args.features}'."
        )
    features = load_features(args.features)
    if args.sigmas:
        raise ValueError(
            f"scales must be given once; '{args.features}' holds them already. Leave out --sigmas."
        )
    _check_ndim(args, features, args.ndim or features.ndim)
    args.ndim = features.ndim
    return features


def _check_ndim(args: argparse.Namespace, features: FeatureSet, ndim: int) -> None:
    if features.ndim != ndim:
        raise ValueError(
            f"the features of '{args.features}' must be {ndim}D, as all else is; they are {features.ndim}D. Choose "
            "another file."
        )


def chosen_features(args: argparse.Namespace, opened: FeatureSet | None, ndim: int) -> FeatureSet:
    """What `open_features` has found, else the set of the name given, with the sigmas given in place of its own.

    Raises
    ------
    ValueError
        If they do not run in `ndim` axes.
    """
    if opened is not None:
        _check_ndim(args, opened, ndim)
        return opened
    return _named_features(args.features or "default", args.sigmas, ndim)


def _named_features(name: str, sigmas: Sequence[float] | None, ndim: int) -> FeatureSet:
    from napari_pixclass.core import FAMILY_OF, FeatureSet

    features = {"default": FeatureSet.default, "all": FeatureSet.all, "fast": FeatureSet.fast}[
        name
    ](ndim)
    if sigmas is None:
        return features
    chosen = {
        # What no family accepts is left in, so that it is refused and not passed over.
        family: [sigma for sigma in sigmas if not 0 < sigma < FAMILY_OF[family].min_sigma]
        for family, _ in features.selection
    }
    return FeatureSet.from_selection(chosen, ndim)
