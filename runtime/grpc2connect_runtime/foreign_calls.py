"""Multi-callables and calls of channels that are not this package's, with the kinds of moved code, or of both.

They are grpcio's, or those of an object that stands in for a channel. What they raise of grpcio's becomes a
`CallError`, their codes and metadata those of a face; whatever else they give goes through as it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from .errors import AIO_FORM, STREAM_FORM, UNARY_FORM, CallError, error_from_status
from .faces import MOVED, Face
from .metadata import Metadatum
from .rich_status import DETAILS_KEY
from .status import status_code
from .unmoved import aio_module, grpc_module, moved_error
from .wire.client_credentials import grpcio_call_credentials

__all__ = ["ForeignAioCall", "ForeignAioMethod", "ForeignCall", "ForeignMethod"]


class _Never(Exception):
    """What nothing raises, for where grpcio is not loaded."""


def _named(name: str) -> type[BaseException]:
    found: type[BaseException] = getattr(grpc_module(), name, _Never)
    return found


def _asked(error: Any, name: str) -> Any:
    """What an error says of itself; programs raise a bare `grpc.RpcError` of their own in tests, which says nothing."""
    found = getattr(error, name, None)
    return found() if callable(found) else found


def _pairs(metadata: Any) -> tuple[Metadatum, ...]:
    return tuple(Metadatum(key, value) for key, value in metadata or ())


def call_error(error: Any, form: str) -> CallError:
    """Return the `CallError` for a `grpc.RpcError`; `form` is that of grpcio's class for such an error."""
    if isinstance(error, CallError):
        return moved_error(error)
    trailing = _pairs(_asked(error, "trailing_metadata"))
    rich = next((value for key, value in trailing if key == DETAILS_KEY and isinstance(value, bytes)), None)
    native = error_from_status(_asked(error, "code"), _asked(error, "details"), rich)
    made = CallError(
        native.code,
        native.message,
        native.details,
        initial_metadata=_pairs(_asked(error, "initial_metadata")),
        trailing_metadata=trailing,
        form=form,
    )
    made.cancelled_here = _asked(error, "cancelled") is True
    return made


def _status(code: Any, face: Face) -> Any:
    try:
        return face.code(status_code(code))
    except ValueError:
        return code  # None while a call goes on; whatever a stand-in says


