"""The parser of the whole command line, and how its commands are run."""

from __future__ import annotations

import argparse
import io
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import napari_pixclass

from . import _demo, _info, _predict, _train
from ._exit import CANCELLED, DONE, FAILED, INPUT_ERRORS, PROGRAM, USAGE, report

if TYPE_CHECKING:
    from collections.abc import Sequence

_DESCRIPTION = "Interactive pixel classification, without the interaction: train and predict."

_EPILOG = """exit codes: 0 done, 1 failed, 2 wrong usage or bad input, 130 cancelled with Ctrl-C.
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
    for module in (_demo, _train, _predict, _info):
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
    except INPUT_ERRORS as error:
        report(f"error: {error}")
        return USAGE
    except (OSError, MemoryError) as error:
        report(f"failed: {str(error) or type(error).__name__}")
        return FAILED
    return code
