"""One HTTP exchange of the server: early response headers, and whether the server ended it.

connectrpc 0.13 sends headers with the first message; gRPC's `send_initial_metadata` sends them at once, and clients
wait for them before they write. The dispatcher keeps one of these per request in a context variable.

When a server stops it cancels its calls, and connectrpc says to the client of such a call that it was cancelled. A
handler is told from that (`interceptor`); here it is the call that waits for its client, to read or to be sent more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.request import Headers

Send = Callable[[Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]


class ServerStops(ConnectError):
    """The server ends the calls in flight. Source: the status of such a call in grpcio 1.85."""

    def __init__(self) -> None:
        super().__init__(Code.UNAVAILABLE, "Cancelling all calls")


class Exchange:
    """An ASGI `send` whose response start can be sent early; a later one is then dropped."""

    def __init__(self, send: Send, content_type: str) -> None:
        self._send = send
        self._content_type = content_type
        self._lock = asyncio.Lock()
        self._task = asyncio.current_task()
        self._left = False
        self._on_left: Callable[[], object] = lambda: None
        self.started = False
        self.stopped = False

    def left(self) -> None:
        """Note that the client has left before the response ended."""
        self._left = True
        self._on_left()

    def when_left(self, callback: Callable[[], object]) -> None:
        """Call `callback()` when the client leaves: a request that nobody reads on does not tell of it."""
        self._on_left = callback
        if self._left:
            callback()

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
            try:
                await self._send(message)
            except asyncio.CancelledError as error:
                if self.is_grpc:  # to others connectrpc alone can say how a response that has begun ends
                    self._raise_if_stopped(error)
                raise

    def receiving(self, receive: Receive) -> Receive:
        """Return a `receive` that says so if the server stops meanwhile."""

        async def received() -> Any:
            try:
                return await receive()
            except asyncio.CancelledError as error:
                self._raise_if_stopped(error)
                raise

        return received

    def _raise_if_stopped(self, error: asyncio.CancelledError) -> None:
        # Other tasks of the call are cancelled when it ends.
        if self.stopped and self._task is not None and self._task is asyncio.current_task():
            self._task.uncancel()
            raise ServerStops from error

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
