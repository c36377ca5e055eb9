"""A pyqwest transport for async clients whose requests are calls of a `grpc.aio.Channel`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

from pyqwest import Headers, Request, Response, WriteError

from ..transports import CallRecord, current_record
from .client_frames import async_messages, frame, messages
from .client_headers import request_path, response_headers
from .client_library import grpcio_aio
from .client_request import add_status, call_arguments, content_type_of

__all__ = ["AioGrpcioTransport"]

_OK = 200


class AioGrpcioTransport:
    """As `SyncGrpcioTransport`, for `grpc.aio`."""

    def __init__(self, channel: Callable[[], Any], *, recorded: bool = False) -> None:
        """Use a channel, which stays its owner's to close.

        Args:
            channel: returns the `grpc.aio.Channel`; called in the event loop of the calls, which it belongs to.
            recorded: whether the calls are made by clients of this package's channels, and have a `CallRecord`.
        """
        self._channel = channel
        self._recorded = recorded
        self._error: type[BaseException] = grpcio_aio().AioRpcError

    async def execute(self, request: Request) -> Response:
        """Begin a call and return its response when the initial metadata is there.

        Raises:
            UnsuitableRequest: grpcio cannot carry the request.
        """
        record = current_record.get() if self._recorded else None
        content_type = content_type_of(request.headers)
        arguments = call_arguments(request.headers, record)
        path = request_path(request.url)
        content: Any = request.content
        one = list(messages(content)) if isinstance(content, bytes) else []
        if len(one) == 1 and record is not None and record.is_unary():
            response = await self._unary(path, one[0], arguments, content_type)
        else:
            response = await self._stream(path, one or content, arguments, content_type, record)
        if record is not None:
            record.received(response)
        return response

    async def _unary(self, path: str, message: bytes, arguments: dict[str, Any], content_type: str) -> Response:
        call = self._channel().unary_unary(path)(message, **arguments)
        answer: bytes | None = None
        try:
            answer = await call
        except self._error:
            # The call says in the trailers how it ended.
            pass
        trailers = Headers()
        await _end(call, trailers)
        return Response(
            status=_OK,
            headers=response_headers(content_type, await call.initial_metadata()),
            content=b"" if answer is None else frame(answer),
            trailers=trailers,
        )

    async def _stream(
        self, path: str, body: Any, arguments: dict[str, Any], content_type: str, record: CallRecord | None
    ) -> Response:
        requests: _Requests | None = None
        if isinstance(body, list) and len(body) == 1:
            call = self._channel().unary_stream(path)(body[0], **arguments)
        else:
            requests = _Requests(_each(body) if isinstance(body, list) else async_messages(body))
            call = self._channel().stream_stream(path)(requests.read(), **arguments)
        if record is not None:
            record.connects = call.wait_for_connection
        trailers = Headers()
        try:
            initial = await call.initial_metadata()
        except BaseException:
            call.cancel()
            raise
        return Response(
            status=_OK,
            headers=response_headers(content_type, initial),
            content=_Content(call, trailers, self._error, requests),
            trailers=trailers,
        )


async def _each(bodies: list[bytes]) -> AsyncIterator[bytes]:
    for one in bodies:
        yield one


async def _end(call: Any, trailers: Headers) -> None:
    add_status(trailers, await call.code(), await call.details(), await call.trailing_metadata())


class _Requests:
    """The requests of a call, and why they ended early: `grpc.aio` cancels the call then and says no more."""

    def __init__(self, requests: AsyncIterator[bytes]) -> None:
        self._requests = requests
        self.error: Exception | None = None

    async def read(self) -> AsyncIterator[bytes]:
        """Iterate over them."""
        try:
            async for request in self._requests:
                yield request
        except Exception as error:
            self.error = error
            raise


class _Content:
    """The body of a response, read from its call message by message; its end fills in the trailers."""

    def __init__(self, call: Any, trailers: Headers, error: type[BaseException], requests: _Requests | None) -> None:
        self._call = call
        self._messages = aiter(call)
        self._trailers = trailers
        self._error = error
        self._requests = requests
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        try:
            return frame(await anext(self._messages))
        except StopAsyncIteration:
            pass
        except self._error:
            # The call says in the trailers how it ended.
            pass
        except asyncio.CancelledError as cancelled:
            if self._requests is not None and self._requests.error is not None:
                raise WriteError(str(self._requests.error)) from cancelled
            raise
        self._ended = True
        await _end(self._call, self._trailers)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Cancel the call unless it has ended."""
        self._call.cancel()