class ForeignCall:
    """A sync call: a stream of responses, or a future."""

    def __init__(self, inner: Any, form: str, face: Face = MOVED) -> None:
        """Wrap a call; `form` is that of its errors, `face` what it shows."""
        self._inner = inner
        self._form = form
        self._face = face
        self._responses: Iterator[Any] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "_inner"), name)

    def _error(self, error: BaseException) -> CallError:
        return self._face.error(call_error(error, self._form))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            if self._responses is None:
                self._responses = iter(self._inner)
            return next(self._responses)
        except _named("RpcError") as error:
            raise self._error(error) from error

    def code(self) -> Any:
        """Return the status when the call has ended."""
        return _status(self._inner.code(), self._face)

    def result(self, timeout: float | None = None) -> Any:
        """Wait at most `timeout` seconds; return the response or raise."""
        return self._awaited(self._inner.result, timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait at most `timeout` seconds; return the error or None."""
        found: BaseException | None = self._awaited(self._inner.exception, timeout)
        if isinstance(found, _named("RpcError")):
            made = self._error(found)
            made.__cause__ = found
            return made
        return found

    def _awaited(self, wait: Callable[..., Any], timeout: float | None) -> Any:
        try:
            return wait() if timeout is None else wait(timeout)
        except _named("RpcError") as error:
            raise self._error(error) from error
        except _named("FutureTimeoutError") as error:
            raise self._face.timed_out() from error
        except _named("FutureCancelledError") as error:
            raise self._face.cancelled() from error

    def add_done_callback(self, callback: Callable[[Any], Any]) -> None:
        """Call `callback(self)` when the call has ended."""
        self._inner.add_done_callback(lambda _: callback(self))


class ForeignAioCall:
    """A call of `grpc.aio`."""

    def __init__(self, inner: Any, face: Face = MOVED) -> None:
        """Wrap a call; `face` is what it shows."""
        self._inner = inner
        self._face = face

    def _error(self, error: BaseException) -> CallError:
        return self._face.error(call_error(error, AIO_FORM))

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "_inner"), name)

    async def _shown(self, awaitable: Any) -> Any:
        try:
            return await awaitable
        except _named("RpcError") as error:
            raise self._error(error) from error

    def __await__(self) -> Any:
        return self._shown(self._inner).__await__()

    async def __aiter__(self) -> Any:
        try:
            async for response in self._inner:
                yield response
        except _named("RpcError") as error:
            raise self._error(error) from error

    async def read(self) -> Any:
        """Return the next response, or `EOF`."""
        found = await self._shown(self._inner.read())
        return self._face.end_of_stream() if found is getattr(aio_module(), "EOF", _Never) else found

    async def write(self, request: Any) -> None:
        """Send a request."""
        await self._shown(self._inner.write(request))

    async def done_writing(self) -> None:
        """Send no more requests."""
        await self._shown(self._inner.done_writing())

    async def wait_for_connection(self) -> None:
        """Wait until the call is connected."""
        await self._shown(self._inner.wait_for_connection())

    async def code(self) -> Any:
        """Return the status when the call has ended."""
        return _status(await self._inner.code(), self._face)

    async def initial_metadata(self) -> Any:
        """Return the response headers."""
        return self._face.aio_metadata(_pairs(await self._shown(self._inner.initial_metadata())))

    async def trailing_metadata(self) -> Any:
        """Return the response trailers."""
        return self._face.aio_metadata(_pairs(await self._shown(self._inner.trailing_metadata())))

    def add_done_callback(self, callback: Callable[[Any], Any]) -> None:
        """Call `callback(self)` when the call has ended."""
        self._inner.add_done_callback(lambda _: callback(self))


def _is_async(result: Any) -> bool:
    """Whether a call of unknown colour turned out to be one of `grpc.aio`."""
    kind = type(result)
    return inspect.isawaitable(result) or (hasattr(kind, "__aiter__") and not hasattr(kind, "__iter__"))


def _arguments(
    timeout: float | None, metadata: Any, credentials: Any, wait_for_ready: bool | None, compression: Any
) -> dict[str, Any]:
    """What was given, as grpcio takes it; what was not given is not passed on, for a stand-in may not know of it."""
    found: dict[str, Any] = {"timeout": timeout, "wait_for_ready": wait_for_ready}
    if metadata is not None:
        found["metadata"] = tuple((key, value) for key, value in metadata)
    if credentials is not None:
        found["credentials"] = grpcio_call_credentials(credentials)
    if compression is not None:
        grpc = grpc_module()
        found["compression"] = compression if grpc is None else grpc.Compression(int(compression))
    return {name: value for name, value in found.items() if value is not None}


class ForeignMethod:
    """A multi-callable whose calls are sync, or whatever they turn out to be."""

    def __init__(self, inner: Any, *, streams_responses: bool, face: Face = MOVED) -> None:
        """Wrap a multi-callable; `face` is what its calls show."""
        self._inner = inner
        self._face = face
        self._streams_responses = streams_responses
        self._form = STREAM_FORM if streams_responses else UNARY_FORM

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
        """Call; return the response, or the call if it streams."""
        requests = request if request_iterator is None else request_iterator
        given = _arguments(timeout, metadata, credentials, wait_for_ready, compression)
        found = self._shown(self._inner, requests, given)
        if _is_async(found):
            return ForeignAioCall(found, self._face)
        return ForeignCall(found, self._form, self._face) if self._streams_responses else found

    def with_call(
        self,
        request: Any = None,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
        *,
        request_iterator: Any = None,
    ) -> tuple[Any, Any]:
        """Call and return the response with its finished call."""
        requests = request if request_iterator is None else request_iterator
        given = _arguments(timeout, metadata, credentials, wait_for_ready, compression)
        response, call = self._shown(self._inner.with_call, requests, given)
        return response, ForeignCall(call, self._form, self._face)

    def future(
        self,
        request: Any = None,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
        *,
        request_iterator: Any = None,
    ) -> ForeignCall:
        """Begin a call and return it."""
        requests = request if request_iterator is None else request_iterator
        given = _arguments(timeout, metadata, credentials, wait_for_ready, compression)
        return ForeignCall(self._shown(self._inner.future, requests, given), self._form, self._face)

    def _shown(self, function: Callable[..., Any], requests: Any, given: dict[str, Any]) -> Any:
        try:
            return function(requests, **given)
        except _named("RpcError") as error:
            raise self._face.error(call_error(error, self._form)) from error


class ForeignAioMethod:
    """A multi-callable of `grpc.aio`."""

    def __init__(self, inner: Any, *, streams_requests: bool, face: Face = MOVED) -> None:
        """Wrap a multi-callable; `face` is what its calls show."""
        self._inner = inner
        self._face = face
        self._streams_requests = streams_requests

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
    ) -> ForeignAioCall:
        """Begin a call and return it; without an iterator of requests, they are sent by its `write`."""
        requests = request if request_iterator is None else request_iterator
        given = _arguments(timeout, metadata, credentials, wait_for_ready, compression)
        none = self._streams_requests and requests is None
        return ForeignAioCall(self._inner(**given) if none else self._inner(requests, **given), self._face)
