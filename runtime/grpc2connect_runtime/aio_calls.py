"""`grpc.aio.Call` for async clients: calls that begin at once, in a task of their own."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

from connectrpc.client import ResponseMetadata
from connectrpc.errors import ConnectError

from .aio_requests import RequestQueue
from .calls_in_flight import CallsInFlight
from .channel_base import ChannelBase
from .errors import CallError, RpcErrorView
from .faces import MOVED, Face
from .metadata import metadata
from .readiness import wait_until_reachable
from .shown_calls import shown_aio_call
from .status import StatusCode, status_code
from .streams import EOF
from .transports import CallRecord, current_record
from .type_parameters import OfMessages, Request, Response
from .unmoved import adopt, usage_error
from .wire.choice import GRPCIO

__all__ = ["AioCall", "AioStreamCall", "AioUnaryCall"]

_log = logging.getLogger(__name__)
MIXED = "The iterator and read/write APIs may not be mixed on a single RPC."


class AioCall(OfMessages[Request, Response]):
    """What all aio calls share.

    Native form: the coroutine or the async generator that the client method returns, with `ResponseMetadata` around
    it. Go there where nothing but the responses is used.

    Source: `grpc.aio.Call`, grpcio 1.85.
    """

    _abstract: tuple[str, ...] = ("Call",)

    def __init__(
        self,
        invoke: Callable[[float | None], Any],
        timeout: float | None,
        channel: ChannelBase | None,
        requests: RequestQueue | None = None,
        face: Face = MOVED,
        credentials: Any = None,
        *,
        calls: CallsInFlight | None = None,
        asked: asyncio.Event | None = None,
    ) -> None:
        """Begin a call; made by the multi-callables.

        `calls` are those of its channel; `asked` is set once there is a connection that wants the first request.
        """
        for name in self._abstract:
            adopt(type(self), name, aio=True)
        self._face = face
        self._invoke = invoke
        self._channel = channel
        self._requests = requests
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._headers_ready = asyncio.Event()
        self._record = CallRecord(self._headers_ready.set, credentials)
        if channel is not None and channel.wire == GRPCIO:
            self._channel, self._record.wait_for_ready = None, True
        self._response_metadata = ResponseMetadata()
        self._callbacks: list[Callable[[Any], Any]] = []
        self._given_up = False
        self._asked = asked
        self._calls = calls
        if calls is not None:
            self._record.give_up = self.cancel
            calls.add(self._record)
        self._task = self._record.task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._ended)

    async def _run(self) -> Any:
        current_record.set(self._record)
        try:
            if self._channel is not None:
                await wait_until_reachable(self._channel, self.time_remaining())
            with self._response_metadata:
                return await self._receive(self._invoke(self.time_remaining()))
        except CallError as error:
            raise self._face.error(error) from error.__cause__

    async def _receive(self, result: Any) -> Any:
        return await result

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._headers_ready.set()
        if self._calls is not None:
            self._calls.remove(self._record)
        if not task.cancelled():
            task.exception()
        self._call_back()

    def _call_back(self) -> None:
        """Tell who has asked to be told, once, and before those who wait go on, as grpc.aio does."""
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            try:
                callback(self)
            except Exception:
                _log.exception("a callback of a call has failed")

    def _is_cancelled(self) -> bool:
        return self._given_up or self._task.cancelled()

    def _error(self) -> ConnectError | None:
        if self._is_cancelled():
            return None
        error = self._task.exception()
        return error if isinstance(error, ConnectError) else None

    async def _wait_done(self) -> None:
        await asyncio.wait([self._task])

    async def _outcome(self) -> Any:
        """Return the task's result; whoever waits here and is cancelled cancels the call."""
        try:
            result = await asyncio.shield(self._task)
        except asyncio.CancelledError:
            self.cancel()
            raise
        except ConnectError as error:
            if self._given_up:
                raise asyncio.CancelledError from error
            raise
        if self._given_up:
            raise asyncio.CancelledError
        return result

    def cancel(self) -> bool:
        """Cancel the call, which has ended then; return False if it had before. Native form: cancel the task."""
        if self.done():
            return False
        self._given_up = True
        self._task.cancel()
        self._call_back()
        return True

    def cancelled(self) -> bool:
        """Whether the call was cancelled."""
        error = self._error() if self.done() else None
        return self._is_cancelled() or (error is not None and status_code(error.code) is StatusCode.CANCELLED)

    def done(self) -> bool:
        """Whether the call has ended."""
        return self._given_up or self._task.done()

    def time_remaining(self) -> float | None:
        """Return the seconds left until the deadline, or None without one."""
        return None if self._deadline is None else max(self._deadline - time.monotonic(), 0)

    def add_done_callback(self, callback: Callable[[Any], Any]) -> None:
        """Call `callback(self)` when the call ends, at once if it has."""
        self._callbacks.append(callback)
        if self.done():
            self._call_back()

    async def wait_for_connection(self) -> None:
        """Wait for a connection: for one that takes requests, if there is a stream of them, else for response headers.

        Raises:
            CallError: the call failed before.
            asyncio.CancelledError: the call was cancelled before.
        """
        if self._asked is None:
            await self._headers_ready.wait()
        else:
            await self._unless_ended(self._asked.wait())
            if self._record.unconnected:
                await self._wait_done()
        if self._record.connects is not None and not self.done():
            connecting = asyncio.ensure_future(self._record.connects())
            await self._unless_ended(connecting)
            if connecting.done() and (connecting.cancelled() or connecting.exception() is not None):
                await self._wait_done()  # the call itself tells of it
        if self.done():
            await self._outcome()

    async def initial_metadata(self) -> Any:
        """Wait for the response headers; return them as metadata (to unmoved code as `grpc.aio.Metadata`)."""
        await self._headers_ready.wait()
        if self._record.response is not None:
            return self._face.aio_metadata(self._record.initial_metadata())
        return self._face.aio_metadata(metadata(self._response_metadata.headers))

    async def trailing_metadata(self) -> Any:
        """Wait for the end; return the response trailers as metadata (to unmoved code as `grpc.aio.Metadata`)."""
        await self._wait_done()
        error = self._error()
        found = self._record.trailing_metadata() if error is None else RpcErrorView(error).trailing_metadata()
        # gRPC-Web trailers come in the body, and clients made elsewhere keep no record.
        return self._face.aio_metadata(found or metadata(self._response_metadata.trailers))

    async def code(self) -> Any:
        """Wait for the end; return the status: a `StatusCode`, to unmoved code a `grpc.StatusCode`."""
        await self._wait_done()
        return self._face.code(self._status())

    def _status(self) -> StatusCode:
        if self._is_cancelled():
            return StatusCode.CANCELLED
        error = self._task.exception()
        if error is None:
            return StatusCode.OK
        return status_code(error.code) if isinstance(error, ConnectError) else StatusCode.UNKNOWN

    async def details(self) -> str:
        """Wait for the end; return the message of the status."""
        await self._wait_done()
        return self._details()

    def _details(self) -> str:
        if self._is_cancelled():
            return "Locally cancelled by application!"
        error = self._task.exception()
        return "" if error is None else getattr(error, "message", str(error))

    async def debug_error_string(self) -> str:
        """Wait for the end; return a line for logs."""
        await self._wait_done()
        return self._debug()

    def _debug(self) -> str:
        error = self._error()
        return "" if error is None else RpcErrorView(error).debug_error_string()

    def __repr__(self) -> str:
        if not self._task.done():
            return "<_AioCall object>"
        debug = "None" if self._is_cancelled() else self._debug()
        return shown_aio_call(self._status(), self._details(), debug)

    async def write(self, request: Any) -> None:
        """Send a request; for calls with a stream of requests that were given no iterator.

        Raises:
            asyncio.InvalidStateError: the call has ended, or `done_writing` was called.
            UsageError: the call was given an iterator, or has one request.
        """
        queue = self._writable()
        if self.done():
            raise asyncio.InvalidStateError("RPC already finished.")
        if queue.closed:
            raise asyncio.InvalidStateError('RPC is half closed after calling "done_writing".')
        await self._unless_ended(queue.put(request))
        if self._task.done() and self._error() is not None:
            await self._outcome()

    async def done_writing(self) -> None:
        """End the stream of requests."""
        queue = self._writable()
        if not (queue.closed or self.done()):
            await self._unless_ended(queue.close())

    def _writable(self) -> RequestQueue:
        if self._requests is None:
            raise usage_error(MIXED)
        return self._requests

    async def _unless_ended(self, action: Any) -> None:
        doing = asyncio.ensure_future(action)
        try:
            await asyncio.wait([doing, self._task], return_when=asyncio.FIRST_COMPLETED)
        finally:
            doing.cancel()


