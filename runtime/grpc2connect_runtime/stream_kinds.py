"""Which sides of a method stream."""

from __future__ import annotations

from connectrpc.method import StreamType

__all__ = ["METHOD_NAMES", "streams_requests", "streams_responses"]

METHOD_NAMES = {
    StreamType.UNARY: "unary_unary",
    StreamType.SERVER_STREAM: "unary_stream",
    StreamType.CLIENT_STREAM: "stream_unary",
    StreamType.BIDI_STREAM: "stream_stream",
}
"""gRPC's names of the kinds: what a channel makes multi-callables by, and a method handler's behaviour."""


def streams_requests(kind: StreamType) -> bool:
    """Return whether clients send a stream of requests to methods of a kind."""
    return kind in (StreamType.CLIENT_STREAM, StreamType.BIDI_STREAM)


def streams_responses(kind: StreamType) -> bool:
    """Return whether servers send a stream of responses from methods of a kind."""
    return kind in (StreamType.SERVER_STREAM, StreamType.BIDI_STREAM)
