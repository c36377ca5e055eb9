"""One HTTP exchange of the server: early response headers, and whether the server ended it.

connectrpc 0.13 sends headers with the first message; gRPC's `send_initial_metadata` sends them at once, and clients
wait for them before they write. The dispatcher keeps one of these per request in a context variable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from connectrpc.request import Headers

Send = Callable[[Any], Awaitable[None]]


class Exchange:
    """An ASGI `send` whose response start can be sent early; a later one is then dropped."""

    def __init__(self, send: Send, content_type: str) -> None:
        self._send = send
        self._content_type = content_type
        self._lock = asyncio.Lock()
        self.started = False
        self.stopped = False

    @property
    def is_grpc(self) -> bool:
        """Whether the protocol is gRPC over HTTP/2, whose headers are known before the first message."""
        return self._content_type == "application/grpc" or self._content_type.startswith("application/grpc+")

    @property
    def tells_deadline(self) -> bool:
        """Whether the client is told that the deadline has passed; grpcio tells its clients itself."""
        return True

    async def __call__(self, message: Any) -> None:
        async with self._lock:
            if message["type"] == "http.response.start":
                if self.started:
                    return
                self.started = True
            await self._send(message)

    async def flush(self, response_headers: Headers) -> None:
        """Start the response with these headers, unless it has been started."""
        content_type = "application/grpc+proto" if self._content_type == "application/grpc" else self._content_type
        fields = [(b"content-type", content_type.encode()), (b"grpc-encoding", b"identity")]
        fields += [(key.encode(), value.encode()) for key, value in response_headers.allitems()]
        if self.started:
            return
        await self({"type": "http.response.start", "status": 200, "headers": fields, "trailers": True})
        await self({"type": "http.response.body", "body": b"", "more_body": True})


current_exchange: ContextVar[Exchange | None] = ContextVar("grpc2connect_exchange", default=None)
