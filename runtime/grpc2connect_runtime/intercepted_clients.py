"""Generated clients whose calls go through a channel's interceptors.

A generated client makes each call by one of its base's four `execute_*` methods. Here these make it by the channel's
multi-callables instead, where interceptors may change the method, the time and the metadata, call twice or not at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any, Protocol

from connectrpc.client import ConnectClient, ConnectClientSync
from connectrpc.method import MethodInfo, StreamType

from .deadlines import seconds_of
from .errors import CallError
from .faces import Face
from .metadata import metadata
from .outgoing_metadata import SentHeaders
from .unmoved import moved_error

__all__ = ["intercepted_client", "multicallable_of", "reroute"]


class _Channel(Protocol):
    def multicallable(self, kind: StreamType, method: str, transforms: Any, face: Face) -> Any: ...

    def moved_face(self) -> Face: ...


class _Found(BaseException):
    """Answers which method a generated one is; see `multicallable_of`."""


_asked: ContextVar[bool] = ContextVar("grpc2connect_asked", default=False)


class _Routed:
    """What clients of both colours share."""

    # Underscores: a generated client has a method for each RPC, of any other name.
    _grpc2connect_channel: _Channel

    def _grpc2connect_multicallable(self, method: MethodInfo[Any, Any]) -> Any:
        if _asked.get():
            raise _Found(method)
        serialize = getattr(method.input, "SerializeToString", None) or method.input.to_binary
        deserialize = getattr(method.output, "FromString", None) or method.output.from_binary
        path = f"/{method.service_name}/{method.name}"
        channel = self._grpc2connect_channel
        return channel.multicallable(method.stream_type, path, (serialize, deserialize), channel.moved_face())

    def _grpc2connect_multicallable_of(self, method: Callable[..., Any]) -> Any:
        """Return the multi-callable for a bound method of this client, which is asked for its description."""
        token = _asked.set(True)
        try:
            found = method(None)
            if hasattr(found, "send"):
                found.send(None)
        except _Found as answer:
            info: MethodInfo[Any, Any] = answer.args[0]
        else:
            raise TypeError(f"not a method of a generated Connect client: {method!r}")
        finally:
            _asked.reset(token)
        made = self._grpc2connect_multicallable(info)
        return _Moved(made) if isinstance(self, ConnectClientSync) else made


class _Moved:
    """A sync multi-callable whose errors are those of moved code."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        if hasattr(inner, "future"):
            self.future = inner.future
            self.with_call = lambda *arguments, **names: _moved(inner.with_call, *arguments, **names)

    def __call__(self, *arguments: Any, **names: Any) -> Any:
        return _moved(self._inner, *arguments, **names)


def _moved(function: Callable[..., Any], *arguments: Any, **names: Any) -> Any:
    try:
        return function(*arguments, **names)
    except CallError as error:
        raise _as_moved(error) from error.__cause__


def _as_moved(error: CallError) -> CallError:
    return moved_error(error)


def _arguments(headers: Any, timeout_ms: int | None) -> dict[str, Any]:
    return {
        "timeout": seconds_of(timeout_ms),
        "metadata": None if headers is None else _as_given(headers),
    }


def _as_given(headers: Any) -> Any:
    return headers.metadata() if isinstance(headers, SentHeaders) else metadata(headers)


class _SyncClient(_Routed, ConnectClientSync):
    def execute_unary(
        self, *, request: Any, method: Any, headers: Any = None, timeout_ms: int | None = None, use_get: bool = False
    ) -> Any:
        return _moved(self._grpc2connect_multicallable(method), request, **_arguments(headers, timeout_ms))

    def execute_client_stream(
        self, *, request: Any, method: Any, headers: Any = None, timeout_ms: int | None = None
    ) -> Any:
        return _moved(self._grpc2connect_multicallable(method), request, **_arguments(headers, timeout_ms))

    def execute_server_stream(
        self, *, request: Any, method: Any, headers: Any = None, timeout_ms: int | None = None
    ) -> Iterator[Any]:
        return _responses(self._grpc2connect_multicallable(method), request, _arguments(headers, timeout_ms))

    def execute_bidi_stream(
        self, *, request: Any, method: Any, headers: Any = None, timeout_ms: int | None = None
    ) -> Iterator[Any]:
        return _responses(self._grpc2connect_multicallable(method), request, _arguments(headers, timeout_ms))


