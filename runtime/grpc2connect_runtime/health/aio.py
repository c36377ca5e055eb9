"""`grpc_health.v1.health.aio`, for programs on asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from .statuses import Statuses

__all__ = ["HealthServicer"]


class HealthServicer:
    """Says which services serve; `await set(...)` tells it.

    `server.add_service(HealthASGIApplication, HealthServicer())` serves it, and any ASGI server can.

    Native form: this class; connectrpc 0.13 has no health service.

    Source: `grpc_health.v1.health.aio.HealthServicer`, grpcio-health-checking 1.85, whose `List` is not implemented.
    """

    def __init__(self) -> None:
        """Make one; the server as a whole (`OVERALL_HEALTH`) serves."""
        self._statuses = Statuses()

    async def set(self, service: str, status: int) -> None:
        """Set the status of a service; ignored after `enter_graceful_shutdown`.

        Args:
            service: its full name, or `OVERALL_HEALTH`.
            status: a value of `HealthCheckResponse.ServingStatus`, of this package or of generated code.
        """
        self._statuses.set(service, status)

    async def enter_graceful_shutdown(self) -> None:
        """Set all that is known to NOT_SERVING, for good."""
        self._statuses.finish()

    async def Check(self, request: Any, context: Any) -> Any:
        """Return the status of one service.

        Raises:
            ConnectError: NOT_FOUND, if nothing is known of it.
        """
        return self._statuses.check(request)

    async def List(self, request: Any, context: Any) -> Any:
        """Return the statuses of all services."""
        return self._statuses.all()

    async def Watch(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """Yield the status of one service and its changes, without end."""
        async with aclosing(self._statuses.watch(request)) as responses:
            async for response in responses:
                yield response

    check, list, watch = Check, List, Watch
