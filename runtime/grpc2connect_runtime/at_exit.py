"""A wait at interpreter exit for native threads that are still inside an event loop's Python code.

pyqwest 0.12 reports the end of an async operation from a native thread, by `loop.call_soon_threadsafe`. That call first
queues the result and then wakes the loop through a socket, without the GIL: the main thread may already have the
result, end, and finalise the interpreter. CPython before 3.14 then ends the native thread where it asks for the GIL
again, which Rust's frames do not allow, and the process aborts (SIGABRT, all output correct). connectrpc with pyqwest
alone does the same, and pyqwest has no public call that waits for its threads. Threads that only begin to ask for the
GIL are safe: PyO3 parks them.
"""

from __future__ import annotations

import atexit
import sys
import time
from functools import cache
from types import FrameType

_STEP_SECONDS = 0.001
_AT_MOST_SECONDS = 2.0


def _entered_by(frame: FrameType) -> str:
    while frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code.co_name


def _reporting() -> bool:
    """Whether a thread is inside a `call_soon_threadsafe` that no Python code called."""
    return any(_entered_by(frame) == "call_soon_threadsafe" for frame in sys._current_frames().values())


def _wait_for_reports() -> None:
    give_up = time.monotonic() + _AT_MOST_SECONDS
    while _reporting() and time.monotonic() < give_up:
        time.sleep(_STEP_SECONDS)


@cache
def settle_at_exit() -> None:
    """At exit, wait until no native thread is reporting to an event loop: no time at all in most runs, 2 s at most.

    Native form: none needed once pyqwest waits for its threads itself; a process that exits through `os._exit` or by a
    signal is not concerned.
    """
    atexit.register(_wait_for_reports)
