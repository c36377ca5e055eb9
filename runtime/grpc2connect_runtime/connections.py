"""What hypercorn's TCP server must do besides: let go of closed connections, and say who is at the other end.

What this package takes from inside hypercorn is here and in `http2`. hypercorn 0.18 has no setting for either:

- It waits for a connection's idle timeout before it closes its own side, even when the client is gone (as every grpcio
  client, curl and TCP health probe goes: without GOAWAY). gRPC's connections idle as long as they like; each that is
  left behind would keep a socket and three tasks. And it makes and ends a task for that timeout around each call. So
  the TCP server gets a read loop that ends the wait, and waits for the server's end only.
- It lacks ASGI's TLS extension. The application runs in tasks that the connection's own task starts, so a context
  variable that is set there reaches it.
"""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar
from functools import cache
from typing import Any

import hypercorn.asyncio.run as hypercorn_run
from hypercorn.events import Updated

from .auth_context import AuthContext, auth_context_of

__all__ = ["current_auth_context", "extend_connections"]

_log = logging.getLogger(__name__)

current_auth_context: ContextVar[AuthContext | None] = ContextVar("grpc2connect_auth_context", default=None)
"""The security of the connection that the current call came by; None where another server accepted it."""


@cache
def extend_connections() -> bool:
    """Make hypercorn's TCP server do so, once per process; return whether it could be done."""
    names: Any = vars(hypercorn_run)
    base: Any = names.get("TCPServer")
    if not (hasattr(base, "_read_data") and hasattr(base, "run")):  # another hypercorn: its own affair
        _log.warning("this version of hypercorn is not known: handlers will not see who their clients are")
        return False

    class TCPServer(base):  # type: ignore[misc]
        """A TCP server that knows its clients, and whose connections end with them or with the server."""

        async def run(self) -> None:
            current_auth_context.set(auth_context_of(self.writer.get_extra_info("ssl_object")))
            await super().run()

        async def _read_data(self) -> None:
            await super()._read_data()
            await self.idle_task.stop()

        async def _idle_timeout(self) -> None:
            await self.context.terminated.wait()
            await asyncio.shield(self._initiate_server_close())

        async def protocol_send(self, event: Any) -> None:
            if not isinstance(event, Updated):
                await super().protocol_send(event)

    names["TCPServer"] = TCPServer
    return True
