"""How hypercorn ends an HTTP/2 stream, made fit for gRPC.

A gRPC handler may end its call (abort, return early) while its client still sends. In hypercorn 0.18 with h2 4.4:

* hypercorn forgets an HTTP/2 stream as soon as its response ends, and a DATA frame of that stream that comes in later
  is a KeyError that closes the connection, with every other call on it;
* after trailers, which end the stream, hypercorn ends it a second time; h2 takes the stream for broken from then on and
  resets it (STREAM_CLOSED) at the next frame, which may overtake the status at the client;
* headers never end the stream, an empty DATA frame does; gRPC's Trailers-Only response is one HEADERS frame that ends;
* a client that still sends is not told to stop, and grpc.aio makes a message that fails after the end an INTERNAL
  "Internal error from Core" (see `trailers_only`).

Nothing in hypercorn's configuration avoids these. So the table of streams of each connection gets an entry for
forgotten ones, which drops what it gets; the second end is left out; headers can be told to end their stream; and after
the end a stream that its client has not ended is reset with NO_ERROR, as grpcio's server does.

Source: gRPC over HTTP/2, "Responses"; RFC 9113, section 8.1 (NO_ERROR after a complete response);
hypercorn 0.18 `protocol/h2.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from h2.errors import ErrorCodes
from hypercorn.protocol.events import Response, Trailers

__all__ = ["stream_end"]


class _Forgotten:
    """A stream that has ended."""

    idle = True

    async def handle(self, event: Any) -> None:
        """Drop a late frame."""


class _Streams(dict[int, Any]):
    """A connection's streams; knows those whose end went out with a HEADERS frame."""

    def __init__(self, streams: dict[int, Any]) -> None:
        super().__init__(streams)
        self.ended: set[int] = set()

    def __missing__(self, stream_id: int) -> _Forgotten:
        return _Forgotten()


def _end_once(streams: _Streams, end_stream: Callable[[int], None]) -> Callable[[int], None]:
    def end(stream_id: int) -> None:
        if stream_id in streams.ended:
            streams.ended.discard(stream_id)
        else:
            end_stream(stream_id)

    return end


def _stop_client(protocol: Any, stream_id: int) -> None:
    """Tell a client that still sends that nobody listens, as gRPC servers do."""
    stream = protocol.streams.get(stream_id)
    if stream is not None and not stream.closed:
        protocol.reset_stream(stream_id, ErrorCodes.NO_ERROR)


class _Stream:
    """The way of one stream's events to its connection."""

    def __init__(self, connection: Any, streams: _Streams, send: Callable[[Any], Awaitable[None]]) -> None:
        self._connection = connection
        self._streams = streams
        self._send = send
        self._headers_end = False

    def end_with_headers(self) -> None:
        """Let the response headers that come next end the stream."""
        self._headers_end = True

    async def __call__(self, event: Any) -> None:
        if isinstance(event, Trailers):
            self._streams.ended.add(event.stream_id)
        if self._headers_end and isinstance(event, Response):
            self._end_next_headers(event.stream_id)
        await self._send(event)
        if isinstance(event, Trailers):
            _stop_client(self._connection.connection, event.stream_id)
            await self._connection._flush()

    def _end_next_headers(self, stream_id: int) -> None:
        self._streams.ended.add(stream_id)
        protocol = self._connection.connection
        send_headers = protocol.send_headers

        def once(stream_id: int, headers: Any) -> None:
            protocol.send_headers = send_headers
            send_headers(stream_id, headers, end_stream=True)
            _stop_client(protocol, stream_id)

        # hypercorn calls it before it first awaits, so that it is this stream's call.
        protocol.send_headers = once


def stream_end(send: Any) -> Callable[[], None] | None:
    """Prepare the stream behind an ASGI `send` of hypercorn.

    Returns what makes the response headers that come next end the stream; None for HTTP/1 or another server.
    """
    stream = getattr(send, "__self__", None)
    connection = getattr(getattr(stream, "send", None), "__self__", None)
    streams = getattr(connection, "streams", None)
    protocol = getattr(connection, "connection", None)
    if stream is None or connection is None or protocol is None or not isinstance(streams, dict):
        return None
    if not isinstance(streams, _Streams):
        streams = _Streams(streams)
        connection.streams = streams
        protocol.end_stream = _end_once(streams, protocol.end_stream)
    way = _Stream(connection, streams, stream.send)
    stream.send = way
    return way.end_with_headers
