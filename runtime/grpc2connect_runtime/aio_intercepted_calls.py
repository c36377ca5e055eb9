"""Multi-callables of an aio channel with interceptors, and their calls.

Source: `grpc.aio._interceptor`, grpcio 1.85: the interceptors run in a task; what the first one returns is the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from typing import Any

from connectrpc.method import StreamType

from .aio_calls import MIXED, AioCall
from .aio_requests import RequestQueue
from .client_interceptor_kinds import METHODS, AioClientCallDetails, changed_details
from .errors import CallError, rpc_error
from .faces import Face
from .made_errors import AioRpcError
from .metadata import pairs
from .status import StatusCode, status_code
from .stream_kinds import streams_requests, streams_responses
from .streams import EOF
from .unmoved import adopt, aio_module, usage_error

__all__ = ["AioInterceptedMethod"]


def _is_call(found: Any) -> bool:
    theirs = getattr(aio_module(), "Call", AioCall)
    return isinstance(found, AioCall | _AioInterceptedCall | _Answered | _Replaced | theirs)


class _Answered:
    """A finished call whose response an interceptor gave."""

    def __init__(self, response: Any, face: Face) -> None:
        adopt(_Answered, "Call", aio=True)
        adopt(_Answered, "UnaryUnaryCall", aio=True)
        self._response = response
        self._face = face

    def cancel(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def done(self) -> bool:
        return True

    def add_done_callback(self, callback: Callable[[Any], Any]) -> None:
        callback(self)

    def time_remaining(self) -> None:
        return None

    async def initial_metadata(self) -> None:
        return None

    async def trailing_metadata(self) -> None:
        return None

    async def code(self) -> Any:
        return self._face.code(StatusCode.OK)

    async def details(self) -> str:
        return ""

    async def debug_error_string(self) -> None:
        return None

    async def wait_for_connection(self) -> None:
        return None

    def __await__(self) -> Generator[Any, None, Any]:
        return self._respond().__await__()

    async def _respond(self) -> Any:
        return self._response


class _Replaced:
    """A call whose responses come from an interceptor's iterator."""

    def __init__(self, call: Any, responses: Any) -> None:
        adopt(_Replaced, "Call", aio=True)
        adopt(_Replaced, "UnaryStreamCall", aio=True)
        adopt(_Replaced, "StreamStreamCall", aio=True)
        self._call = call
        self._responses = responses

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    def __aiter__(self) -> AsyncIterator[Any]:
        found: AsyncIterator[Any] = aiter(self._responses)
        return found


def _status(error: Any) -> StatusCode:
    return status_code(rpc_error(error).code())


