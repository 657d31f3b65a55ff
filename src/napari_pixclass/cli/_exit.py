"""How every command ends: exit codes, and errors in one line."""

from __future__ import annotations

import sys

PROGRAM = "napari-pixclass"

DONE, FAILED, USAGE, CANCELLED = 0, 1, 2, 130

# Wrong input: the message tells the user what to change. All else is a failure of the program.
INPUT_ERRORS = (
    ValueError,
    TypeError,
    FileNotFoundError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)


def report(message: str) -> None:
    """Print one line on stderr."""
    print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr)
