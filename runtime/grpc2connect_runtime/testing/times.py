"""The time of `grpc_testing`, where it is real."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["RealTime", "strict_real_time"]


class RealTime:
    """Time as it goes by; for servers of tests, which know no other.

    Native form: `time` and `threading.Timer`.

    Source: `grpc_testing.Time`, grpcio-testing 1.85.
    """

    def time(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    def call_in(self, behavior: Callable[[], Any], delay: float) -> threading.Timer:
        """Call `behavior()` in `delay` seconds, on a thread of its own; what is returned has `cancel()`."""
        timer = threading.Timer(delay, behavior)
        timer.daemon = True
        timer.start()
        return timer

    def call_at(self, behavior: Callable[[], Any], time: float) -> threading.Timer:
        """Call `behavior()` at a time, in seconds since the epoch; else as `call_in`."""
        return self.call_in(behavior, max(time - self.time(), 0))

    def sleep_for(self, duration: float) -> None:
        """Wait for some seconds."""
        time.sleep(duration)

    def sleep_until(self, time: float) -> None:
        """Wait until a time, in seconds since the epoch."""
        self.sleep_for(max(time - self.time(), 0))


def strict_real_time() -> RealTime:
    """Return the time as it goes by, for `server_from_dictionary`.

    Native form: none is needed.

    Source: `grpc_testing.strict_real_time`, grpcio-testing 1.85.
    """
    return RealTime()
