"""HTTP/2 in hypercorn, made fit for gRPC.

With hypercorn 0.18 and h2 4.4, where this package is served by hypercorn:

* hypercorn forgets an HTTP/2 stream as soon as its response ends, and a DATA frame of that stream that comes in later
  is a KeyError that closes the connection, with every other call on it. A gRPC handler may end its call (abort, return
  early) while its client still sends;
* after trailers, which end the stream, hypercorn ends it a second time; h2 takes the stream for broken from then on and
  resets it (STREAM_CLOSED) at the next frame, which may overtake the status at the client;
* headers never end the stream, an empty DATA frame does; gRPC's Trailers-Only response is one HEADERS frame that ends;
* a client that still sends is not told to stop, and grpc.aio makes a message that fails after the end an INTERNAL
  "Internal error from Core" (see `trailers_only`);
* a client may send on while its handler does not read, until a queue is full: then nothing more is read from the
  connection, for any call, and never again if that handler ends without reading;
* a client that does not read fills the server's memory (`response_buffer`);
* what is to be sent is taken out of h2 before a lock is waited for. A call that is cancelled while it waits (its
  deadline passes) takes a piece of the connection's bytes with it: the connection is broken for all calls;
* headers, message and trailers are three writes, in two tasks.

Nothing in hypercorn's configuration avoids these. So the table of streams of each connection gets an entry for
forgotten ones, which drops what it gets; the second end is left out; headers can be told to end their stream; after
the end a stream that its client has not ended is reset with NO_ERROR, as grpcio's server does; a client gets room for
more when its handler has read; and what fits is sent at once, in one write with all else of this turn of the event
loop.

Source: gRPC over HTTP/2, "Responses"; RFC 9113, sections 5.2 (flow control) and 8.1 (NO_ERROR after a complete
response); hypercorn 0.18 `protocol/h2.py`, `asyncio/tcp_server.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import hypercorn.protocol as hypercorn_protocol
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hypercorn.events import Closed, RawData
from hypercorn.protocol.events import Body, EndBody, Response, Trailers

from .response_buffer import ResponseBuffer
from .sending_order import SendingOrder

__all__ = ["STREAM", "Http2Stream", "extend_http2", "has_left", "http2_stream"]

STREAM = "grpc2connect.http2_stream"
"""Where an ASGI scope has the stream (or None), if it was prepared before middleware got hold of `send`."""

_WINDOW = (1 << 16) - 1
"""What a client may send on a stream before the handler reads, in bytes: HTTP/2's default."""
_STREAMS = 1000
"""How many such streams a connection has room for."""
_Receive = Callable[[], Awaitable[Any]]


class _Forgotten:
    """A stream that has ended."""

    idle = True

    async def handle(self, event: Any) -> None:
        """Drop a late frame."""


class _Streams(dict[int, Any]):
    """A connection's streams.

    Attributes:
        adopted: those whose events come here.
        ended: those that hypercorn's sending task is going to end a second time.
    """

    def __init__(self, streams: dict[int, Any]) -> None:
        super().__init__(streams)
        self.adopted: dict[int, Http2Stream] = {}
        self.ended: set[int] = set()

    def __missing__(self, stream_id: int) -> _Forgotten:
        return _Forgotten()

    def pop(self, stream_id: int, *default: Any) -> Any:
        """Remove a stream: it has ended, or its client has left."""
        if (adopted := self.adopted.pop(stream_id, None)) is not None:
            adopted.closed()
        return super().pop(stream_id, *default)


