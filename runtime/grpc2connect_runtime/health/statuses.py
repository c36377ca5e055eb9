"""The statuses of services, and who watches them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError

from .messages import HealthCheckResponse, HealthListResponse

__all__ = ["OVERALL_HEALTH", "Statuses"]

OVERALL_HEALTH = ""
"""The name under which the whole server's status is kept; native form: the empty string."""

_Watcher = Callable[[int], Any]


class Statuses:
    """The status of each service. Its methods may be called from any thread."""

    def __init__(self) -> None:
        """Make one for a server that serves."""
        self._lock = threading.RLock()
        self._statuses: dict[str, int] = {OVERALL_HEALTH: HealthCheckResponse.SERVING}
        self._watchers: dict[str, list[_Watcher]] = {}
        self._final = False

    def set(self, service: str, status: int) -> None:
        """Set a status and tell who watches it; ignored after `finish`."""
        with self._lock:
            if self._final:
                return
            self._statuses[service] = status
            for tell in self._watchers.get(service, ()):
                tell(status)

    def finish(self) -> None:
        """Set all to NOT_SERVING, for good."""
        with self._lock:
            for service in list(self._statuses):
                self.set(service, HealthCheckResponse.NOT_SERVING)
            self._final = True

    def check(self, request: Any) -> Any:
        """Answer a `HealthCheckRequest`.

        Raises:
            ConnectError: NOT_FOUND, without a message as from grpcio: nothing is known of the service.
        """
        with self._lock:
            status = self._statuses.get(request.service)
        if status is None:
            raise ConnectError(Code.NOT_FOUND, "")
        return HealthCheckResponse(status=status)

    def all(self) -> Any:
        """Answer a `HealthListRequest`."""
        with self._lock:
            statuses = dict(self._statuses)
        return HealthListResponse(
            statuses={service: HealthCheckResponse(status=status) for service, status in statuses.items()}
        )

    def _add(self, service: str, tell: _Watcher) -> None:
        with self._lock:
            status: Any = self._statuses.get(service, HealthCheckResponse.SERVICE_UNKNOWN)
            tell(status)
            self._watchers.setdefault(service, []).append(tell)

    def _remove(self, service: str, tell: _Watcher) -> None:
        with self._lock:
            self._watchers[service].remove(tell)
            if not self._watchers[service]:
                del self._watchers[service]

    @contextmanager
    def _watched(self, service: str, tell: _Watcher) -> Iterator[None]:
        self._add(service, tell)
        try:
            yield
        finally:
            self._remove(service, tell)

    async def watch(self, request: Any) -> AsyncGenerator[Any]:
        """Answer a `HealthCheckRequest` with the status now, and each time that it changes."""
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[int] = asyncio.Queue()

        def tell(status: int) -> None:
            with suppress(RuntimeError):  # the loop is closed, and the watcher with it
                loop.call_soon_threadsafe(told.put_nowait, status)

        with self._watched(request.service, tell):
            last = None
            while True:
                status = await told.get()
                if status != last:
                    yield HealthCheckResponse(status=status)
                last = status

    def tell(self, request: Any, send: Callable[[Any], Any], on_end: Callable[[Callable[[], Any]], Any]) -> None:
        """The same by `send`, from the threads that set statuses, until what `on_end` was given is called."""

        def tell(status: int) -> None:
            send(HealthCheckResponse(status=status))

        def end() -> None:
            self._remove(request.service, tell)
            send(None)

        self._add(request.service, tell)
        on_end(end)

    def watch_in_thread(self, request: Any, on_end: Callable[[Callable[[], Any]], Any]) -> Iterator[Any]:
        """The same in a thread, until what `on_end` was given is called."""
        told: SimpleQueue[int | None] = SimpleQueue()
        on_end(lambda: told.put(None))
        with self._watched(request.service, told.put):
            last = None
            while (status := told.get()) is not None:
                if status != last:
                    yield HealthCheckResponse(status=status)
                last = status
