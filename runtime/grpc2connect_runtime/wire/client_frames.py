"""gRPC's frames: what an HTTP body has around each message, and grpcio's calls have not.

Source: gRPC over HTTP/2, "Length-Prefixed-Message": a byte of flags, four bytes of length, the message.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

__all__ = ["Frames", "async_messages", "frame", "messages"]

_PREFIX = 5
_COMPRESSED = 1
_GZIP = 16 + zlib.MAX_WBITS


def frame(message: bytes) -> bytes:
    """Return a message as a frame, not compressed."""
    return b"\0" + len(message).to_bytes(4, "big") + message


class Frames:
    """The messages of a body that comes in chunks of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """Take a chunk; return the messages that are complete, decompressed.

        Raises:
            zlib.error: a frame is marked as compressed and is not gzip.
        """
        buffer = self._buffer
        buffer += chunk
        while len(buffer) >= _PREFIX:
            end = _PREFIX + int.from_bytes(buffer[1:_PREFIX], "big")
            if len(buffer) < end:
                return
            compressed, message = buffer[0] & _COMPRESSED, bytes(memoryview(buffer)[_PREFIX:end])
            del buffer[:end]
            yield zlib.decompress(message, _GZIP) if compressed else message


def messages(body: bytes | Iterable[Any]) -> Iterator[bytes]:
    """Return the messages of a body, each as soon as it is complete."""
    frames = Frames()
    chunks: Iterable[Any] = (body,) if isinstance(body, bytes) else body
    for chunk in chunks:
        yield from frames.feed(chunk)


async def async_messages(body: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    """As `messages`, for a body that is read without blocking."""
    frames = Frames()
    async for chunk in body:
        for message in frames.feed(chunk):
            yield message
