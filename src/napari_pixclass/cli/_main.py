"""The parser of the whole command line, and how its commands are run."""

from __future__ import annotations

import argparse
import io
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import napari_pixclass

from . import (
    _cross_validate,
    _demo,
    _evaluate,
    _import_ilastik,
    _info,
    _predict,
    _prepare,
    _suggest,
    _suspicious,
    _train,
    _uncertainty,
)
from ._exit import CANCELLED, DONE, FAILED, INPUT_ERRORS, PROGRAM, USAGE, report

if TYPE_CHECKING:
    from collections.abc import Sequence

# In the order in which they are used.
_COMMANDS = (
    _demo,
    _prepare,
    _train,
    _cross_validate,
    _suggest,
    _suspicious,
    _import_ilastik,
    _predict,
    _uncertainty,
    _evaluate,
    _info,
)

_DESCRIPTION = """Pixel classification: label a few pixels of each class, train, and every pixel of every image gets
its class. In napari labels are painted; here is everything that needs no window."""

_EPILOG = """first steps:
  napari-pixclass demo                    see the program at work
  napari-pixclass COMMAND --help          what a command does, with examples
  napari-pixclass train --pair image.tif labels.tif -o cells.pixclass
  napari-pixclass predict cells.pixclass 'images/*.tif' -o results

exit codes: 0 done, 1 failed, 2 wrong usage or bad input, 130 cancelled with Ctrl-C.
results are printed on stdout, progress and errors on stderr."""


class _Parser(argparse.ArgumentParser):
    """Reports wrong usage in one line, as all other errors."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{PROGRAM}: error: {message}. See '{self.prog} --help'.\n")


def make_parser() -> argparse.ArgumentParser:
    """Parser of the whole command line."""
    parser = _Parser(
        prog=PROGRAM,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="version", version=f"{PROGRAM} {napari_pixclass.__version__}"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in _COMMANDS:
        summary = (module.__doc__ or "").partition("\n")[0]
        command = commands.add_parser(
            module.NAME,
            help=summary,
            description=summary,
            epilog=module.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv
        Arguments; None for those of the process.

    Returns
    -------
    int
        0 done, 1 failed, 2 wrong usage or bad input, 130 cancelled.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # names that the terminal cannot show
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        args = make_parser().parse_args(argv)
        code: int = args.run(args)
        sys.stdout.flush()
    except SystemExit as stop:  # argparse: help, version, wrong usage
        return stop.code if isinstance(stop.code, int) else DONE
    except KeyboardInterrupt:
        report("cancelled")
        return CANCELLED
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (*INPUT_ERRORS, OSError, MemoryError) as error:
        return _failed(error)
    return code


def _failed(error: Exception) -> int:
    from napari_pixclass.io import in_words

    is_input = isinstance(error, INPUT_ERRORS)
    report(f"{'error' if is_input else 'failed'}: {in_words(error)}")
    return USAGE if is_input else FAILED
