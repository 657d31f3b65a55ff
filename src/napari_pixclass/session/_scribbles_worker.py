"""The one background thread in which files of scribbles are written, found and read."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from napari_pixclass.io import ScribblesFolder, fingerprint, state_folder

from ._jobs import Mailbox
from ._sources import Snapshot

T = TypeVar("T")

logger = logging.getLogger(__name__)


class ScribblesWorker:
    """Runs what has to do with the files of one session, one after the other.

    Parameters
    ----------
    mailbox
        Where results arrive.
    folder
        Where the files lie; None for where `state_folder` says.

    Attributes
    ----------
    folder
        The files; for what runs in the background thread.
    """

    def __init__(self, mailbox: Mailbox, folder: Path | None = None) -> None:
        self.folder = ScribblesFolder(folder or state_folder() / "scribbles")
        self._mailbox = mailbox
        # The interpreter waits at its end for what such a thread has yet to do.
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="pixclass-scribbles")
        self._keys: dict[int, tuple[weakref.ref[Any], str]] = {}
        self._closed = False

    def run(
        self,
        call: Callable[[], T],
        then: Callable[[T], object] | None = None,
        fail: Callable[[Exception], object] | None = None,
    ) -> None:
        """Run `call` in the background, then one of the others in the session's thread; nothing once closed.

        Parameters
        ----------
        call
            What to do.
        then
            Gets its result.
        fail
            Gets what it raised; None where that is only worth a note in the log.
        """
        if self._closed:
            return
        try:
            self._executor.submit(self._run, call, then, fail)
        except RuntimeError:  # the interpreter is ending, and the thread has ended
            self._run(call, then, fail)

    def key_of(self, image: Snapshot) -> str:
        """Fingerprint of an image; in the background thread."""
        address = id(image.version)
        known = self._keys.get(address)
        if known is None or known[0]() is not image.version:
            keys = self._keys
            reference = weakref.ref(image.version, lambda _: keys.pop(address, None))
            known = keys[address] = (reference, fingerprint(image.data))
        return known[1]

    def join(self) -> None:
        """Wait until all is done that has been asked for."""
        if not self._closed:
            self._executor.submit(lambda: None).result()

    def close(self) -> None:
        """Finish in the background what has been asked for, and leave the files to others."""
        self.run(self.folder.close)
        self._closed = True
        self._executor.shutdown(wait=False)

    def _run(
        self,
        call: Callable[[], T],
        then: Callable[[T], object] | None,
        fail: Callable[[Exception], object] | None,
    ) -> None:
        try:
            result = call()
        except Exception as error:
            logger.info("scribbles: %s", error, exc_info=True)
            self._post(fail, error)
        else:
            self._post(then, result)

    def _post(self, listener: Callable[[Any], object] | None, value: object) -> None:
        def tell(listener: Callable[[Any], object]) -> None:
            listener(value)

        if listener is not None:
            self._mailbox.post(partial(tell, listener))
