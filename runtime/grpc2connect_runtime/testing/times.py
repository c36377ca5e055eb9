"""The times of `grpc_testing`: one that goes by, and one that a test sets."""

from __future__ import annotations

import abc
import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["FakeTime", "RealTime", "Time", "strict_fake_time", "strict_real_time"]

_LOGGER = logging.getLogger(__name__)


class Time(abc.ABC):
    """What tells the time in a test, and calls back.

    Native form: `time` and `threading.Timer`.

    Source: `grpc_testing.Time`, grpcio-testing 1.85.
    """

    @abc.abstractmethod
    def time(self) -> float:
        """Return the seconds since the epoch."""

    @abc.abstractmethod
    def call_in(self, behavior: Callable[[], Any], delay: float) -> Any:
        """Call `behavior()` in `delay` seconds; what is returned has `cancel()`."""

    @abc.abstractmethod
    def call_at(self, behavior: Callable[[], Any], time: float) -> Any:
        """Call `behavior()` at a time, in seconds since the epoch; else as `call_in`."""

    @abc.abstractmethod
    def sleep_for(self, duration: float) -> None:
        """Wait for some seconds."""

    @abc.abstractmethod
    def sleep_until(self, time: float) -> None:
        """Wait until a time, in seconds since the epoch."""


class RealTime(Time):
    """Time as it goes by.

    Native form: `time` and `threading.Timer`.

    Source: `grpc_testing.strict_real_time`, grpcio-testing 1.85.
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


class FakeTime(Time):
    """Time that stands still until the test moves it on.

    What was to be called in the time that is slept through is called, on another thread, before the sleep returns.

    Native form: a clock of the test's own, which the code under test is given.

    Source: `grpc_testing.strict_fake_time`, grpcio-testing 1.85.
    """

    def __init__(self, now: float) -> None:
        """Begin at a time, in seconds since the epoch."""
        self._now = now
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, _Appointment]] = []

    def time(self) -> float:
        """Return the seconds since the epoch."""
        return self._now

    def call_in(self, behavior: Callable[[], Any], delay: float) -> _Appointment:
        """Call `behavior()` when `delay` seconds have been slept through; what is returned has `cancel()`."""
        return self.call_at(behavior, self._now + delay)

    def call_at(self, behavior: Callable[[], Any], time: float) -> _Appointment:
        """Call `behavior()` once it is a time, in seconds since the epoch, and now if it is later; as `call_in`."""
        made = _Appointment(behavior)
        with self._lock:
            later = time > self._now
            if later:
                heapq.heappush(self._due, (time, next(self._numbers), made))
        if not later:
            _call((made,))
        return made

    def sleep_for(self, duration: float) -> None:
        """Let some seconds go by."""
        self.sleep_until(self._now + duration)

    def sleep_until(self, time: float) -> None:
        """Let the time go by until one, in seconds since the epoch; one that has been changes nothing."""
        due = []
        with self._lock:
            self._now = max(self._now, time)
            while self._due and self._due[0][0] <= self._now:
                due.append(heapq.heappop(self._due)[2])
        _call(due)


class _Appointment:
    """What is called once, unless it is cancelled before."""

    def __init__(self, behavior: Callable[[], Any]) -> None:
        self._behavior = behavior
        self._lock = threading.Lock()
        self._called = self._cancelled = False

    def cancel(self) -> bool:
        """Whether it will not be called, which is too late to say once it has been."""
        with self._lock:
            self._cancelled = not self._called
            return self._cancelled

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._cancelled

    def __call__(self) -> None:
        """Call it; what it raises is logged, so that the others are called."""
        with self._lock:
            if self._cancelled:
                return
            self._called = True
        try:
            self._behavior()
        except Exception:
            _LOGGER.exception("%r was to be called at a time, and failed", self._behavior)


def _call(appointments: Iterable[_Appointment]) -> None:
    for one in appointments:
        thread = threading.Thread(target=one, daemon=True)
        thread.start()
        thread.join()


def strict_real_time() -> RealTime:
    """Return the time as it goes by, for `server_from_dictionary`.

    Native form: none is needed.

    Source: `grpc_testing.strict_real_time`, grpcio-testing 1.85.
    """
    return RealTime()


def strict_fake_time(now: float) -> FakeTime:
    """Return a time that the test sets, for `server_from_dictionary`: deadlines of its RPCs go by it.

    Args:
        now: the time at first, in seconds since the epoch.

    Native form: a short timeout; or a clock of the test's own, which the code under test is given.

    Source: `grpc_testing.strict_fake_time`, grpcio-testing 1.85.
    """
    return FakeTime(now)
