"""The requests of async calls with a stream of them: what `write` sends, or what an iterator of either colour gives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any

from .streams import EOF

__all__ = ["RequestQueue", "iterate", "noting"]


class RequestQueue:
    """The requests that `write` sends."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue(1)
        self.closed = False

    async def put(self, request: Any) -> None:
        await self._queue.put(request)

    async def close(self) -> None:
        self.closed = True
        await self._queue.put(EOF)

    async def requests(self) -> AsyncIterator[Any]:
        while (request := await self._queue.get()) is not EOF:
            yield request


async def iterate(requests: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Any]:
    """Iterate over requests of either colour, as grpc.aio does."""
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            yield request
        return
    for request in requests:
        yield request


async def noting(requests: AsyncIterator[Any], asked: asyncio.Event) -> AsyncIterator[Any]:
    """Iterate, and note that the first one is asked for."""
    asked.set()
    async for request in requests:
        yield request
