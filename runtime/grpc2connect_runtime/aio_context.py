"""`grpc.aio.ServicerContext` over Connect's `RequestContext`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NoReturn

from connectrpc.code import Code
from connectrpc.request import Headers

from .call_state import CallState
from .context import ContextBase, is_ok
from .errors import CallError
from .status import StatusCode, status_code
from .streams import EOF, Outbox, RequestFeed
from .type_parameters import Open, Request, Response
from .unmoved import abort_error, end_of_stream, usage_error

__all__ = ["AioServicerContext"]

_log = logging.getLogger(__name__)


class AioServicerContext(ContextBase[Request, Response], Open):
    """The context of an async handler: `grpc.aio.ServicerContext` and `connectrpc.request.RequestContext` in one.

    Native form: `connectrpc.request.RequestContext`. Go there, method by method, as each docstring says; native and
    gRPC-shaped uses mix in one handler.

    Source: `grpc.aio.ServicerContext`, grpcio 1.85 `_cygrpc/aio/server.pyx.pxi`.
    """

    def __init__(self, state: CallState, feed: RequestFeed | None = None, outbox: Outbox | None = None) -> None:
        """Wrap the context of a running RPC; made by `HandlerInterceptor`."""
        super().__init__(state)
        self._feed = feed
        self._outbox = outbox

    async def abort(self, code: Any, details: str = "", trailing_metadata: Any = ()) -> NoReturn:
        """End the RPC with a status; native form: `raise ConnectError(code, details)`.

        The RPC ends with it even if the exception is swallowed. Nothing happens unless it is awaited.

        Args:
            code: a `StatusCode`, `grpc.StatusCode` or `connectrpc.code.Code`; OK becomes UNKNOWN.
            details: the message for the client; without one, that of `set_details`.
            trailing_metadata: the trailing metadata; without any, that of `set_trailing_metadata`.

        Raises:
            AbortError: always.
            RuntimeError: the RPC has been aborted before.
            TypeError: the details are no text.
        """
        _require_text(details)
        with self._state.lock:
            if self._state.aborted is not None:
                raise RuntimeError("Abort already called!")
            if is_ok(code):
                _log.error("abort() called with StatusCode.OK; returning UNKNOWN")
                code, details = StatusCode.UNKNOWN, ""
            if trailing_metadata:
                self.set_trailing_metadata(trailing_metadata)
            error = abort_error("Locally aborted.")
            self._state.abort(code, details or self._state.details, error)
            raise error

    async def abort_with_status(self, status: Any) -> NoReturn:
        """End the RPC with a `grpc.Status`; native form: `ConnectError(code, message, details=[...])`.

        Args:
            status: anything with `.code`, `.details` and `.trailing_metadata`. The details of a
                `grpc-status-details-bin` in the latter reach Connect clients as error details.

        Raises:
            AbortError: always.
            RuntimeError: the RPC has been aborted before.
        """
        await self.abort(status.code, status.details, status.trailing_metadata)

    def set_trailing_metadata(self, trailing_metadata: Any) -> None:
        """Replace the trailing metadata; native form: `context.response_trailers.add(key, value)`.

        After an abort nothing changes any more: grpc.aio has sent the status.

        Raises:
            TypeError: it is no sequence of pairs of str, and str or bytes.
        """
        if not _is_metadata(trailing_metadata):
            expected = "Tuple[Tuple[str, Union[str, bytes]]...]"
            raise TypeError(f"Invalid trailing metadata type, expected {expected}: {trailing_metadata}")
        if self._state.aborted is None:
            super().set_trailing_metadata(trailing_metadata)

    def set_code(self, code: Any) -> None:
        """Set the status that the RPC ends with, unless it was aborted; native form: `raise ConnectError(...)`.

        Args:
            code: a `StatusCode`, `grpc.StatusCode` or `connectrpc.code.Code`, or the number of one.
        """
        if self._state.aborted is None:
            super().set_code(code)

    def set_details(self, details: str) -> None:
        """Set the message that the RPC ends with, unless it was aborted; native form: that of `ConnectError`.

        Raises:
            TypeError: it is no text.
        """
        _require_text(details)
        if self._state.aborted is None:
            super().set_details(details)

    async def read(self) -> Request | Any:
        """Return the next request message, or `EOF`; native form: `async for request in requests`.

        Raises:
            ValueError: the RPC has a single request.
        """
        if self._feed is None:
            raise ValueError("read() is for RPCs with a stream of requests")
        message = await self._feed.next()
        return end_of_stream() if message is EOF and self._state.unmoved else message

    async def write(self, message: Any) -> None:
        """Send a response message; native form: `yield message` in an async generator.

        Raises:
            ValueError: the RPC has a single response.
            AbortError: the RPC has been aborted.
        """
        if self._outbox is None:
            raise ValueError("write() is for RPCs with a stream of responses")
        if self._state.aborted is not None:
            raise self._state.aborted
        await self._outbox.write(message)

    async def send_initial_metadata(self, initial_metadata: Any) -> None:
        """Send the response headers now (over gRPC) or with the first message (over Connect and gRPC-Web).

        Native form: `context.response_headers.add(key, value)`, which sends them with the first message.

        Raises:
            UsageError: they have been sent.
            TypeError: a value is neither str nor bytes.
            AbortError: they are invalid, and the RPC ends with INTERNAL.
        """
        if not self._state.take_headers():
            raise usage_error("Send initial metadata failed: already sent")
        try:
            at_once = self._state.send_initial_metadata(initial_metadata)
        except CallError as error:
            refused = abort_error(error.message)
            self._state.abort(error.code, error.message, refused)
            raise refused from error
        if at_once:
            assert self._state.exchange is not None
            await self._state.exchange.flush(self.response_headers)

    def code(self) -> Any:
        """Return the code set so far, or None; a `Code` as the `StatusCode` that it stands for."""
        code = self._state.code
        return status_code(code) if isinstance(code, Code) else code

    def details(self) -> str:
        """Return the details set so far."""
        return self._state.details or ""

    def trailing_metadata(self) -> Any:
        """Return the trailing metadata set so far; native form: `context.response_trailers`."""
        return self._state.trailing or ()

    def time_remaining(self) -> float | Any:
        """Return the seconds left until the deadline, or None without one; native form: `context.timeout_ms`."""
        remaining = self.timeout_ms
        return None if remaining is None else max(remaining / 1000, 0)

    def cancelled(self) -> bool:
        """Whether the RPC has been cancelled; native form: `asyncio.CancelledError`."""
        return self._state.cancelled

    def done(self) -> bool:
        """Whether the RPC has ended or been cancelled."""
        return not self._state.active

    def add_done_callback(self, callback: Callable[[AioServicerContext], Any]) -> None:
        """Call `callback(context)` on the event loop when the RPC ends; native form: `try ... finally`."""
        loop = self._state.loop
        if not self._state.add_callback(lambda: loop.call_soon_threadsafe(callback, self)):
            loop.call_soon(callback, self)

    def add_callback(self, callback: Callable[[], Any]) -> bool:
        """Call `callback()` when the RPC ends; return False if it has ended. Native form: `try ... finally`."""
        return self._state.add_callback(callback)


def _is_metadata(metadata: Any) -> bool:
    """Whether grpc.aio takes it for metadata."""
    if metadata is None or isinstance(metadata, Headers):
        return True
    return not isinstance(metadata, dict) and all(
        len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], str | bytes) for pair in metadata
    )


def _require_text(details: object) -> None:
    if details is not None and not isinstance(details, str):
        raise TypeError(f"Argument 'details' has incorrect type (expected str, got {type(details).__name__})")
