"""Stubs of gRPC that are Connect clients as well, for libraries whose callers go on with gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from typing import Any

from connectrpc.client import ConnectClient, ConnectClientSync

from .deadlines import seconds_of
from .errors import AIO_FORM, STREAM_FORM, UNARY_FORM, CallError
from .foreign_calls import call_error
from .foreign_channels import is_aio_channel
from .metadata import metadata
from .stub_classes import is_client_class
from .unmoved import grpc_module, unmoved_error

__all__ = ["public_stub"]

_ADDRESS = "http://localhost"


class _NoHttp:
    """Carries nothing: the channel does."""


def public_stub(
    channel: Any, stub_class: Any, client_class: Callable[..., Any], aio_class: Callable[..., Any] | None = None
) -> Any:
    """Return a stub of gRPC's own class that is a Connect client as well, for libraries whose callers go on with gRPC.

    Args:
        channel: a channel of grpcio, whose calls go through it and its interceptors; one of this package; or what
            stands in for one.
        stub_class: gRPC's generated `XStub`; what a test has in its place is called with the channel.
        client_class: the generated `XClientSync` or `XClient`.
        aio_class: the generated `XClient`, where it is not known whether the channel is async.

    Returns:
        An instance of both classes. `stub.SayHello` is gRPC's, with `with_call` and `future`, its call objects and its
        errors. `stub.say_hello(request, timeout_ms=..., headers=...)` is Connect's, and raises what is a `ConnectError`
        and gRPC's error at once: `grpc.RpcError`, or `grpc.aio.AioRpcError`, whose `code()` is a `grpc.StatusCode`.
        Errors of the caller's own classes, which its interceptors may raise, are raised as they are.

    The channel stays its owner's to close. grpcio must be installed, unless callers have nothing of it.

    Native form: `client_class(address, ...)`, once no caller needs grpcio's channel, stub or errors; then callers catch
    `ConnectError`.

    Source: `XStub(channel)` of grpcio-tools 1.85; `grpc.RpcError`, grpcio 1.85.
    """
    chosen: Any = aio_class if aio_class is not None and is_aio_channel(channel) else client_class
    if not (isinstance(stub_class, type) and is_client_class(chosen)):
        return stub_class(channel)
    made = _both(stub_class, chosen)(_ADDRESS, http_client=_NoHttp())
    stub_class.__init__(made, channel)  # type: ignore[misc]
    return made


@cache
def _both(stub_class: Any, client_class: Any) -> Any:
    base = _SyncStub if issubclass(client_class, ConnectClientSync) else _AioStub
    names = {"__module__": stub_class.__module__, "__doc__": stub_class.__doc__}
    return type(stub_class.__name__, (client_class, base, stub_class), names)


def _arguments(headers: Any, timeout_ms: int | None) -> dict[str, Any]:
    given = {
        "timeout": seconds_of(timeout_ms),
        "metadata": None if headers is None else metadata(headers),
    }
    return {name: value for name, value in given.items() if value is not None}


def _rpc_errors() -> Any:
    found = getattr(grpc_module(), "RpcError", None)
    return CallError if found is None else (found, CallError)


def _shown(error: Any, form: str) -> Any:
    """Return the error that is Connect's and gRPC's; one of a class of the caller's own as it is."""
    if type(error).__module__.partition(".")[0] != "grpc" and not isinstance(error, CallError):
        return error
    made = unmoved_error(call_error(error, form))
    if (debug := getattr(error, "debug_error_string", None)) is not None:
        made.debug = debug()
    made.__cause__ = error
    return made


def _end(call: Any) -> None:
    if hasattr(call, "cancel"):
        call.cancel()


class _SyncStub(ConnectClientSync):
    def _grpc2connect_answer(self, request: Any, method: Any, headers: Any, timeout_ms: int | None) -> Any:
        try:
            return getattr(self, method.name)(request, **_arguments(headers, timeout_ms))
        except _rpc_errors() as error:
            raise _shown(error, UNARY_FORM)  # noqa: B904

    def execute_unary(
        self, *, request: Any, method: Any, headers: Any = None, timeout_ms: int | None = None, use_get: bool = False
    ) -> Any:
        return self._grpc2connect_answer(request, method, headers, timeout_ms)

    def execute_client_stream(
        self, *, request: Any, method: Any, headers: Any = None, timeout_ms: int | None = None
    ) -> Any:
        return self._grpc2connect_answer(request, method, headers, timeout_ms)

    def execute_server_stream(
        self, *, request: Any, method: Any, headers: Any = None, timeout_ms: int | None = None
    ) -> Iterator[Any]:
        return _responses(getattr(self, method.name), request, _arguments(headers, timeout_ms))

    execute_bidi_stream = execute_server_stream


def _responses(call: Callable[..., Any], request: Any, arguments: dict[str, Any]) -> Iterator[Any]:
    begun = None
    try:
        begun = call(request, **arguments)
        yield from begun
    except _rpc_errors() as error:
        raise _shown(error, STREAM_FORM)  # noqa: B904
    finally:
        _end(begun)


class _AioStub(ConnectClient):
    async def _grpc2connect_answer(self, request: Any, method: Any, headers: Any, timeout_ms: int | None) -> Any:
        try:
            return await getattr(self, method.name)(request, **_arguments(headers, timeout_ms))
        except _rpc_errors() as error:
            raise _shown(error, AIO_FORM)  # noqa: B904

    async def execute_unary(
        self, *, request: Any, method: Any, headers: Any = None, timeout_ms: int | None = None, use_get: bool = False
    ) -> Any:
        return await self._grpc2connect_answer(request, method, headers, timeout_ms)

    async def execute_client_stream(
        self, *, request: Any, method: Any, headers: Any = None, timeout_ms: int | None = None
    ) -> Any:
        return await self._grpc2connect_answer(request, method, headers, timeout_ms)

    def execute_server_stream(
        self, *, request: Any, method: Any, headers: Any = None, timeout_ms: int | None = None
    ) -> AsyncIterator[Any]:
        return _aio_responses(getattr(self, method.name), request, _arguments(headers, timeout_ms))

    execute_bidi_stream = execute_server_stream


async def _aio_responses(call: Callable[..., Any], request: Any, arguments: dict[str, Any]) -> AsyncIterator[Any]:
    begun = None
    try:
        begun = call(request, **arguments)
        async for response in begun:
            yield response
    except _rpc_errors() as error:
        raise _shown(error, AIO_FORM)  # noqa: B904
    finally:
        _end(begun)
