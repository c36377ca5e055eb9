"""What is known of one RPC on the server, shared by its context, its streams and the interceptor."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.request import Headers, RequestContext

from .connections import current_auth_context
from .errors import CallError, error_from_status
from .exchange import Exchange
from .outgoing_metadata import headers
from .rich_status import DETAILS_KEY
from .status import StatusCode, status_code

_log = logging.getLogger(__name__)


class CallState:
    """The state of one RPC. Its methods may be called from any thread."""

    def __init__(
        self,
        raw: RequestContext[Any, Any],
        exchange: Exchange | None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.raw = raw
        self.exchange = exchange
        self.auth_context = current_auth_context.get() or {}
        self.loop = asyncio.get_running_loop() if loop is None else loop
        self.task = asyncio.current_task() if loop is None else None
        self.lock = threading.RLock()
        self.code: Any = None
        self.details: Any = None
        self.trailing: Any = None
        self.aborted: Exception | None = None
        self.cancelled = False
        self.cancelled_by_handler = False
        self.ended = False
        self.unmoved = False
        self.headers_sent = False
        self.request_error: ConnectError | None = None
        self._callbacks: list[Callable[[], Any]] = []

    @property
    def is_grpc(self) -> bool:
        return self.raw.request_headers.get("content-type", "").startswith("application/grpc")

    @property
    def active(self) -> bool:
        return not (self.cancelled or self.ended)

    @property
    def client(self) -> str:
        """How it stands with the client, in grpcio's words: metrics interceptors read `context._state.client`."""
        return "cancelled" if self.cancelled else "open"

    @property
    def stopped(self) -> bool:
        """Whether the server ended the RPC because it stops."""
        return self.exchange is not None and self.exchange.stopped

    @property
    def deadline_passed(self) -> bool:
        """Whether the client is to be told of its deadline: connectrpc 0.13 would, in words that no gRPC server has.

        An event loop's timers may be early by its clock's resolution.
        """
        remaining_ms = self.raw.timeout_ms
        tells = self.exchange is None or self.exchange.tells_deadline
        return tells and remaining_ms is not None and remaining_ms <= 1

    def failed(self) -> bool:
        """Whether a code other than OK has been set."""
        if self.code is None:
            return False
        try:
            return status_code(self.code) is not StatusCode.OK
        except ValueError:
            return True

    def add_callback(self, callback: Callable[[], Any]) -> bool:
        with self.lock:
            if self.ended:
                return False
            self._callbacks.append(callback)
            return True

    def abort(self, code: Any, details: Any, error: Exception) -> None:
        """Latch the status that the RPC ends with, whatever its handler does from now on."""
        with self.lock:
            self.code, self.details, self.aborted = code, details, error

    def cancel(self, *, by_handler: bool = False) -> None:
        """Cancel the RPC from any thread."""
        with self.lock:
            if not self.active:
                return
            self.cancelled = True
            self.cancelled_by_handler = by_handler
        if self.task is not None:
            self.loop.call_soon_threadsafe(self.task.cancel)

    def take_headers(self) -> bool:
        """Whether the response headers can still be set; the next who asks is told no."""
        with self.lock:
            if self.headers_sent or (self.exchange is not None and self.exchange.started):
                return False
            self.headers_sent = True
            return True

    def send_initial_metadata(self, initial: Any) -> bool:
        """Set the response headers; return whether they can be sent at once."""
        for key, value in (headers(initial) or Headers()).allitems():
            self.raw.response_headers.add(key, value)
        return self.exchange is not None and self.exchange.is_grpc

    def rich_status(self) -> bytes | None:
        for key, value in self.trailing or ():
            if key == DETAILS_KEY:
                return value if isinstance(value, bytes) else str(value).encode()
        return None

    def status_error(self, code: Any, details: Any) -> ConnectError:
        """Return the error that ends the RPC with this status and its trailers.

        Over gRPC a rich status goes out as it was set: it need not say the same.
        """
        return error_from_status(code, details, None if self.is_grpc else self.rich_status())

    def write_trailers(self, error: ConnectError | None) -> None:
        """Write the trailing metadata, once it is final."""
        trailers = self.raw.response_trailers
        for key, value in (headers(self.trailing) or Headers()).allitems():
            if key == DETAILS_KEY and (not self.is_grpc or (error is not None and error.details)):
                continue
            trailers.add(key, value)
        if error is None and self.details and self.is_grpc:
            text = self.details.decode("utf-8", "replace") if isinstance(self.details, bytes) else str(self.details)
            trailers["grpc-message"] = quote(text, safe="")

    def conclude(self, error: ConnectError | None) -> ConnectError | None:
        """Write the trailers; return the error to end with.

        Details that are in the trailing metadata alone, where grpcio-status puts them, reach Connect clients, too.
        """
        rich = None if error is None or error.details or self.is_grpc else self.rich_status()
        if error is not None and rich is not None:
            cause, error = error, error_from_status(error.code, error.message, rich)
            error.__cause__ = cause
        try:
            self.write_trailers(error)
        except (TypeError, CallError) as invalid:
            _log.error("invalid trailing metadata: %s", invalid)
            return ConnectError(Code.INTERNAL, "Invalid metadata")
        return error

    def end(self) -> None:
        """Mark the RPC as over and run its callbacks, away from the event loop."""
        if callbacks := self.ending():
            threading.Thread(target=run_all, args=(callbacks,), name="rpc-callbacks", daemon=True).start()

    def ending(self) -> list[Callable[[], Any]]:
        """Mark the RPC as over, and return the callbacks that are still to be run."""
        with self.lock:
            self.ended = True
            callbacks, self._callbacks = self._callbacks, []
        return callbacks


def run_all(callbacks: list[Callable[[], Any]]) -> None:
    """Run callbacks; what one raises is logged."""
    for callback in callbacks:
        try:
            callback()
        except Exception:
            _log.exception("RPC termination callback failed")
