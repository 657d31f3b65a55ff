"""Figures as text, to a file or instead of the table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--json`` and ``--overwrite``."""
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="write all figures as JSON; '-' prints them in place of the table",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace files that exist (default: stop)"
    )


def check_text_target(path: str | None, overwrite: bool) -> None:
    """Refuse before anything is computed what could not be written after it."""
    from napari_pixclass.io import check_target

    if path in (None, "-"):
        return
    check_target(path)
    if Path(path).exists() and not overwrite:
        raise FileExistsError(
            f"results must not exist yet; '{path}' does. Add --overwrite, or choose another name."
        )


def write_text(path: str, text: str) -> None:
    """Write a text file, complete or not at all; to stdout for ``-``."""
    if path == "-":
        print(text)
        return
    from napari_pixclass.io import replacing

    with replacing(path) as temporary:
        temporary.write_text(f"{text}\n", encoding="utf-8")
    print(f"wrote {path}", file=sys.stderr)
