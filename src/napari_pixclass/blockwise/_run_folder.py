"""The folder of a run that is not finished: its lock, its settings, its journal, and what it has written so far."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ._journal import Journal

if TYPE_CHECKING:
    from types import TracebackType

LOCK, SETTINGS, JOURNAL = "lock", "settings.json", "journal"

_CHECKSUM = re.compile('"[0-9a-f]{32}"')


class SettingsDiffer(ValueError):
    """A run cannot be resumed: it was begun with other settings."""


class RunFolder(AbstractContextManager["RunFolder"]):
    """Holds a run's folder for this process alone; a process that dies gives it back.

    Parameters
    ----------
    path
        The folder; made if absent.

    Raises
    ------
    FileExistsError
        On entering it, if it is the folder of something else.
    ValueError
        If another process holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = Journal(path / JOURNAL)

    def __enter__(self) -> Self:
        from filelock import FileLock, Timeout

        self.path.mkdir(parents=True, exist_ok=True)
        if not (self.path / LOCK).exists() and any(self.path.iterdir()):
            raise FileExistsError(
                f"an unfinished run needs a folder of its own; '{self.path}' holds something else. "
                "Choose another folder, or remove it."
            )
        self._lock = FileLock(self.path / LOCK, timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout:
            raise ValueError(
                f"only one run may write to a result at a time; another one is writing to "
                f"'{self.path}'. Wait for it to end, or choose another folder."
            ) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release()

    @property
    def settings(self) -> dict[str, Any] | None:
        """Settings of the run that was begun here; None if there is none, or not enough of it to go on."""
        try:
            found = json.loads((self.path / SETTINGS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def begin(self, settings: Mapping[str, Any]) -> None:
        """Start anew; what an earlier run has written here is removed."""
        self.clear()
        temporary = self.path / f"{SETTINGS}.part"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(settings, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path / SETTINGS)

    def clear(self) -> None:
        """Remove everything but the lock; first the settings, so that no later run takes the rest for whole."""
        (self.path / SETTINGS).unlink(missing_ok=True)
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != LOCK:
                entry.unlink()

    def remove(self) -> None:
        """Remove the folder, when nothing in it is needed any more."""
        self.clear()
        if os.name == "nt":  # where no open file can be removed
            self._lock.release()
        (self.path / LOCK).unlink(missing_ok=True)
        self.path.rmdir()


def check_settings(begun: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Raise SettingsDiffer unless a run that was begun earlier had the same settings."""
    plain = json.loads(json.dumps(settings))
    for name in sorted(begun.keys() | plain.keys()):
        if begun.get(name) != plain.get(name):
            before, now = _short(begun.get(name)), _short(plain.get(name))
            is_readable = not any(map(_CHECKSUM.fullmatch, (before, now)))
            differs = f"was {before}, and is {now} now" if is_readable else "was another one"
            raise SettingsDiffer(
                f"a run can only be resumed with the settings it was begun with; its {name} {differs}. "
                "Use the old one, or start anew (overwrite)."
            )


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
