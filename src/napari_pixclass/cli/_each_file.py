"""Commands that do the same with many files: one bad file does not stop the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._exit import DONE, FAILED, INPUT_ERRORS, USAGE, report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path


def for_each(paths: Sequence[Path], work: Callable[[Path], Iterable[str | Path]], noun: str) -> int:
    """Do `work` with each file and print the lines that it gives; report what fails, and how many did.

    Returns
    -------
    int
        The exit code: that of the file if there is one, else 1 if any failed.
    """
    codes = [_attempt(path, work) for path in paths]
    failed = len(codes) - codes.count(DONE)
    if len(codes) == 1:
        return codes[0]
    if failed:
        report(f"{failed} of {len(codes)} {noun} failed")
    return FAILED if failed else DONE


def check_targets(paths: Iterable[Path], target_of: Callable[[Path], Path], noun: str) -> None:
    """Refuse results that would replace one of the files that they are made of, or each other.

    Raises
    ------
    FileExistsError
        If there are such.
    """
    paths = list(paths)
    inputs = {path.resolve() for path in paths}
    planned: dict[Path, Path] = {}
    for path in paths:
        target = target_of(path)
        if target.resolve() in inputs:
            raise FileExistsError(
                f"results must not replace {noun} that they are made of; '{target}' is among them. Choose another "
                "folder."
            )
        if target in planned:
            raise FileExistsError(
                f"{noun} must differ in their names; '{planned[target]}' and '{path}' would both write '{target}'. "
                "Give them different folders, one after the other."
            )
        planned[target] = path


def _attempt(path: Path, work: Callable[[Path], Iterable[str | Path]]) -> int:
    try:
        for line in work(path):
            print(line)
    except INPUT_ERRORS as error:
        report(f"error: {with_path(path, error)}")
        return USAGE
    except (OSError, MemoryError) as error:  # this one is too large, perhaps; the next may fit
        report(f"failed: {with_path(path, error)}")
        return FAILED
    return DONE


def with_path(path: object, error: BaseException) -> str:
    """What went wrong, with the file that it went wrong with."""
    from napari_pixclass.io import in_words

    message = in_words(error)
    return message if str(path) in message else f"{path}: {message}"
