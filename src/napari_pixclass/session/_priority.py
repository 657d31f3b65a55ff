"""Work in the background is less urgent than what the user sees and does."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

NICENESS = 10
"""Of what the user waits for."""
IN_NO_HURRY = 19
"""Of what goes on beside it: the other one gets most of the processor."""


def lower_priority(niceness: int = NICENESS) -> None:
    """Have this thread, and those that it starts, wait where others want the processor."""
    if sys.platform == "linux":  # elsewhere this would be the whole process
        thread = threading.get_native_id()
        with suppress(OSError):  # it is no more than a courtesy
            now = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, max(now, niceness))