class AioUnaryCall(AioCall[Request, Response]):
    """A call with one response: awaitable.

    Native form: the coroutine that the client method returns.

    Source: `grpc.aio.UnaryUnaryCall`, `grpc.aio.StreamUnaryCall`, grpcio 1.85.
    """

    _abstract = ("Call", "UnaryUnaryCall", "StreamUnaryCall")

    def __await__(self) -> Generator[Any, None, Response]:
        return self._outcome().__await__()


class AioStreamCall(AioCall[Request, Response]):
    """A call with a stream of responses: async-iterable, or read one by one.

    Native form: the async iterator that the client method returns.

    Source: `grpc.aio.UnaryStreamCall`, `grpc.aio.StreamStreamCall`, grpcio 1.85.
    """

    _abstract = ("Call", "UnaryStreamCall", "StreamStreamCall")

    def __init__(
        self,
        invoke: Callable[[float | None], Any],
        timeout: float | None,
        channel: ChannelBase | None,
        requests: RequestQueue | None = None,
        face: Face = MOVED,
        credentials: Any = None,
        *,
        calls: CallsInFlight | None = None,
        asked: asyncio.Event | None = None,
    ) -> None:
        """Begin a call; as `AioCall`."""
        self._responses: asyncio.Queue[Any] = asyncio.Queue(1)
        self._iterated: bool | None = None
        super().__init__(invoke, timeout, channel, requests, face, credentials, calls=calls, asked=asked)

    async def _receive(self, result: Any) -> None:
        try:
            async for response in result:
                self._headers_ready.set()
                await self._responses.put(response)
        finally:
            close = getattr(result, "aclose", None)
            if close is not None:
                await close()

    def __aiter__(self) -> AsyncIterator[Response]:
        self._take(iterated=True)
        return self._iterate()

    def _take(self, *, iterated: bool) -> None:
        if self._iterated is not None and self._iterated is not iterated:
            raise usage_error(MIXED)
        self._iterated = iterated

    async def _iterate(self) -> AsyncIterator[Any]:
        while (response := await self._read()) is not EOF:
            yield response

    async def read(self) -> Any:
        """Return the next response, or `EOF` (to unmoved code `grpc.aio.EOF`).

        Raises:
            CallError: the call failed.
            asyncio.CancelledError: the call was cancelled.
            UsageError: the call has been iterated over.
        """
        self._take(iterated=False)
        response = await self._read()
        return self._face.end_of_stream() if response is EOF else response

    async def _read(self) -> Any:
        if self._responses.empty() and not self.done():
            getting = asyncio.ensure_future(self._responses.get())
            try:
                await asyncio.wait([getting, self._task], return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                getting.cancel()
                self.cancel()
                raise
            if getting.done() and not self._given_up:
                return getting.result()
            getting.cancel()
        if not self._responses.empty() and not self._is_cancelled():
            return self._responses.get_nowait()
        await self._outcome()
        return EOF
