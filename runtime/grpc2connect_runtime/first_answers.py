"""The first answer on a connection: what accepts connections and never says a word is given up, as by grpcio.

pyqwest sends a request as soon as its connection is made, and waits for the answer as long as the call may last. A
program that is stopped, or has no time to accept, still has its connections made by the kernel: a call without a
deadline would wait for ever. grpcio waits for the server's HTTP/2 settings first, for 20 s if no option says otherwise.
So where nothing is known of the target yet, and half of that time is over, the target is greeted beside the call.

Source: `grpc.min_reconnect_backoff_ms`, `grpc.initial_reconnect_backoff_ms`; tried with grpcio 1.85.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent import futures
from typing import TypeVar

from .connectivity import ChannelConnectivity, Connectivity

__all__ = ["FirstAnswer"]

T = TypeVar("T")


class FirstAnswer:
    """Waits for the answers of a channel's target as long as it is not known to speak."""

    def __init__(
        self,
        greet: Callable[[float], None] | None,
        limit: float,
        connectivity: Connectivity,
        silence: Callable[[], str],
    ) -> None:
        """Do nothing yet.

        Args:
            greet: connects to the target, and raises OSError if it does not speak within the seconds that it is given;
                None where that cannot be asked.
            limit: for how long grpcio would wait, in seconds.
            connectivity: that of the channel; a target that is READY speaks.
            silence: how grpcio tells of a target that does not.
        """
        self._greet = greet
        self._half = limit / 2
        self._connectivity = connectivity
        self._silence = silence
        self._lock = threading.Lock()
        self._greeting: futures.Future[bool] | None = None

    def is_due(self, left: float | None) -> bool:
        """Whether a call that has so many seconds left may be one that waits for a target that is silent."""
        if self._greet is None or self._connectivity.state is ChannelConnectivity.READY:
            return False
        return left is None or left > self._half * 2

    def by_thread(self, execute: Callable[[], T]) -> T:
        """Return what a function that cannot be interrupted returns; it runs in a thread, which may be left behind.

        Raises:
            ConnectionError: the target is silent.
        """
        answer: futures.Future[T] = futures.Future()

        def run() -> None:
            try:
                answer.set_result(execute())
            except BaseException as error:
                answer.set_exception(error)

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(run,), name="rpc-first-call", daemon=True).start()
        return self.wait(answer)

    def wait(self, answer: futures.Future[T]) -> T:
        """Wait for an answer.

        Raises:
            ConnectionError: the target is silent.
        """
        futures.wait([answer], self._half)
        if not answer.done() and self._asked().result() and not answer.done():
            raise ConnectionError(self._silence())
        return answer.result()

    async def wait_async(self, answer: asyncio.Future[T]) -> T:
        """As `wait`; who waits no longer cancels the answer."""
        try:
            await asyncio.wait([answer], timeout=self._half)
            if not answer.done() and await asyncio.wrap_future(self._asked()) and not answer.done():
                answer.cancel()
                raise ConnectionError(self._silence())
        except asyncio.CancelledError:
            answer.cancel()
            raise
        return await answer

    def _asked(self) -> futures.Future[bool]:
        """Return whether the target is silent, which is found out once for all who wait."""
        with self._lock:
            if self._greeting is None:
                self._greeting = futures.Future()
                threading.Thread(target=self._ask, args=(self._greeting,), name="rpc-greeting", daemon=True).start()
            return self._greeting

    def _ask(self, greeting: futures.Future[bool]) -> None:
        silent = False
        try:
            if self._greet is not None:
                self._greet(self._half)
        except TimeoutError:
            silent = True
        except Exception:  # whatever else it says, it speaks: the call itself tells of it
            silent = False
        else:
            self._connectivity.become(ChannelConnectivity.READY)
        with self._lock:
            self._greeting = None
        greeting.set_result(silent)
