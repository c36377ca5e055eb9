"""What a server knows of itself while it is under load, and a record of the calls that its handlers started."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
from collections.abc import Iterator


class Census:
    """Counts handlers; with a file, notes there the id of each call whose handler was started."""

    def __init__(self, record: str | None = None) -> None:
        self._lock = threading.Lock()
        self._active = 0
        self._started = 0
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._record = None if record is None else os.open(record, flags)

    @contextlib.contextmanager
    def handling(self, call: str) -> Iterator[None]:
        """Around the body of a handler."""
        with self._lock:
            self._active += 1
            self._started += 1
        if self._record is not None and call:
            os.write(self._record, f"{call}\n".encode())
        try:
            yield
        finally:
            with self._lock:
                self._active -= 1

    def take(self) -> str:
        """Return the counts as JSON; without the handler that asks."""
        try:
            tasks = len(asyncio.all_tasks())
        except RuntimeError:
            tasks = -1
        with self._lock:
            counts = {"pid": os.getpid(), "active": self._active, "started": self._started, "tasks": tasks}
        return json.dumps(counts | {"threads": threading.active_count()})
