"""The interceptors of a channel's clients: errors and cancellation as gRPC callers expect them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, NoReturn

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.request import RequestContext
from google.protobuf.message import Message
from pyqwest import StreamError

from .authentication import Authentication
from .calls_in_flight import CallsInFlight
from .connection_failures import in_words_of_grpc, is_of_connection
from .errors import AIO_FORM, STREAM_FORM, UNARY_FORM, CallError, is_made
from .raw_methods import serialized
from .sending_limits import excess
from .transports import CallRecord, current_record
from .unmoved import usage_error

_log = logging.getLogger(__name__)

Context = RequestContext[Any, Any]
_SERVER_S_DEADLINE = (Code.DEADLINE_EXCEEDED, "Request timed out")
"""What a connectrpc 0.13 server says at the deadline; it may come just before the client's own time is up."""


def check_request(request: Any, limit: int | None = None, form: str = UNARY_FORM) -> None:
    """Raise as grpcio does for a request that is too large, or no message (connectrpc would say UNAVAILABLE)."""
    # Bytes are messages of unmoved stubs, serialized already.
    if not isinstance(request, Message | bytes):
        raise CallError(Code.INTERNAL, "Exception serializing request!")
    if (said := excess(request, limit)) is not None:
        raise CallError(Code.RESOURCE_EXHAUSTED, f"CLIENT: {said}", form=form)


def _prepared(request: Any, source: Any, record: CallRecord, limit: int | None, aio: Context | None = None) -> Any:
    """Return what is sent for one of a stream of requests, which an unmoved stub's `source` makes bytes of.

    `aio` is what an aio call is made with.
    """
    try:
        prepared = (
            serialized(request, source.serialize, aio=aio is not None) if hasattr(source, "serialize") else request
        )
        if aio is not None:
            prepared = _message_or_empty(prepared, aio)
        check_request(prepared, limit)
        return prepared
    except CallError as error:
        record.bad_request = error
        raise


def _message_or_empty(request: Any, ctx: Context) -> Any:
    """Return what grpc.aio sends for a request: an empty message for what is none; see `raw_methods.serialized`."""
    if isinstance(request, Message | bytes):
        return request
    _log.error("Exception serializing message! %r is none", request)
    return ctx.method.input()


def call_error(error: ConnectError, record: CallRecord, closed: bool, form: str) -> CallError:
    """Return the error of a failed call with its metadata."""
    if isinstance(error, CallError):
        return error
    if is_made(error):
        error = ConnectError(Code.UNKNOWN, str(error))
    code, message = error.code, error.message
    if record.bad_request is not None:
        code, message = record.bad_request.code, record.bad_request.message
    elif record.request_error is not None:
        code, message = Code.UNKNOWN, "Exception iterating requests!"
    elif record.cancelled:
        code, message = Code.CANCELED, "Locally cancelled by application!"
    elif record.ended_by_channel or (closed and record.response is None):
        code, message = Code.CANCELED, "Channel closed!"
    elif isinstance(error.__cause__, TimeoutError) or (code, message) == _SERVER_S_DEADLINE:
        message = "Deadline Exceeded"
    elif (sent := record.failed_status(rich=code is not Code.INTERNAL)) is not None:
        # INTERNAL may be connectrpc's word for a message that the server broke off to send its status.
        code, message = sent
    elif isinstance(error.__cause__, StreamError) and is_of_connection(message):
        code = Code.UNAVAILABLE
    elif code is Code.UNAVAILABLE and record.response is None:
        message = in_words_of_grpc(message)
    made = CallError(
        code,
        message,
        error.details,
        initial_metadata=record.initial_metadata(),
        trailing_metadata=record.trailing_metadata(),
        form=form,
    )
    made.cancelled_here = record.cancelled and form == STREAM_FORM
    return made


