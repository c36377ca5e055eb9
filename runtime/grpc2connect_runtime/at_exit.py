"""A short wait at interpreter exit for processes that made async calls.

pyqwest 0.12 ends an async call on a native thread of its own, a moment after the awaiting code has gone on. When the
interpreter finalises in that moment, CPython ends the native thread and Rust aborts the process (SIGABRT, with all
output correct): 3 to 5 of 40 short runs, with connectrpc and pyqwest alone as well as through this runtime. With the
wait, none of 50. pyqwest has no public call that waits for its threads.
"""

from __future__ import annotations

import atexit
import time
from functools import cache

_SETTLE_SECONDS = 0.05


@cache
def settle_at_exit() -> None:
    """Wait 50 ms at exit, once per process, so that native threads let go of the interpreter while it is whole.

    Native form: none needed once pyqwest waits for its threads itself; a process that exits through `os._exit` or by a
    signal is not concerned.
    """
    atexit.register(time.sleep, _SETTLE_SECONDS)
