"""What a stream's client has not made room for yet.

hypercorn 0.18 lets the application go on as soon as anything, even nothing, has been taken out of its own buffer: the
answers to a client that does not read pile up in memory, hundreds of MB in a second. This one has the same methods, and
lets a writer go on only when most of what it wrote has gone out.
"""

from __future__ import annotations

import asyncio

from hypercorn.protocol.h2 import BufferCompleteError

__all__ = ["ResponseBuffer"]

_HIGH = 1 << 16
_LOW = _HIGH // 2


class ResponseBuffer:
    """A stream's data on the way from the application to hypercorn's sending task."""

    def __init__(self) -> None:
        """Make one without data."""
        self._data = bytearray()
        self._ended = False
        self._is_empty = asyncio.Event()
        self._is_empty.set()
        self._has_room = asyncio.Event()

    def __len__(self) -> int:
        return len(self._data)

    @property
    def complete(self) -> bool:
        """Whether nothing is left and nothing more will come."""
        return self._ended and not self._data

    def set_complete(self) -> None:
        """Nothing more will come."""
        self._ended = True

    def abandon(self) -> None:
        """Drop everything: the stream has ended."""
        self._ended = True
        self._data.clear()
        self._is_empty.set()
        self._has_room.set()

    async def close(self) -> None:
        """As `abandon`."""
        self.abandon()

    async def drain(self) -> None:
        """Wait until everything has been taken."""
        await self._is_empty.wait()

    async def push(self, data: bytes) -> None:
        """Add data, and wait while too much is there.

        Raises:
            BufferCompleteError: the stream has ended.
        """
        if self._ended:
            raise BufferCompleteError
        self._data += data
        self._is_empty.clear()
        if len(self._data) >= _HIGH:
            self._has_room.clear()
            await self._has_room.wait()

    async def pop(self, max_length: int) -> bytes:
        """Take at most so many bytes."""
        data = bytes(self._data[:max_length])
        del self._data[:max_length]
        if len(self._data) < _LOW:
            self._has_room.set()
        if not self._data:
            self._is_empty.set()
        return data