class _Base:
    def __init__(
        self,
        is_closed: Callable[[], bool],
        authentication: Authentication,
        calls: CallsInFlight,
        send_max_bytes: int | None = None,
    ) -> None:
        """Ask `is_closed` before each call, have its credentials added, and note it among `calls` while it lasts.

        Requests that are larger than `send_max_bytes` fail, if that is given.
        """
        self._send_max_bytes = send_max_bytes
        self._is_closed = is_closed
        self._calls = calls
        self._authentication = authentication

    def _closed_error(self, *, blocks: bool = False) -> Exception:
        # grpcio has two texts: one for calls that block, one for streams.
        return ValueError("Cannot invoke RPC on closed channel!" if blocks else "Cannot invoke RPC: Channel closed!")

    def _add(self, record: CallRecord) -> None:
        if not self._calls.add(record):
            raise self._closed_error()

    def _begin(self, ctx: Context, *, blocks: bool = False) -> CallRecord:
        record = current_record.get()
        if self._is_closed() and (record is None or record.claimed or not self._calls.has(record)):
            raise self._closed_error(blocks=blocks)
        if record is None or record.claimed:
            # A claimed one belongs to the call that this one is made within (from a request iterator).
            record = CallRecord()
        record.claimed = True
        record.context = ctx
        return record

    def _fail(self, error: ConnectError, record: CallRecord, form: str) -> NoReturn:
        # connectrpc 0.13 turns a cancelled task into an error, which breaks wait_for, timeout and TaskGroup.
        if isinstance(error.__cause__, asyncio.CancelledError):
            raise asyncio.CancelledError(*error.__cause__.args) from error
        if form == AIO_FORM and (record.ended_by_channel or record.requests_have_failed()):
            raise asyncio.CancelledError from error
        if is_made(error) and error is not record.request_error:
            raise error
        raise call_error(error, record, self._is_closed(), form) from error


class SyncCalls(_Base):
    """For sync clients: raises `CallError`, refuses calls on a closed channel."""

    def intercept_unary_sync(self, call_next: Callable[[Any, Any], Any], request: Any, ctx: Context) -> Any:
        """Make a unary call."""
        check_request(request, self._send_max_bytes, UNARY_FORM)
        return self._single(call_next, request, ctx, self._begin(ctx, blocks=True))

    def intercept_client_stream_sync(
        self, call_next: Callable[[Iterator[Any], Any], Any], request: Iterator[Any], ctx: Context
    ) -> Any:
        """Make a client-streaming call."""
        record = self._begin(ctx, blocks=True)
        return self._single(call_next, _requests(request, record, self._send_max_bytes), ctx, record)

    def intercept_server_stream_sync(
        self, call_next: Callable[[Any, Any], Iterator[Any]], request: Any, ctx: Context
    ) -> Iterator[Any]:
        """Make a server-streaming call."""
        record = self._begin(ctx)
        check_request(request, self._send_max_bytes, STREAM_FORM)
        return self._stream(call_next, request, ctx, record)

    def intercept_bidi_stream_sync(
        self, call_next: Callable[[Iterator[Any], Any], Iterator[Any]], request: Iterator[Any], ctx: Context
    ) -> Iterator[Any]:
        """Make a bidirectional call."""
        record = self._begin(ctx)
        return self._stream(call_next, _requests(request, record, self._send_max_bytes), ctx, record)

    def _single(self, call_next: Callable[[Any, Any], Any], request: Any, ctx: Context, record: CallRecord) -> Any:
        self._add(record)
        token = current_record.set(record)
        try:
            self._authentication.add(ctx, record, UNARY_FORM)
            return call_next(request, ctx)
        except ConnectError as error:
            self._fail(error, record, UNARY_FORM)
        finally:
            current_record.reset(token)
            self._calls.remove(record)

    def _stream(
        self, call_next: Callable[[Any, Any], Iterator[Any]], request: Any, ctx: Context, record: CallRecord
    ) -> Iterator[Any]:
        self._add(record)
        try:
            self._authentication.add(ctx, record, STREAM_FORM)
            responses = call_next(request, ctx)
        except BaseException:
            self._calls.remove(record)
            raise
        try:
            while True:
                token = current_record.set(record)
                try:
                    message = next(responses)
                except StopIteration:
                    return
                except ConnectError as error:
                    self._fail(error, record, STREAM_FORM)
                finally:
                    current_record.reset(token)
                yield message
        finally:
            self._calls.remove(record)
            close = getattr(responses, "close", None)
            if close is not None:
                close()