class _Connection:
    """A connection of hypercorn; takes over how it writes and what it lets its client send."""

    def __init__(self, connection: Any, server: Any) -> None:
        self.hypercorn = connection
        self.h2 = connection.connection
        self.streams = _Streams(connection.streams)
        self._writer: asyncio.StreamWriter = server.writer
        self._loop = asyncio.get_running_loop()
        self._will_write = False
        self._send = connection.send
        self._end_stream = self.h2.end_stream
        self._acknowledge = self.h2.acknowledge_received_data
        self._reset_stream = self.h2.reset_stream
        connection.streams = self.streams
        # Those that have something to send are found ready; the others become so when they have.
        connection.priority = SendingOrder(dict.fromkeys(connection.stream_buffers, True))
        connection.send = self._send_event
        self.h2.end_stream = self._end_stream_once
        self.h2.acknowledge_received_data = self._note_received
        self.h2.reset_stream = self._refuse_stream
        # Streams whose handlers do not read must not keep the others from sending.
        self.h2.increment_flow_control_window(_WINDOW * _STREAMS)
        self.write_soon()

    async def _send_event(self, event: Any) -> None:
        if isinstance(event, RawData):
            self._write_bytes(event.data)
            await self.drain()
            return
        if isinstance(event, Closed):
            self._write()
        await self._send(event)

    def write_soon(self) -> None:
        """Write what h2 has for the client at the end of this turn of the event loop."""
        if not self._will_write:
            self._will_write = True
            self._loop.call_soon(self._write)

    def _write(self) -> None:
        self._will_write = False
        self._write_bytes(self.h2.data_to_send())

    def _write_bytes(self, data: bytes) -> None:
        if data and not self._writer.transport.is_closing():
            self._writer.write(data)

    async def drain(self) -> None:
        """Wait while the client takes nothing."""
        try:
            await self._writer.drain()
        except (ConnectionError, RuntimeError):
            await self.hypercorn.handle(Closed())

    def _end_stream_once(self, stream_id: int) -> None:
        if stream_id in self.streams.ended:
            self.streams.ended.discard(stream_id)
        else:
            self._end_stream(stream_id)

    def _refuse_stream(self, stream_id: int) -> None:
        # So hypercorn turns down what comes in while it stops; its own code says that nothing went wrong.
        self._reset_stream(stream_id, ErrorCodes.REFUSED_STREAM)

    def _note_received(self, size: int, stream_id: int) -> None:
        adopted = self.streams.adopted.get(stream_id)
        if adopted is None:
            self._acknowledge(size, stream_id)
        else:
            adopted.unread.append(size)

    def make_room(self, size: int, stream_id: int) -> None:
        """Let the client send as much as has been read."""
        self._acknowledge(size, stream_id)
        self.write_soon()

    def reset(self, stream_id: int, why: ErrorCodes) -> None:
        """Tell a client that still sends or waits that nobody is there."""
        stream = self.h2.streams.get(stream_id)
        if stream is not None and not stream.closed:
            with contextlib.suppress(ProtocolError):
                self._reset_stream(stream_id, why)
                self.write_soon()

    def remove_buffer(self, stream_id: int) -> None:
        """Remove the buffer of a stream that hypercorn's sending task has had nothing to do with."""
        if self.hypercorn.stream_buffers.pop(stream_id, None) is not None:
            self.hypercorn.priority.remove_stream(stream_id)


