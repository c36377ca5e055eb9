"""The stream of requests of a call that never got a connection: grpcio has asked for one of them all the same.

grpcio asks for the first request at once, while it connects, and pyqwest once there is a connection. What a program
does in its iterator before it gives a request (a line that it prints, something that it takes from a queue) is done
either way.

Source: `grpc._channel._consume_request_iterator`, `grpc.aio._call._StreamRequestMixin`, grpcio 1.85.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

from pyqwest import Request, SyncRequest

__all__ = ["AsyncRequestBody", "RequestBody", "noted", "noted_async"]

_MOMENT_S = 0.2
"""How long what fails waits for what the program does: grpcio does not wait, but has begun earlier."""


class RequestBody:
    """A body from an iterator, of which is known whether it was asked for."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._asked = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._asked = True
        return next(self._source)

    def close(self) -> None:
        """Close the iterator, unless it may still be asked."""
        if self._asked:
            self._close()

    def _close(self) -> None:
        close = getattr(self._source, "close", None)
        if close is not None:
            close()

    def ask_once(self) -> None:
        """Ask for one request if none was asked for; there is no connection to send it by."""
        if self._asked:
            return
        self._asked = True
        asking = threading.Thread(target=self._ask, name="rpc-requests", daemon=True)
        asking.start()
        asking.join(_MOMENT_S)

    def _ask(self) -> None:
        with contextlib.suppress(Exception):
            next(self._source, None)
            self._close()


class AsyncRequestBody:
    """As `RequestBody`, from an async iterator."""

    def __init__(self, source: AsyncIterator[bytes]) -> None:
        self._source = source
        self._asked = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self._asked = True
        return await anext(self._source)

    async def aclose(self) -> None:
        """Close the iterator, unless it may still be asked."""
        if self._asked:
            await self._close()

    async def _close(self) -> None:
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()

    async def ask_once(self) -> None:
        """As `RequestBody.ask_once`."""
        if self._asked:
            return
        self._asked = True
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_MOMENT_S):
                await anext(self._source, None)
            await self._close()


def noted(request: SyncRequest) -> tuple[SyncRequest, RequestBody | None]:
    """Return a request whose body notes whether it was asked for, and that body; None where it is there as a whole."""
    content: Any = request.content
    if isinstance(content, bytes):
        return request, None
    body = RequestBody(iter(content))
    return SyncRequest(request.method, request.url, request.headers, body), body


def noted_async(request: Request) -> tuple[Request, AsyncRequestBody | None]:
    """As `noted`."""
    content: Any = request.content
    if isinstance(content, bytes):
        return request, None
    body = AsyncRequestBody(aiter(content))
    return Request(request.method, request.url, request.headers, body), body
