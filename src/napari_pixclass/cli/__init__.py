"""The command line: one command per file, the same engine as the Python API."""

from ._main import main

__all__ = ["main"]
