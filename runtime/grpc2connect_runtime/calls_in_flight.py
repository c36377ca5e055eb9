"""The calls of a channel, so that closing it ends them as grpcio does: pyqwest's transports let them go on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from .transports import CallRecord

__all__ = ["CallsInFlight"]


class CallsInFlight:
    """The calls that a channel makes, until it is closed. For any thread."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._records: set[CallRecord] = set()
        self._closed = False
        self._on_idle: Callable[[], object] | None = None

    def add(self, record: CallRecord) -> bool:
        """Note that a call begins; return False if the channel was closed before."""
        with self._lock:
            if not self._closed:
                self._records.add(record)
            return record in self._records

    def has(self, record: CallRecord) -> bool:
        """Whether a call was begun before the channel was closed, and has not ended."""
        with self._lock:
            return record in self._records

    def remove(self, record: CallRecord) -> None:
        """Note that a call has ended."""
        with self._lock:
            self._records.discard(record)
            on_idle = None if self._records else self._on_idle
        if on_idle is not None:
            on_idle()

    def close(self) -> None:
        """Refuse further calls."""
        with self._lock:
            self._closed = True

    def end(self) -> list[CallRecord]:
        """Mark the calls that there are as ended by their channel; return them."""
        self.close()
        with self._lock:
            records, self._records = list(self._records), set()
        for record in records:
            record.ended_by_channel = True
            record.give_up()
        return records

    async def wait(self, seconds: float) -> None:
        """Wait until there are none, for so long at most."""
        idle = asyncio.Event()
        loop = asyncio.get_running_loop()
        with self._lock:
            if not self._records:
                return
            self._on_idle = lambda: loop.call_soon_threadsafe(idle.set)
        try:
            async with asyncio.timeout(seconds):
                await idle.wait()
        except TimeoutError:
            pass
