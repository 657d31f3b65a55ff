"""Where scribbles are kept safe while they are painted: a folder of the user's, shared by all that runs.

Every session writes files of its own, called ``<fingerprint of the image>-<session>-<number>.scribbles``, and holds a
lock on ``<session>.lock`` that the operating system takes away from a process that dies, however it dies. So files
whose session holds no lock are left over, by a crash or a normal end, and may be taken by anybody; all others are left
alone.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_state_dir

from ._scribbles_file import ScribblesFileError, inspect_scribbles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._scribbles_file import ScribblesInfo

STATE_VARIABLE = "NAPARI_PIXCLASS_STATE"
"""Environment variable that names another folder for all that is remembered."""

MAX_AGE_DAYS = 60
"""What nobody has taken for so long is deleted."""

MIN_AGE_SECONDS = 3600
"""What looks like the remains of a crash may be in the making, if it is younger."""

PATIENCE_SECONDS = 2
"""Longest time to wait for a lock that somebody may be looking at."""

_NAME = re.compile(r"\.?([0-9a-f]{32}-([0-9a-f]{16})-\d+\.scribbles|([0-9a-f]{16})\.lock)")

logger = logging.getLogger(__name__)


def state_folder() -> Path:
    """The folder for what is remembered from one start of the program to the next; it need not exist."""
    chosen = os.environ.get(STATE_VARIABLE)
    return Path(chosen) if chosen else Path(user_state_dir("napari-pixclass", appauthor=False))


class ScribblesFolder:
    """The scribbles files of one session, and those that others have left behind.

    Nothing is written, and no folder made, before there is something to write. Not to be used in two threads at once.

    Parameters
    ----------
    path
        The folder in which they all lie; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._session = secrets.token_hex(8)
        self._numbers = count()
        self._lock: Any = None

    def new_path(self, key: str) -> Path:
        """Where this session can write scribbles of the image with this fingerprint.

        Raises
        ------
        OSError
            If the folder cannot be made or written to.
        """
        if self._lock is None:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _acquired(self._lock_path(self._session), PATIENCE_SECONDS)
        return self.path / f"{key}-{self._session}-{next(self._numbers)}.scribbles"

    def find(self, key: str) -> list[tuple[Path, ScribblesInfo]]:
        """Files of the image with this fingerprint that are this session's or nobody's, newest first."""
        found = []
        for path in self.path.glob(f"{key}-*.scribbles"):
            session = _session_of(path)
            if session is None or (session != self._session and self._is_alive(session)):
                continue
            try:
                found.append((path, inspect_scribbles(path)))
            except (ScribblesFileError, OSError) as error:
                logger.warning("scribbles cannot be offered: %s", error)
        return sorted(found, key=lambda pair: pair[1].written, reverse=True)

    def take(self, path: Path, key: str) -> Path:
        """Make a file that `find` gave one of this session's, and return where it is now.

        Raises
        ------
        OSError
            If it is gone, or somebody else was faster.
        """
        own = self.new_path(key)
        with self._held(path):
            path.rename(own)
        return own

    def discard(self, path: Path) -> None:
        """Delete a file that `find` gave, unless it is gone, or somebody else has taken it."""
        with self._held(path):
            path.unlink(missing_ok=True)

    def tidy(self, now: float | None = None) -> None:
        """Delete what has become too old, and what crashes have left half written."""
        now = time.time() if now is None else now
        for path in list(self.path.iterdir()) if self.path.is_dir() else ():
            session = _session_of(path)
            if session is None or session == self._session:
                continue
            try:
                age = now - path.stat().st_mtime
                useful = path.suffix == ".scribbles"
                limit = MAX_AGE_DAYS * 24 * 3600 if useful else MIN_AGE_SECONDS
                if age > limit and not self._is_alive(session):
                    path.unlink()
            except OSError as error:  # others tidy too
                logger.debug("'%s' stays: %s", path, error)

    def close(self) -> None:
        """Leave the files to whoever opens their images next."""
        if self._lock is not None:
            self._lock.release()
            self._lock_path(self._session).unlink(missing_ok=True)
            self._lock = None

    def _lock_path(self, session: str) -> Path:
        return self.path / f"{session}.lock"

    def _is_alive(self, session: str) -> bool:
        try:
            with self._held_lock(session, 0):
                return False
        except BlockingIOError:
            return True

    @contextmanager
    def _held(self, path: Path) -> Iterator[None]:
        """Keep others from taking a file, unless it is this session's anyway."""
        session = _session_of(path)
        if session is None or session == self._session:
            yield
        else:
            with self._held_lock(session, PATIENCE_SECONDS):
                yield

    @contextmanager
    def _held_lock(self, session: str, timeout: float) -> Iterator[None]:
        path = self._lock_path(session)
        if not path.exists():  # the session has ended as it should
            yield
            return
        lock = _acquired(path, timeout)
        try:
            yield
        finally:
            lock.release()


def _acquired(path: Path, timeout: float) -> Any:
    """A lock that is held by whoever has it, as long as the process lives.

    Raises
    ------
    BlockingIOError
        If somebody else holds it for `timeout` seconds.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=timeout, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise BlockingIOError(f"the lock '{path}' must be free; somebody holds it.") from error
    return lock


def _session_of(path: Path) -> str | None:
    """The session that a file belongs to; None where it is none of ours."""
    match = _NAME.match(path.name)
    return match and (match[2] or match[3])
