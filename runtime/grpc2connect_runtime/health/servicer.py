"""`grpc_health.v1.health.HealthServicer`, for programs with threads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .statuses import Statuses

__all__ = ["HealthServicer"]


class HealthServicer:
    """Says which services serve; `set` tells it, from any thread.

    `server.add_service(HealthASGIApplication, HealthServicer())` serves it, and any ASGI server can. `check`, `list`
    and `watch` are its handlers: they hold no thread. `Check`, `List` and `Watch` are for those who call it themselves.

    Args:
        experimental_non_blocking: ignored; watching never holds a thread.
        experimental_thread_pool: ignored.

    Native form: this class; connectrpc 0.13 has no health service.

    Source: `grpc_health.v1.health.HealthServicer`, grpcio-health-checking 1.85, whose `List` is not implemented and
    whose sync `Watch` also tells that a status was set to what it was.
    """

    def __init__(self, experimental_non_blocking: bool = True, experimental_thread_pool: Any = None) -> None:
        """Make one; the server as a whole (`OVERALL_HEALTH`) serves."""
        self._statuses = Statuses()

    def set(self, service: str, status: int) -> None:
        """Set the status of a service; ignored after `enter_graceful_shutdown`.

        Args:
            service: its full name, or `OVERALL_HEALTH`.
            status: a value of `HealthCheckResponse.ServingStatus`, of this package or of generated code.
        """
        self._statuses.set(service, status)

    def enter_graceful_shutdown(self) -> None:
        """Set all that is known to NOT_SERVING, for good."""
        self._statuses.finish()

    def Check(self, request: Any, context: Any) -> Any:
        """Return the status of one service.

        Raises:
            ConnectError: NOT_FOUND, if nothing is known of it.
        """
        return self._statuses.check(request)

    def List(self, request: Any, context: Any) -> Any:
        """Return the statuses of all services."""
        return self._statuses.all()

    def Watch(self, request: Any, context: Any) -> Iterator[Any]:
        """Yield the status of one service and its changes, until the RPC of `context` ends."""
        return self._statuses.watch_in_thread(request, context.add_callback)

    async def check(self, request: Any, context: Any) -> Any:
        """Handle Check."""
        return self._statuses.check(request)

    async def list(self, request: Any, context: Any) -> Any:
        """Handle List."""
        return self._statuses.all()

    def watch(self, request: Any, context: Any, send_response_callback: Any = None) -> Any:
        """Handle Watch: with grpcio's callback where the server has one to give, else as an async generator."""
        if send_response_callback is None:
            return self._statuses.watch(request)
        return self._statuses.tell(request, send_response_callback, context.add_callback)


# As in grpcio: a server calls it with a callback, and so needs no thread until it ends.
setattr(HealthServicer.watch, "experimental_non_blocking", True)  # noqa: B010
