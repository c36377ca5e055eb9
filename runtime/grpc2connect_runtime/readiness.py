"""Waiting until a channel's target accepts connections."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

from connectrpc.code import Code

from .channel_base import ChannelBase
from .channel_methods import ChannelMethods
from .connectivity import ChannelConnectivity
from .errors import CallError, FutureTimeoutError
from .type_parameters import Open
from .wire.client_library import grpcio

__all__ = ["ChannelReadyFuture", "channel_ready_future"]

_ATTEMPT_S = 1.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _GROWTH = 0.1, 1.0, 1.6


def pauses() -> Iterator[float]:
    """The seconds between attempts to connect: few at first, then no fewer than before grpcio's second one."""
    pause = _FIRST_PAUSE_S
    while True:
        yield pause
        pause = min(pause * _GROWTH, _LONGEST_PAUSE_S)


def block_until_reachable(
    channel: ChannelBase, timeout: float | None, given_up: Callable[[], bool] = lambda: False
) -> None:
    """Block until the target takes calls; see `greeting`.

    Raises:
        CallError: DEADLINE_EXCEEDED after `timeout` seconds; or the target names no place.
    """
    end = None if timeout is None else time.monotonic() + timeout
    pause = pauses()
    while not (given_up() or channel.is_closed()):
        left = _ATTEMPT_S if end is None else min(_ATTEMPT_S, end - time.monotonic())
        if left <= 0:
            raise CallError(Code.DEADLINE_EXCEEDED, "Deadline Exceeded")
        _begin_to_connect(channel)
        try:
            channel.greet(left)
        except OSError:
            channel.connectivity.become(ChannelConnectivity.TRANSIENT_FAILURE)
            time.sleep(min(next(pause), left))
        else:
            channel.connectivity.become(ChannelConnectivity.READY)
            return


def _begin_to_connect(channel: ChannelBase) -> None:
    if channel.connectivity.state is not ChannelConnectivity.READY:
        channel.connectivity.become(ChannelConnectivity.CONNECTING)


async def wait_until_reachable(channel: ChannelBase, timeout: float | None = None) -> None:
    """Wait until the target takes calls; see `greeting`.

    Raises:
        CallError: DEADLINE_EXCEEDED after `timeout` seconds; or the target names no place.
    """
    pause = pauses()
    try:
        async with asyncio.timeout(timeout):
            while not channel.is_closed():
                _begin_to_connect(channel)
                try:
                    await asyncio.to_thread(channel.greet, _ATTEMPT_S)
                except OSError:
                    channel.connectivity.become(ChannelConnectivity.TRANSIENT_FAILURE)
                    await asyncio.sleep(next(pause))
                else:
                    channel.connectivity.become(ChannelConnectivity.READY)
                    return
    except TimeoutError as error:
        raise CallError(Code.DEADLINE_EXCEEDED, "Deadline Exceeded") from error


class ChannelReadyFuture(Open):
    """A future that is done when a channel's target takes calls; made by `channel_ready_future`.

    Where grpcio carries the calls, it is done when grpcio says so.
    """

    def __init__(self, channel: ChannelBase) -> None:
        """Start to wait, in a daemon thread."""
        self._future: futures.Future[None] = futures.Future()
        inner = getattr(channel, "inner", None) if isinstance(channel, ChannelMethods) else channel
        if inner is not None:
            waiting = grpcio().channel_ready_future(inner)
            waiting.add_done_callback(lambda _: self._ready())
            self._future.add_done_callback(lambda _: waiting.cancel())
            return
        root = getattr(channel, "root", channel)  # below interceptors
        threading.Thread(target=self._run, args=(root,), name="channel-ready", daemon=True).start()

    def _run(self, channel: ChannelBase) -> None:
        try:
            block_until_reachable(channel, None, self._future.cancelled)
        except CallError:  # it names no place: as grpcio's, the future is never done
            return
        if not channel.is_closed():
            self._ready()

    def _ready(self) -> None:
        if self._future.set_running_or_notify_cancel():
            self._future.set_result(None)

    def result(self, timeout: float | None = None) -> None:
        """Wait, for at most `timeout` seconds.

        Raises:
            FutureTimeoutError: the time is over.
        """
        try:
            self._future.result(timeout)
        except futures.TimeoutError as error:
            raise FutureTimeoutError from error

    def exception(self, timeout: float | None = None) -> None:
        """Wait like `result`; return None."""
        self.result(timeout)

    def traceback(self, timeout: float | None = None) -> None:
        """Wait like `result`; return None."""
        self.result(timeout)

    def add_done_callback(self, callback: Callable[[Any], Any]) -> None:
        """Call `callback(self)` when the target accepts connections."""
        self._future.add_done_callback(lambda _: callback(self))

    def cancel(self) -> bool:
        """Stop waiting."""
        return self._future.cancel()

    def cancelled(self) -> bool:
        """Whether the wait was cancelled."""
        return self._future.cancelled()

    def done(self) -> bool:
        """Whether the target has accepted a connection, or the wait was cancelled."""
        return self._future.done()

    def running(self) -> bool:
        """Whether the wait goes on."""
        return not self._future.done()


def channel_ready_future(channel: ChannelBase) -> ChannelReadyFuture:
    """Return a future that is done when the target of `channel` takes calls: TLS and HTTP/2 are agreed on.

    Args:
        channel: from `insecure_channel` or `secure_channel`; or one of grpcio, which is waited for by grpcio.

    Native form: none is needed; the first call connects. A readiness check is a call to the health service.

    Source: `grpc.channel_ready_future`, grpcio 1.85.
    """
    return ChannelReadyFuture(channel)
