"""Responses without a message and without metadata of their own: one HEADERS frame, as grpcio sends them.

connectrpc 0.13 sends such a response as headers and trailers. That is as good gRPC, but grpc.aio's client, on a busy
machine, reported INTERNAL "Internal error from Core" for about 1 call in 100 where it still sent while the two came in
(grpcio 1.85; also from a grpcio server whose handler sends initial metadata before it aborts). In one frame it was 1 in
4,000, and with the client told to stop (`http2`) none in 30,000. grpcio's own server does both: where the initial
metadata is empty, it makes the status part of the headers.

Source: gRPC over HTTP/2, "Responses" (Trailers-Only); grpc C core, `chttp2/transport/writing.cc`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["TrailersOnly"]

Send = Callable[[Any], Awaitable[None]]
_OF_MESSAGES = frozenset({b"content-type", b"grpc-encoding"})


class TrailersOnly:
    """An ASGI `send` for a gRPC call that holds back plain response headers until it knows what follows.

    A body with `more_body` sends them on, even if it is empty.
    """

    def __init__(self, send: Send, end_with_headers: Callable[[], None]) -> None:
        """Wrap `send`; `end_with_headers` makes the next response headers end the stream."""
        self._send = send
        self._end_with_headers = end_with_headers
        self._held: list[Any] = []

    async def __call__(self, message: Any) -> None:
        """Send one ASGI message, or hold it back."""
        kind = message["type"]
        if kind == "http.response.start":
            names = {name for name, _ in message["headers"]}
            if b"grpc-status" in names:
                self._end_with_headers()
            elif message.get("trailers") and names <= _OF_MESSAGES:
                self._held.append(message)
                return
        elif kind == "http.response.body" and len(self._held) == 1:
            if not message.get("body") and not message.get("more_body"):
                self._held.append(message)
                return
        elif kind == "http.response.trailers" and len(self._held) == 2 and not message.get("more_trailers"):
            await self._send_as_one(message)
            return
        held, self._held = self._held, []
        for earlier in held:
            await self._send(earlier)
        await self._send(message)

    async def _send_as_one(self, trailers: Any) -> None:
        (start, body), self._held = self._held, []
        content_type = [field for field in start["headers"] if field[0] == b"content-type"]
        self._end_with_headers()
        await self._send({**start, "headers": [*content_type, *trailers["headers"]], "trailers": False})
        await self._send(body)
