"""Show what a model file, or a project, holds.

The forest is read and checked as well: what this command shows can be used.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._words import byte_count, printable, sizes

if TYPE_CHECKING:
    import argparse

    from napari_pixclass.core import ChannelFeatures, FeatureSet
    from napari_pixclass.io import ModelInfo

NAME = "info"

EPILOG = """what it shows: the channels that images must have, the features, how many pixels each class was
trained on, and the versions that made it. The whole file is checked: what is shown can be used. Of a project the
images and what is labelled on them, whether they are there, and whether the classifier is up to date.

examples:
  napari-pixclass info cells.pixclass
  napari-pixclass info cells.pixclass --json
  napari-pixclass info cells.pixproject
  napari-pixclass info cells.pixproject --python"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``info``."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="model file (.pixclass), or the folder of a project (.pixproject)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for other programs")
    parser.add_argument(
        "--python",
        action="store_true",
        help="print a project as a script that trains, predicts and saves the classifier with the Python API",
    )


def run(args: argparse.Namespace) -> int:
    """Print the description of a model, or of a project."""
    from napari_pixclass.classifier import load
    from napari_pixclass.io import inspect_model, is_project, project_folder

    if is_project(project_folder(args.model)):
        return _run_project(args)
    if args.python:
        raise ValueError(
            f"--python is for projects; '{args.model}' is none. A model does not know its images."
        )
    info = inspect_model(args.model)
    load(args.model)
    print(json.dumps(_as_json(info), indent=2) if args.json else _as_table(args.model, info))
    return 0


def _run_project(args: argparse.Namespace) -> int:
    from napari_pixclass.project import open_project

    from ._project_info import project_as_json, project_as_table

    project = open_project(args.model)
    if args.python:
        print(project.as_python(), end="")
    elif args.json:
        print(json.dumps(project_as_json(project), indent=2))
    else:
        print(project_as_table(project))
    return 0


def _as_json(info: ModelInfo) -> dict[str, Any]:
    return {
        "format_version": info.format_version,
        "created": info.created,
        "versions": dict(info.versions),
        "features": _features_as_json(info.features),
        "n_features": info.features.n_features,
        "halo": list(info.features.halo_for(info.spacing)),
        "n_channels": info.n_channels,
        "channel_axis": info.channel_axis,
        "spacing": list(info.spacing),
        "classes": [
            {"value": row.value, "name": row.name, "color": row.color, "n_samples": count}
            for row, count in zip(info.classes, info.n_samples, strict=True)
        ],
        "random_state": info.random_state,
        "n_estimators": info.n_estimators,
        "sharpness": info.sharpness,
        "forest": {"kind": info.forest_kind, "n_trees": info.n_trees, "n_nodes": info.n_nodes},
    }


def _features_as_json(features: ChannelFeatures) -> dict[str, Any] | list[dict[str, Any] | None]:
    """One feature set for all channels; a list with one for each where they differ."""
    if features.common is not None:
        return features.common.to_dict()
    return [None if chosen is None else chosen.to_dict() for chosen in features.channels]


def _as_table(path: str, info: ModelInfo) -> str:
    features = info.features
    axis = "" if info.channel_axis is None else f" (axis {info.channel_axis})"
    seed = "none" if info.random_state is None else info.random_state
    size = byte_count(Path(path).stat().st_size)
    halo = " x ".join(map(str, features.halo_for(info.spacing)))
    lines = [
        f"file      {path} ({size}, format {info.format_version}, {printable(info.created)})",
        f"forest    {info.forest_kind}, {info.n_trees} trees, {info.n_nodes:,} nodes, seed {seed}",
        *(
            []
            if info.sharpness == 1
            else [f"sharpness {info.sharpness:.3g}: probabilities are calibrated"]
        ),
        f"channels  {info.n_channels}{axis}",
        f"spacing   {sizes(info.spacing, None)}",
        f"features  {_feature_count(features)}, {features.ndim}D, halo {halo} pixels{_dialects(features)}",
        *_feature_lines(features),
    ]
    lines.append("classes   value  labelled pixels  colour   name")
    for row, count in zip(info.classes, info.n_samples, strict=True):
        known = f"{count:,}" if count else "unknown"
        lines.append(f"{row.value:>15}{known:>17}  {row.color}  {printable(row.name)}")
    versions = ", ".join(f"{name} {number}" for name, number in info.versions.items())
    lines.append(f"made with {printable(versions)}")
    return "\n".join(lines)


def _feature_count(features: ChannelFeatures) -> str:
    if features.common is None:
        return f"{features.n_features} in {features.n_used} of {features.n_channels} channels"
    channels = f" x {features.n_channels} channels" if features.n_channels > 1 else ""
    return f"{len(features.common)}{channels}"


def _dialects(features: ChannelFeatures) -> str:
    """Whose filters they are, where they are not ours."""
    dialects = dict.fromkeys(own.dialect for _, _, own in features.used())
    others = [dialect for dialect in dialects if dialect != "pixclass"]
    return f", filters as in {' and '.join(others)}" if others else ""


def _feature_lines(features: ChannelFeatures) -> list[str]:
    """Families with their scales; where channels differ, for each group of channels with the same features."""
    if features.common is not None:
        return _family_lines(features.common)
    groups: dict[FeatureSet | None, list[str]] = {}
    for channel, chosen in enumerate(features.channels):
        groups.setdefault(chosen, []).append(str(channel))
    lines = []
    for chosen, channels in groups.items():
        noun = "channel" if len(channels) == 1 else "channels"
        what = "not used" if chosen is None else f"{len(chosen)} features"
        lines.append(f"  {noun} {', '.join(channels)}: {what}")
        lines += [] if chosen is None else [f"  {line}" for line in _family_lines(chosen)]
    return lines


def _family_lines(features: FeatureSet) -> list[str]:
    width = max(len(family) for family, _ in features.selection)
    lines = [
        f"  {family:<{width}}  {'  '.join(f'{sigma:g}' for sigma in sigmas)}"
        for family, sigmas in features.selection
    ]
    if features.sigmas_2d:
        planar = "  ".join(f"{sigma:g}" for sigma in features.sigmas_2d)
        lines.append(f"  {'plane by plane':<{width}}  {planar}")
    return lines
