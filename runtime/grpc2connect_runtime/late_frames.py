"""Keeps a hypercorn connection alive when a request goes on after its response has ended.

A gRPC handler may end its call (abort, return early) while its client still sends. In hypercorn 0.18 with h2 4.4:

* hypercorn forgets an HTTP/2 stream as soon as its response ends, and a DATA frame of that stream that comes in later
  is a KeyError that closes the connection, with every other call on it;
* after trailers, which end the stream, hypercorn ends it a second time; h2 takes the stream for broken from then on and
  resets it (STREAM_CLOSED) at the next frame, which may overtake the status at the client.

Nothing in hypercorn's configuration avoids either. So the table of streams of each connection gets an entry for
forgotten ones, which drops what it gets, and the second end is left out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from hypercorn.protocol.events import Trailers

__all__ = ["tolerate_late_frames"]


class _Forgotten:
    """A stream that has ended."""

    idle = True

    async def handle(self, event: Any) -> None:
        """Drop a late frame."""


class _Streams(dict[int, Any]):
    """A connection's streams; knows those whose end went out with their trailers."""

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


def _note_trailers(streams: _Streams, send: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    async def noting(event: Any) -> None:
        if isinstance(event, Trailers):
            streams.ended.add(event.stream_id)
        await send(event)

    return noting


def tolerate_late_frames(send: Any) -> None:
    """Prepare the connection behind an ASGI `send` of hypercorn; does nothing for HTTP/1 or another server."""
    stream = getattr(send, "__self__", None)
    connection = getattr(getattr(stream, "send", None), "__self__", None)
    streams = getattr(connection, "streams", None)
    protocol = getattr(connection, "connection", None)
    if stream is None or connection is None or protocol is None or not isinstance(streams, dict):
        return
    if not isinstance(streams, _Streams):
        streams = _Streams(streams)
        connection.streams = streams
        protocol.end_stream = _end_once(streams, protocol.end_stream)
    stream.send = _note_trailers(streams, stream.send)