class _AioInterceptedCall:
    """A call behind interceptors: before they have returned one, it is their task."""

    _abstract: tuple[str, ...] = ("Call",)

    def __init__(self, running: Any, requests: RequestQueue | None, face: Face) -> None:
        for name in self._abstract:
            adopt(type(self), name, aio=True)
        self._requests = requests
        self._face = face
        self._callbacks: list[Callable[[Any], Any]] = []
        self._interceptors: asyncio.Task[Any] = asyncio.create_task(running)
        self._interceptors.add_done_callback(self._returned)

    def _call(self) -> Any:
        """Return the call, or None if the interceptors have not returned one."""
        task = self._interceptors
        if not task.done() or task.cancelled() or task.exception() is not None:
            return None
        return task.result()

    def _returned(self, task: asyncio.Task[Any]) -> None:
        call = self._call()
        for callback in self._callbacks:
            if call is None:
                callback(self)
            else:
                call.add_done_callback(lambda _, callback=callback: callback(self))

    def _error(self) -> CallError | AioRpcError | None:
        task = self._interceptors
        error = task.exception() if task.done() and not task.cancelled() else None
        return error if isinstance(error, CallError | AioRpcError) else None

    def cancel(self) -> bool:
        """Cancel the interceptors, or the call that they returned."""
        if not self._interceptors.done():
            return self._interceptors.cancel()
        call = self._call()
        return False if call is None else bool(call.cancel())

    def cancelled(self) -> bool:
        """Whether the call was cancelled."""
        if self._interceptors.cancelled():
            return True
        if (error := self._error()) is not None:
            return _status(error) is StatusCode.CANCELLED
        call = self._call()
        return call is not None and bool(call.cancelled())

    def done(self) -> bool:
        """Whether the call has ended."""
        call = self._call()
        return self._interceptors.done() if call is None else bool(call.done())

    def add_done_callback(self, callback: Callable[[Any], Any]) -> None:
        """Call `callback(self)` when the call ends."""
        self._callbacks.append(callback)
        if self._interceptors.done():
            self._callbacks.pop()
            call = self._call()
            if call is None:
                callback(self)
            else:
                call.add_done_callback(lambda _: callback(self))

    def time_remaining(self) -> float | None:
        """Return the seconds left until the deadline of the call, None before there is one."""
        call = self._call()
        found: float | None = None if call is None else call.time_remaining()
        return found

    async def _ask(self, name: str, of_error: Callable[[Any], Any], if_cancelled: Any) -> Any:
        try:
            call = await asyncio.shield(self._interceptors)
        except (CallError, AioRpcError) as error:
            return of_error(error)
        except asyncio.CancelledError:
            if not self._interceptors.cancelled():
                raise
            return if_cancelled
        return await getattr(call, name)()

    async def initial_metadata(self) -> Any:
        """Wait for the response headers; return them as metadata."""
        return await self._ask("initial_metadata", lambda error: error.initial_metadata(), None)

    async def trailing_metadata(self) -> Any:
        """Wait for the end; return the response trailers as metadata."""
        return await self._ask("trailing_metadata", lambda error: error.trailing_metadata(), None)

    async def code(self) -> Any:
        """Wait for the end; return the status."""
        cancelled = self._face.code(StatusCode.CANCELLED)
        return await self._ask("code", lambda error: self._face.code(_status(error)), cancelled)

    async def details(self) -> Any:
        """Wait for the end; return the message of the status."""
        return await self._ask("details", lambda error: rpc_error(error).details(), "Locally cancelled by application!")

    async def debug_error_string(self) -> Any:
        """Wait for the end; return a line for logs."""
        return await self._ask("debug_error_string", lambda error: error.debug_error_string(), "")

    async def wait_for_connection(self) -> None:
        """Wait for the response headers."""
        call = await asyncio.shield(self._interceptors)
        await call.wait_for_connection()

    async def write(self, request: Any) -> None:
        """Send a request; for calls with a stream of requests that were given no iterator."""
        queue = self._writable()
        call = await self._begun()
        if call.done():
            raise asyncio.InvalidStateError("RPC already finished.")
        if queue.closed:
            raise asyncio.InvalidStateError('RPC is half closed after calling "done_writing".')
        await self._unless_ended(queue.put(request), call)
        if call.done():
            raise asyncio.InvalidStateError("RPC already finished.")

    async def done_writing(self) -> None:
        """End the stream of requests."""
        queue = self._writable()
        call = await self._begun()
        if not (queue.closed or call.done()):
            await self._unless_ended(queue.close(), call)

    def _writable(self) -> RequestQueue:
        if self._requests is None:
            raise usage_error(MIXED)
        return self._requests

    async def _begun(self) -> Any:
        try:
            return await asyncio.shield(self._interceptors)
        except (CallError, AioRpcError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and not self._interceptors.cancelled():
                raise
            raise asyncio.InvalidStateError("RPC already finished.") from error

    @staticmethod
    async def _unless_ended(action: Any, call: Any) -> None:
        doing, ending = asyncio.ensure_future(action), asyncio.ensure_future(call.code())
        try:
            await asyncio.wait([doing, ending], return_when=asyncio.FIRST_COMPLETED)
        finally:
            doing.cancel()
            ending.cancel()

    async def _result(self) -> Any:
        # Awaited as it is: who waits here and is cancelled cancels the interceptors, then the call.
        return await self._interceptors


class _AioInterceptedUnary(_AioInterceptedCall):
    _abstract = ("Call", "UnaryUnaryCall", "StreamUnaryCall")

    def __await__(self) -> Generator[Any, None, Any]:
        return self._respond().__await__()

    async def _respond(self) -> Any:
        return await (await self._result())


class _AioInterceptedStream(_AioInterceptedCall):
    _abstract = ("Call", "UnaryStreamCall", "StreamStreamCall")

    _responses: AsyncIterator[Any] | None = None

    def __aiter__(self) -> AsyncIterator[Any]:
        if self._responses is None:
            self._responses = self._iterate()
        return self._responses

    async def _iterate(self) -> AsyncIterator[Any]:
        async for response in await self._result():
            yield response

    async def read(self) -> Any:
        """Return the next response, or the end of the stream."""
        response = await anext(aiter(self), EOF)
        return self._face.end_of_stream() if response is EOF else response


class AioInterceptedMethod:
    """A method behind interceptors; as `multicallables.AioMethod`."""

    def __init__(
        self,
        thunk: Callable[[str], Any],
        method: str,
        kind: StreamType,
        interceptors: Sequence[Any],
        face: Face,
    ) -> None:
        """Make one; `thunk(method)` returns the multi-callable behind the interceptors."""
        adopt(AioClientCallDetails, "ClientCallDetails")
        self._thunk = thunk
        self._method = method
        self._name = METHODS[kind]
        self._streams_requests = streams_requests(kind)
        self._streams_responses = streams_responses(kind)
        self._interceptors = interceptors
        self._face = face

    def __call__(
        self,
        request: Any = None,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
        *,
        request_iterator: Any = None,
    ) -> Any:
        """Begin a call and return it; without an iterator of requests, they are sent by its `write`."""
        queue: RequestQueue | None = None
        argument = request
        if self._streams_requests:
            argument = request_iterator if request is None else request
            if argument is None:
                queue = RequestQueue()
                argument = queue.requests()
        shown = metadata
        if aio_module() is not None and not isinstance(metadata, aio_module().Metadata):
            shown = self._metadata(metadata)
        details = AioClientCallDetails(self._method.encode(), timeout, shown, credentials, wait_for_ready)
        made = _AioInterceptedStream if self._streams_responses else _AioInterceptedUnary
        return made(self._run(details, argument, compression), queue, self._face)

    @staticmethod
    def _metadata(metadata: Any) -> Any:
        made = aio_module().Metadata()
        for key, value in pairs(metadata or ()):
            made.add(key, value)
        return made

    async def _run(self, details: AioClientCallDetails, request: Any, compression: Any) -> Any:
        last: list[Any] = [None]

        async def at(index: int, new: Any, request: Any) -> Any:
            if index == len(self._interceptors):
                method, arguments = changed_details(new, details)
                last[0] = self._thunk(method)(request, **arguments, compression=compression)
                return last[0]

            async def continuation(new: Any, request: Any) -> Any:
                return await at(index + 1, new, request)

            found = await getattr(self._interceptors[index], self._name)(continuation, new, request)
            if not _is_call(found):
                found = _Replaced(last[0], found) if self._streams_responses else _Answered(found, self._face)
            last[0] = found
            return found

        return await at(0, details, request)
