"""How every command ends: exit codes, and errors in one line."""

from __future__ import annotations

import re
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


# What a message for scripts and windows calls an option, where one is the remedy.
_OPTION = re.compile(
    r"\((overwrite|skip existing|resume|per class|axes|channel axis|class values)\)"
)


def with_flags(message: str) -> str:
    """A message with its options called as on the command line: (skip existing) is (--skip-existing)."""
    return _OPTION.sub(lambda match: f"(--{match[1].replace(' ', '-')})", message)


def report(message: str) -> None:
    """Print one line on stderr."""
    print(f"{PROGRAM}: {' '.join(with_flags(message).split())}", file=sys.stderr)
