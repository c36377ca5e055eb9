"""The contexts of moved handlers over grpcio's: grpcio's meaning by grpcio itself, and Connect's names for it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

import grpc
from connectrpc.errors import ConnectError
from connectrpc.method import MethodInfo
from connectrpc.request import Headers, RequestContext

from ..aio_context import AioServicerContext
from ..context import ContextBase, ServicerContext
from ..metadata import encoded, metadata
from ..outcome import unexpected
from ..peers import client_address
from ..status import status_code
from ..streams import EOF
from ..unmoved import abort_error, be_abort_error, end_of_stream
from .server_status import HandlerError, cancelled_by_grpcio, grpc_status, native_status, pairs_of, raised_for_grpcio

__all__ = ["AioWireContext", "WireContext"]

_log = logging.getLogger(__name__)
_NEVER_S = 1e9
"""grpcio says some 292,000 years where there is no deadline."""
_NO_HEADERS = Headers()


def _request_headers(received: Iterable[tuple[str, Any]]) -> Headers:
    found = Headers()
    for key, value in received:
        found.add(key, encoded(value) if isinstance(value, bytes) else value)
    return found


class _Base(ContextBase):
    """What the sync and the aio context share.

    Args:
        context: grpcio's, or one of an interceptor around it.
        method: the method that is called; None for one whose messages are bytes.
        unmoved: whether the code that gets this one is written for grpcio, and so expects its codes.
    """

    def __init__(self, context: Any, method: MethodInfo[Any, Any] | None, *, unmoved: bool = False) -> None:
        RequestContext.__init__(self, method=method, http_method="POST", request_headers=_NO_HEADERS)  # type: ignore[arg-type]
        self._grpc = context
        self._unmoved = unmoved
        self._request: Headers | None = None
        self._headers: Headers | None = None
        self._trailers: Headers | None = None
        self._trailing: tuple[Any, ...] = ()
        self._code: Any = None
        self._started = False

    def __getattr__(self, name: str) -> Any:
        """Return what an interceptor has put into grpcio's context, or its own context has."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._grpc, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Put an attribute of the program's own where an interceptor finds it too."""
        if not name.startswith("_") and not hasattr(type(self), name):
            with contextlib.suppress(AttributeError):  # that of grpc.aio takes none
                setattr(self._grpc, name, value)
                return
        super().__setattr__(name, value)

    @property
    def _state(self) -> Any:  # type: ignore[override]
        """Return grpcio's own: metrics interceptors read `context._state.code` and `.client`."""
        return self._grpc._state

    @property
    def request_headers(self) -> Headers:
        """The metadata of the request, `-bin` values in base64 as on the wire."""
        if self._request is None:
            self._request = _request_headers(self._grpc.invocation_metadata() or ())
        return self._request

    @property
    def response_headers(self) -> Headers:
        """The headers sent before the response."""
        if self._headers is None:
            self._headers = Headers()
        return self._headers

    @property
    def response_trailers(self) -> Headers:
        """The trailers sent after the response."""
        if self._trailers is None:
            self._trailers = Headers()
        return self._trailers

    @property
    def timeout_ms(self) -> float | None:
        """The milliseconds left until the deadline, or None."""
        remaining = self._grpc.time_remaining()
        return None if remaining is None or remaining > _NEVER_S else remaining * 1000

    @property
    def client_address(self) -> str | None:
        """The address of the client."""
        return client_address(self._grpc.peer())

    def invocation_metadata(self) -> Any:
        """Return the metadata of the request."""
        return self._grpc.invocation_metadata()

    def peer(self) -> str:
        """Return the address of the client."""
        found: str = self._grpc.peer()
        return found

    def peer_identities(self) -> Sequence[bytes] | None:
        """Return who the client is by its certificate."""
        found: Sequence[bytes] | None = self._grpc.peer_identities()
        return found

    def peer_identity_key(self) -> str | None:
        """Return which property identifies the client."""
        found: str | None = self._grpc.peer_identity_key()
        return found

    def auth_context(self) -> Mapping[str, Sequence[bytes]]:
        """Return the properties of the client's certificate and connection."""
        found: Mapping[str, Sequence[bytes]] = self._grpc.auth_context()
        return found

    def set_compression(self, compression: Any) -> None:
        """Compress the responses."""
        self._grpc.set_compression(grpc.Compression(int(compression)))

    def disable_next_message_compression(self) -> None:
        """Do not compress the next response."""
        self._grpc.disable_next_message_compression()

    def set_trailing_metadata(self, trailing_metadata: Any) -> None:
        """Replace the trailing metadata."""
        self._trailing = pairs_of(trailing_metadata)
        self._grpc.set_trailing_metadata(trailing_metadata)

    def trailing_metadata(self) -> Any:
        """Return the trailing metadata set so far."""
        return self._grpc.trailing_metadata() if hasattr(self._grpc, "trailing_metadata") else self._trailing

    def set_code(self, code: Any) -> None:
        """Set the code that the call ends with."""
        self._code = grpc_status(code)
        self._grpc.set_code(self._code)

    def set_details(self, details: Any) -> None:
        """Set the message that the call ends with."""
        self._grpc.set_details(details)

    def code(self) -> Any:
        """Return the code set so far, or None."""
        code = self._grpc.code()
        return code if self._unmoved or not isinstance(code, grpc.StatusCode) else status_code(code)

    def details(self) -> Any:
        """Return the details set so far."""
        return self._grpc.details()

    def _failed(self) -> Any:
        """Return the code that `grpc.aio` ends a call with whose handler raises: the one that was set, if any."""
        code = self._grpc.code() if hasattr(self._grpc, "code") else self._code
        return grpc.StatusCode.UNKNOWN if code in (None, 0, grpc.StatusCode.OK) else code

    def _early_headers(self) -> tuple[Any, ...]:
        """Return the native response headers when the response starts; later ones are dropped, as by connectrpc."""
        early = metadata(self._headers) if self._headers and not self._started else ()
        self._started = True
        return early

    def _late_trailers(self, more: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        """Return all trailers, once, if there are any that grpcio does not know."""
        if not self._trailers and not more:
            return None
        native, self._trailers = metadata(self._trailers or Headers()), None
        self._trailing = (*pairs_of(self.trailing_metadata()), *native, *more)
        return self._trailing


class WireContext(_Base, ServicerContext):
    """A sync handler's context over that of `grpc.server`."""

    def abort(self, code: Any, details: str) -> NoReturn:
        """End the RPC with a status."""
        self._grpc.abort(grpc_status(code), details)
        raise abort_error("Locally aborted.")

    def abort_with_status(self, status: Any) -> NoReturn:
        """End the RPC with a `grpc.Status`."""
        self.set_trailing_metadata(status.trailing_metadata)
        self.abort(status.code, status.details)

    def send_initial_metadata(self, initial_metadata: Any) -> None:
        """Send the response headers now."""
        early = self._early_headers()
        try:
            self._grpc.send_initial_metadata((*early, *pairs_of(initial_metadata)))
        except grpc.RpcError as error:
            if self._unmoved:
                raise
            raise cancelled_by_grpcio(error) from error

    def time_remaining(self) -> float:
        """Return the seconds left until the deadline, a huge number without one."""
        found: float = self._grpc.time_remaining()
        return found

    def is_active(self) -> bool:
        """Whether the RPC is neither ended nor cancelled."""
        found: bool = self._grpc.is_active()
        return found

    def cancel(self) -> None:
        """Cancel the RPC."""
        self._grpc.cancel()

    def add_callback(self, callback: Callable[[], Any]) -> bool:
        """Call `callback()` when the RPC ends."""
        found: bool = self._grpc.add_callback(callback)
        return found

    def send_headers(self) -> None:
        """Send the native response headers with the first message, if there are any."""
        if not self._started and (early := self._early_headers()):
            with contextlib.suppress(ValueError):  # someone around this one has sent others
                self._grpc.send_initial_metadata(early)

    def finish(self, more: tuple[Any, ...] = ()) -> None:
        """Hand over what native code has left in the context, before the call ends."""
        self.send_headers()
        if (trailing := self._late_trailers(more)) is not None:
            self._grpc.set_trailing_metadata(trailing)

    def fail(self, error: ConnectError) -> NoReturn:
        """End the call with an error that a handler raised."""
        aio = _is_of_aio(self._grpc)
        other = raised_for_grpcio(error)
        if aio and isinstance(other, HandlerError | ConnectError):
            _log.error("Unexpected [%s] raised by servicer method", type(error).__name__, exc_info=error)
            self.finish()
            self._grpc.abort(self._failed(), unexpected(error))
        if other is not None:
            self.finish()
            if other is error:
                raise error
            raise other from error
        code, message, more = native_status(error, aio=aio)
        self.finish(more)
        self._grpc.abort(code, message)
        raise abort_error("Locally aborted.")


class AioWireContext(_Base, AioServicerContext):
    """An async handler's context over that of `grpc.aio.server`."""

    async def abort(self, code: Any, details: str = "", trailing_metadata: Any = ()) -> NoReturn:
        """End the RPC with a status."""
        await self._end(grpc_status(code), details, trailing_metadata)

    async def abort_with_status(self, status: Any) -> NoReturn:
        """End the RPC with a `grpc.Status`."""
        await self.abort(status.code, status.details, status.trailing_metadata)

    async def _end(self, code: Any, details: str, trailing: Any) -> NoReturn:
        try:
            await self._grpc.abort(code, details, trailing)
        except grpc.aio.AbortError as error:
            be_abort_error(error)
            raise
        raise abort_error("Locally aborted.")

    async def read(self) -> Any:
        """Return the next request message, or `EOF`."""
        message = await self._grpc.read()
        return EOF if message is end_of_stream() and not self._unmoved else message

    async def write(self, message: Any) -> None:
        """Send a response message."""
        await self.send_headers()
        await self._grpc.write(message)

    async def send_initial_metadata(self, initial_metadata: Any) -> None:
        """Send the response headers now."""
        early = self._early_headers()
        await self._grpc.send_initial_metadata((*early, *pairs_of(initial_metadata)))

    def code(self) -> Any:
        """Return the code set so far, or None."""
        code = self._grpc.code()
        return code if self._unmoved or code is None else _known(code)

    def time_remaining(self) -> float | None:
        """Return the seconds left until the deadline, or None without one."""
        found: float | None = self._grpc.time_remaining()
        return found

    def cancelled(self) -> bool:
        """Whether the RPC has been cancelled."""
        found: bool = self._grpc.cancelled()
        return found

    def done(self) -> bool:
        """Whether the RPC has ended or been cancelled."""
        found: bool = self._grpc.done()
        return found

    def is_active(self) -> bool:
        """Whether the RPC is neither ended nor cancelled."""
        return not self.done()

    def add_done_callback(self, callback: Callable[[AioServicerContext], Any]) -> None:
        """Call `callback(context)` on the event loop when the RPC ends."""
        self._grpc.add_done_callback(lambda _: callback(self))

    def add_callback(self, callback: Callable[[], Any]) -> bool:
        """Call `callback()` when the RPC ends; return False if it has ended."""
        if self.done():
            return False
        self._grpc.add_done_callback(lambda _: callback())
        return True

    def cancel(self) -> None:
        """Raise NotImplementedError: `grpc.aio` has no such method either."""
        raise NotImplementedError("a call of grpc.aio cannot be cancelled from its handler: raise an error")

    async def send_headers(self) -> None:
        """Send the native response headers with the first message, if there are any."""
        if not self._started and (early := self._early_headers()):
            with contextlib.suppress(ValueError, grpc.aio.UsageError):  # someone around this one has sent others
                await self._grpc.send_initial_metadata(early)

    async def finish(self, more: tuple[Any, ...] = ()) -> None:
        """Hand over what native code has left in the context, before the call ends."""
        await self.send_headers()
        if (trailing := self._late_trailers(more)) is not None:
            self._grpc.set_trailing_metadata(trailing)

    async def fail(self, error: ConnectError) -> NoReturn:
        """End the call with an error that a handler raised."""
        if raised_for_grpcio(error) is not None:
            await self.finish()
            _log.error("Unexpected [%s] raised by servicer method", type(error).__name__, exc_info=error)
            await self._end(self._failed(), unexpected(error), ())
        code, message, more = native_status(error, aio=True)
        await self.finish(more)
        await self._end(code, message, self._trailing)


def _is_of_aio(context: Any) -> bool:
    """Whether a sync handler's context is that of `grpc.aio`; interceptors may have put others around it."""
    while isinstance(context, _Base):
        context = context._grpc
    return type(context).__name__ == "_SyncServicerContext"


def _known(code: Any) -> Any:
    try:
        return status_code(code)
    except ValueError:
        return code
