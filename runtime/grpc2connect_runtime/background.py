"""HTTP exchanges for threads that wait, which another thread can end at any time.

pyqwest 0.12's sync transport cannot be interrupted before the response headers are there: a gRPC call that waits for
its answer could be given up, and its server would work on. What its async transport waits for can be cancelled, which
resets the stream. So calls that may be cancelled run there, on an event loop in a thread of its own for all of them.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent import futures
from functools import cache
from typing import Any

from pyqwest import HTTPTransport, Request, Response, SyncRequest, SyncResponse

from .answers import answer_to
from .at_exit import settle_at_exit

__all__ = ["Exchange", "close_in_background"]

_AHEAD = 16
"""The chunks that are read before a thread wants them; the event loop is told of every eighth that was taken."""


_first = threading.Lock()


def _loop() -> asyncio.AbstractEventLoop:
    with _first:  # threads that make their first calls at the same time would each make one
        return _made_loop()


@cache
def _made_loop() -> asyncio.AbstractEventLoop:
    settle_at_exit()
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="rpc-exchanges", daemon=True).start()
    return loop


def close_in_background(transport: HTTPTransport) -> None:
    """Close a transport of exchanges, without waiting for it."""

    async def close() -> None:
        await transport.aclose()

    asyncio.run_coroutine_threadsafe(close(), _loop())


class Exchange:
    """One request and its response."""

    def __init__(self, transport: HTTPTransport, request: SyncRequest, timeout: float | None) -> None:
        """Begin it.

        Args:
            transport: used on the event loop of this module only.
            request: with a body that may block; a thread of its own reads it.
            timeout: for all of it, in seconds.
        """
        self._transport = transport
        self._timeout = timeout
        self._started: futures.Future[Response] = futures.Future()
        self._chunks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._room = asyncio.Semaphore(_AHEAD)
        self._taken = 0
        self._over = False
        content: Any = request.content
        body = content if isinstance(content, bytes) else _Body(content).chunks()
        made = Request(request.method, request.url, request.headers, body)
        self._running = asyncio.run_coroutine_threadsafe(self._run(made), _loop())

    async def _run(self, request: Request) -> None:
        end: BaseException = StopIteration()
        try:
            async with asyncio.timeout(self._timeout):
                response = await answer_to(self._transport.execute(request))
                try:
                    self._started.set_result(response)
                    async for chunk in response.content:
                        await self._room.acquire()
                        self._chunks.put(bytes(chunk))
                finally:
                    await response.aclose()
        except asyncio.CancelledError:
            end = ConnectionError("the exchange was ended")
            raise
        except Exception as error:
            end = error
        finally:
            if not self._started.done():
                self._started.set_exception(end)
            self._chunks.put(end)

    def response(self, wait: Callable[[futures.Future[Response]], Response] | None = None) -> SyncResponse:
        """Wait for the response headers.

        Args:
            wait: waits for them; None where they are to be waited for as long as it takes.

        Raises:
            ConnectionError: there is no connection, or `cancel` was called.
            TimeoutError: the time is over.
        """
        try:
            found = self._started.result() if wait is None else wait(self._started)
        except BaseException:
            self.cancel()
            raise
        return SyncResponse(
            status=found.status,
            http_version=found.http_version,
            headers=found.headers,
            content=_Content(self),
            trailers=found.trailers,
        )

    def chunk(self) -> bytes:
        """Wait for the next chunk of the response.

        Raises:
            StopIteration: there is none.
            TimeoutError: the time is over.
        """
        if self._over:
            raise StopIteration
        found = self._chunks.get()
        if isinstance(found, BaseException):
            self._over = True
            raise found
        self._taken += 1
        if self._taken == _AHEAD // 2:
            self._taken = 0
            _loop().call_soon_threadsafe(self._make_room)
        return bytes(found)

    def _make_room(self) -> None:
        for _ in range(_AHEAD // 2):
            self._room.release()

    def cancel(self) -> None:
        """Reset the stream unless it has ended; who waits gets ConnectionError. For any thread."""
        self._running.cancel()


class _Content(Iterator[bytes]):
    """The body of a response."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def __next__(self) -> bytes:
        return self._exchange.chunk()

    def close(self) -> None:
        self._exchange.cancel()


class _Body:
    """The body of a request, from an iterator that may block: a thread reads it, one chunk each time it is asked.

    A thread that is blocked in the iterator when the call ends goes on when the iterator does, as in grpcio.
    """

    def __init__(self, source: Any) -> None:
        self._source = iter(source)
        self._wanted = threading.Semaphore(0)
        self._over = False

    def _read(self, put: Any) -> None:
        try:
            while self._wanted.acquire() and not self._over:
                put(next(self._source))
        except StopIteration:
            put(None)
        except BaseException as error:
            put(error if isinstance(error, Exception) else ConnectionError(repr(error)))
        finally:
            close = getattr(self._source, "close", None)
            if close is not None:
                close()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate over the chunks."""
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[Any] = asyncio.Queue()

        def put(chunk: Any) -> None:
            loop.call_soon_threadsafe(chunks.put_nowait, chunk)

        threading.Thread(target=self._read, args=(put,), name="rpc-requests", daemon=True).start()
        try:
            while True:
                self._wanted.release()
                chunk = await chunks.get()
                if chunk is None:
                    return
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk
        finally:
            self._over = True
            self._wanted.release()
