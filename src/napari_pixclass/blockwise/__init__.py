"""Arrays larger than memory: lazy results, and results written to disk block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._geometry import BlockPlan, default_memory, plan_blocks, program_bytes
from ._journal import FinishedBlock, Journal
from ._lazy import lazy_probabilities, lazy_segmentation, lazy_uncertainty, model_token
from ._pyramid import pyramid_factors, pyramid_shapes
from ._run_folder import RunFolder, SettingsDiffer, check_settings
from ._writing import (
    CHECKING,
    GOING_ON,
    PREDICTING,
    BlockWriter,
    OutputStore,
    RunBlocks,
    WriteJob,
    write_steps,
)

if TYPE_CHECKING:
    from ._cluster import Cluster, connect, describe, on_cluster

__all__ = [
    "CHECKING",
    "GOING_ON",
    "PREDICTING",
    "BlockPlan",
    "BlockWriter",
    "Cluster",
    "FinishedBlock",
    "Journal",
    "OutputStore",
    "RunBlocks",
    "RunFolder",
    "SettingsDiffer",
    "WriteJob",
    "check_settings",
    "connect",
    "default_memory",
    "describe",
    "lazy_probabilities",
    "lazy_segmentation",
    "lazy_uncertainty",
    "model_token",
    "on_cluster",
    "plan_blocks",
    "program_bytes",
    "pyramid_factors",
    "pyramid_shapes",
    "write_steps",
]


def __getattr__(name: str) -> object:
    # dask.distributed is an extra, and slow to import.
    if name not in {"Cluster", "connect", "describe", "on_cluster"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import _cluster

    return getattr(_cluster, name)
