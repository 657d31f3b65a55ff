"""Show what a model file holds.

The forest is read and checked as well: what this command shows can be used.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._words import byte_count, printable, sizes

if TYPE_CHECKING:
    import argparse

    from napari_pixclass.io import ModelInfo

NAME = "info"

EPILOG = """example:
  napari-pixclass info cells.pixclass --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``info``."""
    parser.add_argument("model", metavar="MODEL", help="model file (.pixclass)")
    parser.add_argument("--json", action="store_true", help="print JSON, for other programs")


def run(args: argparse.Namespace) -> int:
    """Print the description of a model."""
    from napari_pixclass.classifier import load
    from napari_pixclass.io import inspect_model

    info = inspect_model(args.model)
    load(args.model)
    print(json.dumps(_as_json(info), indent=2) if args.json else _as_table(args.model, info))
    return 0


def _as_json(info: ModelInfo) -> dict[str, Any]:
    return {
        "format_version": info.format_version,
        "created": info.created,
        "versions": dict(info.versions),
        "features": info.features.to_dict(),
        "n_features": info.n_channels * len(info.features),
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
        "forest": {"kind": info.forest_kind, "n_trees": info.n_trees, "n_nodes": info.n_nodes},
    }


def _as_table(path: str, info: ModelInfo) -> str:
    features = info.features
    channels = f" x {info.n_channels} channels" if info.n_channels > 1 else ""
    axis = "" if info.channel_axis is None else f" (axis {info.channel_axis})"
    seed = "none" if info.random_state is None else info.random_state
    size = byte_count(Path(path).stat().st_size)
    halo = " x ".join(map(str, features.halo_for(info.spacing)))
    lines = [
        f"file      {path} ({size}, format {info.format_version}, {printable(info.created)})",
        f"forest    {info.forest_kind}, {info.n_trees} trees, {info.n_nodes:,} nodes, seed {seed}",
        f"channels  {info.n_channels}{axis}",
        f"spacing   {sizes(info.spacing, None)}",
        f"features  {len(features)}{channels}, {features.ndim}D, halo {halo} pixels",
    ]
    width = max(len(family) for family, _ in features.selection)
    for family, sigmas in features.selection:
        lines.append(f"  {family:<{width}}  {'  '.join(f'{sigma:g}' for sigma in sigmas)}")
    if features.sigmas_2d:
        planar = "  ".join(f"{sigma:g}" for sigma in features.sigmas_2d)
        lines.append(f"  {'plane by plane':<{width}}  {planar}")
    lines.append("classes   value  labelled pixels  colour   name")
    for row, count in zip(info.classes, info.n_samples, strict=True):
        lines.append(f"{row.value:>15}{count:>17,}  {row.color}  {printable(row.name)}")
    versions = ", ".join(f"{name} {number}" for name, number in info.versions.items())
    lines.append(f"made with {printable(versions)}")
    return "\n".join(lines)