def _responses(call: Callable[..., Any], request: Any, arguments: dict[str, Any]) -> Iterator[Any]:
    begun = call(request, **arguments)
    try:
        yield from begun
    except CallError as error:
        raise _as_moved(error) from error.__cause__
    finally:
        cancel = getattr(begun, "cancel", None)
        if cancel is not None:
            cancel()


class _AioClient(_Routed, ConnectClient):
    async def execute_unary(
        self, *, request: Any, method: Any, headers: Any = None, timeout_ms: int | None = None, use_get: bool = False
    ) -> Any:
        return await _response(self._grpc2connect_multicallable(method), request, _arguments(headers, timeout_ms))

    async def execute_client_stream(
        self, *, request: Any, method: Any, headers: Any = None, timeout_ms: int | None = None
    ) -> Any:
        return await _response(self._grpc2connect_multicallable(method), request, _arguments(headers, timeout_ms))

    def execute_server_stream(
        self, *, request: Any, method: Any, headers: Any = None, timeout_ms: int | None = None
    ) -> AsyncIterator[Any]:
        return _aio_responses(self._grpc2connect_multicallable(method), request, _arguments(headers, timeout_ms))

    def execute_bidi_stream(
        self, *, request: Any, method: Any, headers: Any = None, timeout_ms: int | None = None
    ) -> AsyncIterator[Any]:
        return _aio_responses(self._grpc2connect_multicallable(method), request, _arguments(headers, timeout_ms))


async def _response(call: Callable[..., Any], request: Any, arguments: dict[str, Any]) -> Any:
    try:
        return await call(request, **arguments)
    except CallError as error:
        raise _as_moved(error) from error.__cause__


async def _aio_responses(call: Callable[..., Any], request: Any, arguments: dict[str, Any]) -> AsyncIterator[Any]:
    begun = call(request, **arguments)
    try:
        async for response in begun:
            yield response
    except CallError as error:
        raise _as_moved(error) from error.__cause__
    finally:
        begun.cancel()


@cache
def _derived(client_class: type[Any], base: type[Any]) -> type[Any]:
    names = {"__module__": client_class.__module__, "__doc__": client_class.__doc__}
    return type(client_class.__name__, (client_class, base), names)


def multicallable_of(method: Any) -> Any:
    """Return the multi-callable of a bound method of an intercepted client; None for any other client's."""
    owner = getattr(method, "__self__", None)
    return owner._grpc2connect_multicallable_of(method) if isinstance(owner, _Routed) else None


def reroute(client: Any, channel: Any) -> None:
    """Let the calls of a generated client that was made without interceptors go through the channel from now on."""
    if not isinstance(client, _Routed):
        made_by: Any = type(client)
        client.__class__ = _derived(made_by, _SyncClient if issubclass(made_by, ConnectClientSync) else _AioClient)
        client._grpc2connect_channel = channel


def intercepted_client(client_class: Any, channel: Any, url: str, http_client: Any) -> Any:
    """Return a client of a generated class whose calls go through the channel.

    Raises:
        TypeError: it is no generated class, so that its calls could get past the interceptors.
    """
    kinds: tuple[tuple[Any, Any], ...] = ((ConnectClientSync, _SyncClient), (ConnectClient, _AioClient))
    for base, routed in kinds:
        if isinstance(client_class, type) and issubclass(client_class, base):
            client: Any = _derived(client_class, routed)(url, http_client=http_client)
            client._grpc2connect_channel = channel
            return client
    raise TypeError(f"not a generated Connect client: {client_class!r}")
