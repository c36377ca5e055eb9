"""An event loop in a thread, for code of other threads that waits for coroutines and async iterators."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any

from connectrpc.code import Code

from ..errors import CallError

__all__ = ["LoopThread"]

AddCallback = Callable[[Callable[[], Any]], Any]
_END = object()
_MOST_THREADS = 1000


class LoopThread:
    """A loop that is started when it is first needed, in a daemon thread."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        # Each user of this pool blocks a thread of the server's own, so that this many are not reached.
        self.pool = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="rpc-handler")

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="rpc-loop", daemon=True).start()
            return self._loop

    def wait(self, coroutine: Coroutine[Any, Any, Any], add_callback: AddCallback | None = None) -> Any:
        """Return the result of a coroutine; it is cancelled when what `add_callback` registers for happens."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._running())
        if add_callback is not None and add_callback(future.cancel) is False:
            future.cancel()
        try:
            return future.result()
        except CancelledError:
            raise CallError(Code.CANCELED, "RPC cancelled") from None

    def drained(self, messages: AsyncGenerator[Any], add_callback: AddCallback) -> Iterator[Any]:
        """Yield the messages of an async generator, each made when the one before has been taken."""
        loop = self._running()
        found: queue.SimpleQueue[Any] = queue.SimpleQueue()
        taken = asyncio.Event()

        async def drive() -> None:
            async with contextlib.aclosing(messages):
                async for message in messages:
                    found.put(message)
                    await taken.wait()
                    taken.clear()

        future = asyncio.run_coroutine_threadsafe(drive(), loop)
        future.add_done_callback(lambda _: found.put(_END))
        if add_callback(future.cancel) is False:
            future.cancel()
        try:
            while (message := found.get()) is not _END:
                yield message
                loop.call_soon_threadsafe(taken.set)
            future.result()
        except CancelledError:
            raise CallError(Code.CANCELED, "RPC cancelled") from None
        finally:
            future.cancel()

    async def iterated(self, messages: Iterator[Any], ended: type[Exception]) -> AsyncIterator[Any]:
        """Yield the messages of an iterator that blocks; `ended` is what it raises when the call is over."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                message = await loop.run_in_executor(self.pool, next, messages, _END)
            except ended as error:
                raise CallError(Code.CANCELED, "RPC cancelled") from error
            if message is _END:
                return
            yield message