class Http2Stream:
    """The way of one stream's events between hypercorn and an application.

    Attributes:
        ended: whether the end of the response has been sent with headers or trailers.
        unread: the sizes of the pieces of the request that the handler has not read.
        has_left: whether the client has left before the end of the response.
        when_left: called then.
    """

    def __init__(self, connection: _Connection, stream: Any, receive: Any) -> None:
        """Take the events of `stream` over."""
        self._connection = connection
        self._id: int = stream.stream_id
        self._pass_on: Callable[[Any], Awaitable[None]] = stream.send
        self._receive = receive
        self._buffer = ResponseBuffer()
        self._buffered = False
        self._headers_end = False
        self._finished = False
        self.ended = False
        self.has_left = False
        self.when_left: Callable[[], None] = lambda: None
        self.unread: deque[int] = deque()
        connection.hypercorn.stream_buffers[self._id] = self._buffer
        connection.streams.adopted[self._id] = self
        stream.send = self._send
        # While hypercorn waits to put something there, it reads nothing from the connection.
        if isinstance(queue := getattr(receive, "__self__", None), asyncio.Queue):
            vars(queue)["_maxsize"] = _WINDOW

    def end_with_headers(self) -> None:
        """Let the response headers that come next end the stream."""
        self._headers_end = True

    async def receive(self) -> Any:
        """Return the next ASGI message; the client may then send as much again."""
        message = await self._receive()
        if self.unread and message["type"] == "http.request":
            self._connection.make_room(self.unread.popleft(), self._id)
        return message

    def closed(self) -> None:
        """Nothing more comes or goes."""
        while self.unread:
            self._connection.make_room(self.unread.popleft(), self._id)
        self._buffer.abandon()
        if not self._buffered:
            self._connection.remove_buffer(self._id)
        if not self._finished:
            self._connection.reset(self._id, ErrorCodes.INTERNAL_ERROR)
            self.has_left = True
            self.when_left()

    async def _send(self, event: Any) -> None:
        try:
            if isinstance(event, Response):
                self._send_headers(event)
            elif isinstance(event, Body):
                await self._send_data(event)
            elif isinstance(event, Trailers):
                await self._send_trailers(event)
            elif isinstance(event, EndBody):
                await self._send_end(event)
            else:
                await self._pass_on(event)
        except (KeyError, ProtocolError):
            # The client has left.
            return

    def _send_headers(self, event: Any) -> None:
        # Without a wait: hypercorn would take the response for not begun if the call were cancelled in it.
        connection = self._connection
        fields = [(b":status", b"%d" % event.status_code), *event.headers]
        fields += connection.hypercorn.config.response_headers("h2")
        self.ended = self._headers_end
        connection.h2.send_headers(self._id, fields, end_stream=self._headers_end)
        if self.ended:
            connection.reset(self._id, ErrorCodes.NO_ERROR)
        connection.write_soon()

    async def _send_data(self, event: Any) -> None:
        h2, size = self._connection.h2, len(event.data)
        if self._buffered or size > h2.max_outbound_frame_size or size > h2.local_flow_control_window(self._id):
            self._buffered = True
            await self._pass_on(event)
            return
        h2.send_data(self._id, event.data)
        self._connection.write_soon()
        await self._connection.drain()

    async def _send_trailers(self, event: Any) -> None:
        await self._buffer.drain()
        self.ended = True
        self._connection.h2.send_headers(self._id, event.headers, end_stream=True)
        self._connection.reset(self._id, ErrorCodes.NO_ERROR)
        self._connection.write_soon()

    async def _send_end(self, event: Any) -> None:
        self._finished = True
        if self._buffered:
            if self.ended:
                self._connection.streams.ended.add(self._id)
            await self._pass_on(event)
            return
        if not self.ended:
            self.ended = True
            self._connection.h2.end_stream(self._id)
            self._connection.write_soon()
        self._connection.remove_buffer(self._id)


def http2_stream(send: Any, receive: Any) -> Http2Stream | None:
    """Prepare the HTTP/2 stream behind `send` and `receive` of an ASGI application that hypercorn runs.

    Returns None for HTTP/1, for another server, and for a stream whose client has left already.
    """
    stream, connection = _of_hypercorn(send)
    if connection is None or stream.stream_id not in connection.streams:
        return None
    taken = _taken_over(connection)
    return None if taken is None else Http2Stream(taken, stream, receive)


def has_left(send: Any) -> bool:
    """Whether the client of the HTTP/2 stream behind `send` has left before its call was begun."""
    stream, connection = _of_hypercorn(send)
    return connection is not None and stream.stream_id not in connection.streams


def _of_hypercorn(send: Any) -> tuple[Any, Any]:
    """Return hypercorn's HTTP/2 stream behind `send` and its connection; None for it if it is none."""
    stream: Any = getattr(send, "__self__", None)
    connection: Any = getattr(getattr(stream, "send", None), "__self__", None)
    is_one = isinstance(getattr(connection, "streams", None), dict) and hasattr(connection, "stream_buffers")
    return stream, connection if is_one else None


def _taken_over(connection: Any) -> _Connection | None:
    server = getattr(getattr(connection, "send", None), "__self__", None)
    if isinstance(server, _Connection):
        return server
    return _Connection(connection, server) if hasattr(server, "writer") else None


@cache
def extend_http2() -> None:
    """Take over hypercorn's connections when they begin, once per process; else it is done by their first calls.

    One that begins as the server stops has none: hypercorn says to its client that nothing went wrong, and fails at the
    request's data.
    """
    names: Any = vars(hypercorn_protocol)
    base: Any = names.get("H2Protocol")
    if not hasattr(base, "initiate"):  # another hypercorn: its own affair
        return

    class H2Protocol(base):  # type: ignore[misc]
        """A connection that is fit for gRPC from its beginning."""

        async def initiate(self, *arguments: Any, **named: Any) -> None:
            await super().initiate(*arguments, **named)
            _taken_over(self)

    names["H2Protocol"] = H2Protocol
