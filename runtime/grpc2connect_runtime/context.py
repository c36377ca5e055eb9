"""`grpc.ServicerContext` over Connect's `RequestContext`, for sync handlers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from connectrpc.code import Code
from connectrpc.request import Headers, RequestContext

from .auth_context import identity_key
from .call_state import CallState
from .errors import CallError
from .metadata import Metadatum, metadata
from .peers import peer_uri
from .status import StatusCode, connect_code, status_code
from .type_parameters import OfMessages, Open, Request, Response

__all__ = ["ContextBase", "ServicerContext"]

_log = logging.getLogger(__name__)
_NO_DEADLINE_S = 9223372036854775807 / 1e6


class ContextBase(OfMessages[Request, Response], RequestContext[Any, Any]):
    """What the sync and the aio context share: a `RequestContext` with the methods of `grpc.ServicerContext`."""

    def __init__(self, state: CallState) -> None:
        """Wrap the context of a running RPC; made by `HandlerInterceptor`."""
        raw = state.raw
        super().__init__(
            method=raw.method,
            http_method=raw.http_method,
            request_headers=raw.request_headers,
            server_address=raw.server_address,
            client_address=raw.client_address,
        )
        self._state = state

    @property
    def response_headers(self) -> Headers:
        """The headers sent before the response."""
        return self._state.raw.response_headers

    @property
    def response_trailers(self) -> Headers:
        """The trailers sent after the response."""
        return self._state.raw.response_trailers

    @property
    def timeout_ms(self) -> float | None:
        """The milliseconds left until the deadline, or None."""
        return self._state.raw.timeout_ms

    def invocation_metadata(self) -> tuple[Metadatum, ...]:
        """Return the metadata of the request; native form: `context.request_headers`."""
        return metadata(self.request_headers)

    def peer(self) -> str:
        """Return the address of the client as `ipv4:1.2.3.4:5`; native form: `context.client_address`."""
        return peer_uri(self.client_address)

    def peer_identities(self) -> Sequence[bytes] | None:
        """Return the names in the client's certificate, or None unless it has shown one.

        No native form: connectrpc tells a handler nothing of TLS. Where a proxy ends TLS, it is the proxy that knows
        the client: read the header that it sets, such as `x-forwarded-client-cert`.
        """
        key = self.peer_identity_key()
        return None if key is None else list(self._state.auth_context[key])

    def peer_identity_key(self) -> str | None:
        """Return which names `peer_identities` returns, or None unless the client has shown a certificate.

        It is `x509_subject_alternative_name`, or `x509_common_name` of a certificate without alternative names. No
        native form: see `peer_identities`.
        """
        return identity_key(self._state.auth_context)

    def auth_context(self) -> Mapping[str, Sequence[bytes]]:
        """Return the security of the connection; empty if it was not accepted by a `Server` or `AioServer`.

        No native form: see `peer_identities`.

        Source: `grpc.ServicerContext.auth_context`; which keys there are says `auth_context.auth_context_of`.
        """
        return {key: list(values) for key, values in self._state.auth_context.items()}

    def set_compression(self, compression: Any) -> None:
        """Do nothing: responses are not compressed over gRPC. Native form: `compressions=` of the application."""

    def disable_next_message_compression(self) -> None:
        """Do nothing: responses are not compressed over gRPC."""

    def set_trailing_metadata(self, trailing_metadata: Any) -> None:
        """Replace the trailing metadata; native form: `context.response_trailers.add(key, value)`."""
        with self._state.lock:
            self._state.trailing = None if trailing_metadata is None else tuple(trailing_metadata)

    def trailing_metadata(self) -> Any:
        """Return the trailing metadata set so far; native form: `context.response_trailers`."""
        return self._state.trailing

    def set_code(self, code: Any) -> None:
        """Set the status that the RPC ends with; native form: `raise ConnectError(code, message)`.

        Args:
            code: a `StatusCode`, `grpc.StatusCode` or `connectrpc.code.Code`.
        """
        with self._state.lock:
            self._state.code = code

    def set_details(self, details: str) -> None:
        """Set the message that the RPC ends with; native form: the message of `ConnectError`."""
        with self._state.lock:
            self._state.details = details

    def is_active(self) -> bool:
        """Whether the RPC is neither ended nor cancelled; native form: `asyncio.CancelledError` in an async handler."""
        return self._state.active

    def cancel(self) -> None:
        """Cancel the RPC; native form: `raise ConnectError(Code.CANCELED, ...)`."""
        self._state.cancel(by_handler=True)


class ServicerContext(ContextBase[Request, Response], Open):
    """The context of a sync handler: `grpc.ServicerContext` and `connectrpc.request.RequestContext` in one.

    Native form: `connectrpc.request.RequestContext`. Go there, method by method, as each docstring says; native and
    gRPC-shaped uses mix in one handler. All methods may be called from any thread.

    Source: `grpc.ServicerContext`, grpcio 1.85 `_server._Context`.
    """

    def abort(self, code: Any, details: Any) -> NoReturn:
        """End the RPC with a status; native form: `raise ConnectError(code, details)`.

        The RPC ends with it even if the exception is swallowed, or `abort` is called from another thread.

        Args:
            code: a `StatusCode`, `grpc.StatusCode` or `connectrpc.code.Code`; OK becomes UNKNOWN.
            details: the message for the client.

        Raises:
            Exception: always, a bare one, as in grpcio.
            AttributeError: the details are no text; the code is set.
        """
        if is_ok(code):
            _log.error("abort() called with StatusCode.OK; returning UNKNOWN")
            code, details = StatusCode.UNKNOWN, ""
        if not isinstance(details, bytes | str):
            self.set_code(code)
            self.set_details(details)
        error = Exception()
        self._state.abort(_without_numbers(code), details, error)
        raise error

    def abort_with_status(self, status: Any) -> NoReturn:
        """End the RPC with a `grpc.Status`; native form: `ConnectError(code, message, details=[...])`.

        Args:
            status: anything with `.code`, `.details` and `.trailing_metadata`. The details of a
                `grpc-status-details-bin` in the latter reach Connect clients as error details.

        Raises:
            Exception: always, a bare one, as in grpcio.
        """
        self.set_trailing_metadata(status.trailing_metadata)
        self.abort(status.code, status.details)

    def set_code(self, code: Any) -> None:
        """Set the status that the RPC ends with; native form: `raise ConnectError(code, message)`.

        Args:
            code: a `StatusCode`, `grpc.StatusCode` or `connectrpc.code.Code`; anything else is UNKNOWN.
        """
        super().set_code(_without_numbers(code))

    def set_details(self, details: Any) -> None:
        """Set the message that the RPC ends with; native form: the message of `ConnectError`.

        Raises:
            AttributeError: it is no text.
        """
        _check_text(details)
        super().set_details(details)

    def code(self) -> Any:
        """Return the code set so far, or None; a `Code` as the `StatusCode` that it stands for."""
        code = self._state.code
        return status_code(code) if isinstance(code, Code) else code

    def details(self) -> bytes | None:
        """Return the details set so far as bytes (as grpcio does), or None."""
        details = self._state.details
        return details.encode() if isinstance(details, str) else details

    def send_initial_metadata(self, initial_metadata: Any) -> None:
        """Send the response headers now (over gRPC) or with the first message (over Connect and gRPC-Web).

        Native form: `context.response_headers.add(key, value)`, which sends them with the first message.

        Invalid metadata ends the RPC with INTERNAL; the handler goes on without an error, as in grpcio.

        Raises:
            ValueError: they have been sent.
            TypeError: a value is neither str nor bytes.
            CallError: the RPC has been cancelled.
        """
        if self._state.cancelled:
            raise CallError(connect_code("CANCELLED"), "RPC cancelled")
        if not self._state.take_headers():
            raise ValueError("Initial metadata no longer allowed!")
        try:
            at_once = self._state.send_initial_metadata(initial_metadata)
        except CallError as error:
            self._state.abort(error.code, error.message, Exception())
            return
        if at_once:
            assert self._state.exchange is not None
            flush = self._state.exchange.flush(self.response_headers)
            asyncio.run_coroutine_threadsafe(flush, self._state.loop).result()

    def time_remaining(self) -> float:
        """Return the seconds left until the deadline, a huge number without one.

        Native form: `context.timeout_ms`, in milliseconds and None without a deadline.
        """
        remaining = self.timeout_ms
        return _NO_DEADLINE_S if remaining is None else max(remaining / 1000, 0)

    def add_callback(self, callback: Callable[[], Any]) -> bool:
        """Call `callback()` when the RPC ends; return False if it has ended. Native form: `try ... finally`."""
        return self._state.add_callback(callback)


def _without_numbers(code: Any) -> Any:
    """The code; UNKNOWN for the number of one, which grpcio's sync server does not take for a code."""
    return StatusCode.UNKNOWN if isinstance(code, int) else code


def _check_text(details: Any) -> None:
    """Fail as grpcio does when it encodes what is no text."""
    if not isinstance(details, bytes):
        details.encode("utf8")


def is_ok(code: Any) -> bool:
    """Whether `code` is a spelling of OK."""
    try:
        return status_code(code) is StatusCode.OK
    except ValueError:
        return False
