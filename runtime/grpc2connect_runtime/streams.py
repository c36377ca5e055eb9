"""Message streams between the event loop, where connectrpc runs, and handlers in tasks and threads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError

from .errors import AIO_FORM, CallError

__all__ = ["EOF", "AsyncRequests", "CallbackSender", "Outbox", "RequestFeed", "SyncRequests"]


class _EOF:
    """The type of `EOF`, which equals grpcio's: a stand-in for a call may go on giving that."""

    def __eq__(self, other: object) -> bool:
        return type(other).__name__ == "_EOF"

    def __hash__(self) -> int:
        return hash("EOF")

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "<EOF>"


EOF = _EOF()
"""What `read()` returns at the end of a stream; equal to `grpc.aio.EOF`, which it stands for.

Native form: the end of an `async for`.

Source: `grpc.aio.EOF`, grpcio 1.85.
"""


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


class RequestFeed:
    """Reads a request stream one message ahead, so that a client that goes away is noticed without a read.

    One that has sent more than that before it goes has to be told of by `client_left`.
    """

    def __init__(
        self,
        source: AsyncIterator[Any],
        on_error: Callable[[ConnectError], ConnectError],
        decode: Callable[[Any], Any] = lambda message: message,
        show: Callable[[CallError], CallError] = lambda error: error,
    ) -> None:
        self._source = source
        self._decode = decode
        self._keeps = True
        self._on_error = on_error
        self._show = show
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._space = asyncio.Semaphore(1)
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            async for message in self._source:
                if not self._keeps:
                    continue
                await self._space.acquire()
                self._queue.put_nowait(self._decode(message))
            self._queue.put_nowait(EOF)
        except ConnectError as error:
            self._queue.put_nowait(_Failure(self._on_error(error)))
        except Exception as error:
            self._queue.put_nowait(_Failure(error))

    def client_left(self) -> None:
        """The client has gone: what comes after the messages that have been read is an error."""
        if not self._task.done():
            self._task.cancel()
            gone = self._on_error(ConnectError(Code.CANCELED, "Client disconnected before request completion"))
            self._queue.put_nowait(_Failure(gone))

    async def next(self) -> Any:
        """Return the next message, or EOF at the end."""
        item = await self._queue.get()
        if item is EOF:
            self._queue.put_nowait(item)
            return EOF
        if isinstance(item, _Failure):
            self._queue.put_nowait(item)
            raise item.error
        self._space.release()
        return item

    async def only(self, method: str) -> Any:
        """Return the first message, and read on without keeping anything, so that a client that leaves is noticed.

        Raises:
            ConnectError: there is none.
        """
        message = await self.next()
        if message is EOF:
            raise ConnectError(Code.UNIMPLEMENTED, f'"{method}" requires exactly one request message.')
        self._keeps = False
        self._space.release()
        return message

    async def close(self) -> None:
        """Stop reading; whoever still waits for a message gets CANCELLED."""
        self._task.cancel()
        await asyncio.wait([self._task])
        ended = CallError(Code.CANCELED, "RPC ended", form=AIO_FORM)
        self._queue.put_nowait(_Failure(self._show(ended)))


class SyncRequests:
    """The request stream as the blocking iterator that a sync handler expects."""

    def __init__(self, feed: RequestFeed, loop: asyncio.AbstractEventLoop) -> None:
        self._feed = feed
        self._loop = loop

    def __iter__(self) -> SyncRequests:
        return self

    def __next__(self) -> Any:
        message = asyncio.run_coroutine_threadsafe(self._feed.next(), self._loop).result()
        if message is EOF:
            raise StopIteration
        return message

    next = __next__


class AsyncRequests:
    """The request stream as the async iterator that an async handler expects."""

    def __init__(self, feed: RequestFeed) -> None:
        self._feed = feed

    def __aiter__(self) -> AsyncRequests:
        return self

    async def __anext__(self) -> Any:
        message = await self._feed.next()
        if message is EOF:
            raise StopAsyncIteration
        return message


class Outbox:
    """Hands response messages to the loop, each waiting until it has been sent."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[Any, asyncio.Future[None]] | None] = asyncio.Queue()
        self._closed = False
        self._loop = asyncio.get_running_loop()

    async def write(self, message: Any) -> None:
        """Send a message.

        Raises:
            CallError: the RPC is over.
        """
        if self._closed:
            raise CallError(Code.CANCELED, "RPC ended", form=AIO_FORM)
        sent = self._loop.create_future()
        self._queue.put_nowait((message, sent))
        await sent

    def finish(self) -> None:
        """End the stream after what has been written."""
        self._queue.put_nowait(None)

    def close(self) -> None:
        """Refuse further messages and release those who wait."""
        self._closed = True
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if item is not None and not item[1].done():
                item[1].set_exception(CallError(Code.CANCELED, "RPC ended", form=AIO_FORM))

    async def messages(self) -> AsyncGenerator[Any]:
        """Iterate over the messages; one counts as sent when the next is asked for."""
        sent: asyncio.Future[None] | None = None
        try:
            while (item := await self._queue.get()) is not None:
                message, sent = item
                yield message
                if not sent.done():
                    sent.set_result(None)
        finally:
            if sent is not None and not sent.done():
                sent.set_exception(CallError(Code.CANCELED, "RPC ended", form=AIO_FORM))
            self.close()


class CallbackSender:
    """What a handler with `experimental_non_blocking` calls, from any thread, with each response and at last None.

    Source: `grpc._server._stream_response_in_pool`, grpcio 1.85.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    def __call__(self, response: Any) -> None:
        # A closed loop: the server has stopped, nobody listens.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._queue.put_nowait, response)

    async def write_all(self, outbox: Outbox) -> None:
        """Send what the handler gives, until it gives None."""
        while (response := await self._queue.get()) is not None:
            await outbox.write(response)