def _requests(requests: Iterator[Any], record: CallRecord, limit: int | None) -> Iterator[Any]:
    try:
        for request in requests:
            if record.cancelled:
                raise ConnectionError("call cancelled")
            yield _prepared(request, requests, record, limit)
    except Exception as error:
        record.request_error = None if record.cancelled else error
        raise


class AsyncCalls(_Base):
    """For async clients: as `SyncCalls`, and lets `asyncio.CancelledError` through."""

    def _closed_error(self, *, blocks: bool = False) -> Exception:
        return usage_error("Channel is closed.")

    async def intercept_unary(self, call_next: Callable[[Any, Any], Awaitable[Any]], request: Any, ctx: Context) -> Any:
        """Make a unary call."""
        request = _message_or_empty(request, ctx)
        check_request(request, self._send_max_bytes, AIO_FORM)
        return await self._single(call_next, request, ctx, self._begin(ctx))

    async def intercept_client_stream(
        self, call_next: Callable[[AsyncIterator[Any], Any], Awaitable[Any]], request: AsyncIterator[Any], ctx: Context
    ) -> Any:
        """Make a client-streaming call."""
        record = self._begin(ctx)
        return await self._single(call_next, _async_requests(request, ctx, record, self._send_max_bytes), ctx, record)

    def intercept_server_stream(
        self, call_next: Callable[[Any, Any], AsyncIterator[Any]], request: Any, ctx: Context
    ) -> AsyncIterator[Any]:
        """Make a server-streaming call."""
        record = self._begin(ctx)
        request = _message_or_empty(request, ctx)
        check_request(request, self._send_max_bytes, AIO_FORM)
        return self._stream(call_next, request, ctx, record)

    def intercept_bidi_stream(
        self,
        call_next: Callable[[AsyncIterator[Any], Any], AsyncIterator[Any]],
        request: AsyncIterator[Any],
        ctx: Context,
    ) -> AsyncIterator[Any]:
        """Make a bidirectional call."""
        record = self._begin(ctx)
        return self._stream(call_next, _async_requests(request, ctx, record, self._send_max_bytes), ctx, record)

    async def _single(
        self, call_next: Callable[[Any, Any], Awaitable[Any]], request: Any, ctx: Context, record: CallRecord
    ) -> Any:
        self._add(record)
        token = current_record.set(record)
        try:
            await self._authentication.add_async(ctx, record)
            return await call_next(request, ctx)
        except ConnectError as error:
            self._fail(error, record, AIO_FORM)
        finally:
            current_record.reset(token)
            self._calls.remove(record)

    async def _stream(
        self, call_next: Callable[[Any, Any], AsyncIterator[Any]], request: Any, ctx: Context, record: CallRecord
    ) -> AsyncIterator[Any]:
        self._add(record)
        try:
            await self._authentication.add_async(ctx, record)
            responses = call_next(request, ctx)
        except BaseException:
            self._calls.remove(record)
            raise
        try:
            while True:
                token = current_record.set(record)
                try:
                    message = await anext(responses)
                except StopAsyncIteration:
                    return
                except ConnectError as error:
                    self._fail(error, record, AIO_FORM)
                finally:
                    current_record.reset(token)
                yield message
        finally:
            self._calls.remove(record)
            close = getattr(responses, "aclose", None)
            if close is not None:
                await close()


async def _async_requests(
    requests: AsyncIterator[Any], ctx: Context, record: CallRecord, limit: int | None
) -> AsyncIterator[Any]:
    try:
        async for request in requests:
            yield _prepared(request, requests, record, limit, ctx)
    except Exception as error:
        record.request_error = error
        raise
