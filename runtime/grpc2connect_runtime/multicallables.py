"""Client methods with the call signature of gRPC stubs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from connectrpc.client import ConnectClient, ConnectClientSync
from connectrpc.method import StreamType

from .aio_calls import AioCall, AioStreamCall, AioUnaryCall
from .aio_requests import RequestQueue, iterate, noting
from .call_arguments import (
    channel_to_wait_for,
    credentials_of_call,
    headers_of_call,
    iterator_of,
    native_arguments,
)
from .channel_base import ChannelBase, channel_of
from .deadlines import timeout_ms
from .errors import AIO_FORM, STREAM_FORM, UNARY_FORM, CallError
from .faces import MOVED, Face
from .intercepted_clients import multicallable_of
from .raw_methods import AioRawMethod, RawMethod
from .stream_kinds import streams_requests, streams_responses
from .sync_calls import SyncCall
from .unmoved import usage_error

if TYPE_CHECKING:
    from .method_types import AioStreamMethod, AioUnaryMethod, StreamMethod, UnaryMethod

__all__ = ["stream_stream", "stream_unary", "unary_stream", "unary_unary"]

R = TypeVar("R")
M = TypeVar("M", bound="_Message")


class _Message(Protocol):
    """What a sync method returns; where it is not known whether a method is sync, neither is what it returns."""

    def SerializeToString(self) -> bytes: ...


class _Sync:
    """A method of a sync client."""

    def __init__(
        self, method: Callable[..., Any], streams_requests: bool, channel: ChannelBase | None, face: Face = MOVED
    ) -> None:
        self._method = method
        self._streams_requests = streams_requests
        self._channel = channel
        self._face = face

    def _begin(
        self,
        request: Any,
        timeout: float | None,
        metadata: Any,
        credentials: Any,
        wait_for_ready: bool | None,
        *,
        cancellable: bool = True,
    ) -> SyncCall:
        if self._channel is not None and self._channel.is_closed():
            raise ValueError("Cannot invoke RPC: Channel closed!")
        timeout_ms(timeout)  # what is no number is refused here
        headers = headers_of_call(metadata, STREAM_FORM if cancellable else UNARY_FORM)
        of_call = credentials_of_call(self._channel, credentials)
        channel = channel_to_wait_for(self._channel, wait_for_ready)
        method = self._method
        argument = iterator_of(request) if self._streams_requests else request

        def invoke(left: float | None) -> Any:
            return method(argument, headers=headers(), timeout_ms=timeout_ms(left))

        calls = None if self._channel is None else self._channel.calls
        return SyncCall(invoke, timeout, channel, self._face, of_call, cancellable=cancellable, calls=calls)


class SyncUnaryResponse(_Sync):
    """A sync method with one response, callable like `grpc.UnaryUnaryMultiCallable`."""

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
        """Call and return the response."""
        requests = request if request_iterator is None else request_iterator
        if wait_for_ready or credentials is not None:
            return self.with_call(requests, timeout, metadata, credentials, wait_for_ready)[0]
        try:
            arguments = native_arguments(timeout, metadata)
            return self._method(iterator_of(requests) if self._streams_requests else requests, **arguments)
        except CallError as error:
            if (shown := self._face.error(error)) is error:
                raise
            raise shown from error.__cause__

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
    ) -> tuple[Any, SyncCall]:
        """Call and return the response with its finished call."""
        requests = request if request_iterator is None else request_iterator
        call = self._begin(requests, timeout, metadata, credentials, wait_for_ready, cancellable=False)
        return call.result(), call

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
    ) -> SyncCall:
        """Begin a call and return it."""
        requests = request if request_iterator is None else request_iterator
        return self._begin(requests, timeout, metadata, credentials, wait_for_ready)


class SyncStreamResponse(_Sync):
    """A sync method with a stream of responses, callable like `grpc.UnaryStreamMultiCallable`."""

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
    ) -> SyncCall:
        """Begin a call and return it; it is an iterator of its responses."""
        requests = request if request_iterator is None else request_iterator
        try:
            return self._begin(requests, timeout, metadata, credentials, wait_for_ready)
        except CallError as error:
            raise self._face.error(error) from error.__cause__


class AioMethod:
    """An async method, callable like the multi-callables of `grpc.aio`."""

    def __init__(
        self,
        method: Callable[..., Any],
        streams_requests: bool,
        call_class: type[AioCall],
        channel: ChannelBase | None,
        face: Face = MOVED,
    ) -> None:
        self._method = method
        self._streams_requests = streams_requests
        self._call_class = call_class
        self._channel = channel
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
        timeout_ms(timeout)  # what is no number is refused here
        headers = headers_of_call(metadata, AIO_FORM)
        of_call = credentials_of_call(self._channel, credentials)
        if of_call is not None and self._channel is not None and not self._channel.is_secure():
            raise usage_error("Call credentials are only valid on secure channels")
        channel = channel_to_wait_for(self._channel, wait_for_ready)
        method = self._method
        queue: RequestQueue | None = None
        argument = request
        asked: asyncio.Event | None = None
        if self._streams_requests:
            requests = request_iterator if request is None else request
            if requests is None:
                queue = RequestQueue()
                argument = queue.requests()
            else:
                argument = iterate(requests)
            asked = asyncio.Event()
            argument = noting(argument, asked)

        def invoke(left: float | None) -> Any:
            return method(argument, headers=headers(), timeout_ms=timeout_ms(left))

        calls = None if self._channel is None else self._channel.calls
        return self._call_class(invoke, timeout, channel, queue, self._face, of_call, calls=calls, asked=asked)


def sync_method(
    client: ConnectClientSync, channel: ChannelBase, path: str, kind: StreamType, transforms: Any, face: Face
) -> Any:
    """Return the multi-callable of a method by its path; `transforms` are its serializer and deserializer."""
    method = RawMethod(client, path, kind, *transforms)
    callable_class = SyncStreamResponse if streams_responses(kind) else SyncUnaryResponse
    return callable_class(method, streams_requests(kind), channel, face)


def aio_method(
    client: ConnectClient, channel: ChannelBase, path: str, kind: StreamType, transforms: Any, face: Face
) -> Any:
    """As `sync_method`, for `grpc.aio`."""
    method = AioRawMethod(client, path, kind, *transforms)
    call_class = AioStreamCall if streams_responses(kind) else AioUnaryCall
    return AioMethod(method, streams_requests(kind), call_class, channel, face)


def _adapt(method: Callable[..., Any], streams_requests: bool, streams_responses: bool) -> Any:
    owner = getattr(method, "__self__", None)
    if (intercepted := multicallable_of(method)) is not None:
        return intercepted
    channel = None if owner is None else channel_of(owner)
    if isinstance(owner, ConnectClientSync):
        return (SyncStreamResponse if streams_responses else SyncUnaryResponse)(method, streams_requests, channel)
    if isinstance(owner, ConnectClient):
        return AioMethod(method, streams_requests, AioStreamCall if streams_responses else AioUnaryCall, channel)
    raise TypeError(f"not a bound method of a generated Connect client: {method!r}")


@overload
def unary_unary(method: Callable[..., M]) -> UnaryMethod[M]: ...
@overload
def unary_unary(method: Callable[..., Coroutine[Any, Any, R]]) -> AioUnaryMethod[R]: ...
@overload
def unary_unary(method: Callable[..., Any]) -> Any: ...
def unary_unary(method: Callable[..., Any]) -> Any:
    """Return a unary client method with the call signature of a gRPC stub's.

    Args:
        method: a bound method of a generated client, sync or async.

    Returns:
        A callable `(request, timeout=None, metadata=None, credentials=None, wait_for_ready=None, compression=None)`,
        timeout in seconds. A sync one returns the response and has `.with_call` and `.future`; an async one returns an
        awaitable call. `wait_for_ready=True` needs a client made by a channel of this package.

    Raises:
        TypeError: `method` is something else.

    The calls raise `CallError` for clients made by a channel of this package and `ConnectError` for others, and
    NotImplementedError for call credentials of grpcio's own.

    Native form: `client.say_hello(request, timeout_ms=..., headers=...)`.

    Source: `grpc.UnaryUnaryMultiCallable`, `grpc.aio.UnaryUnaryMultiCallable`, grpcio 1.85.
    """
    return _adapt(method, streams_requests=False, streams_responses=False)


@overload
def unary_stream(method: Callable[..., Iterator[R]]) -> StreamMethod[R]: ...
@overload
def unary_stream(method: Callable[..., AsyncIterator[R]]) -> AioStreamMethod[R]: ...
@overload
def unary_stream(method: Callable[..., Any]) -> Any: ...
def unary_stream(method: Callable[..., Any]) -> Any:
    """Return a server-streaming client method with the call signature of a gRPC stub's.

    Args:
        method: a bound method of a generated client, sync or async.

    Returns:
        A callable as of `unary_unary` that returns a call: an iterator (async: an async iterator, or `read`).

    Raises:
        TypeError: `method` is something else.

    Native form: iterate over `client.list_features(request)`.

    Source: `grpc.UnaryStreamMultiCallable`, `grpc.aio.UnaryStreamMultiCallable`, grpcio 1.85.
    """
    return _adapt(method, streams_requests=False, streams_responses=True)


@overload
def stream_unary(method: Callable[..., M]) -> UnaryMethod[M]: ...
@overload
def stream_unary(method: Callable[..., Coroutine[Any, Any, R]]) -> AioUnaryMethod[R]: ...
@overload
def stream_unary(method: Callable[..., Any]) -> Any: ...
def stream_unary(method: Callable[..., Any]) -> Any:
    """Return a client-streaming client method with the call signature of a gRPC stub's.

    Args:
        method: a bound method of a generated client, sync or async.

    Returns:
        A callable as of `unary_unary` that takes an iterator of requests; an async one takes either colour, or none and
        then has `write` and `done_writing`.

    Raises:
        TypeError: `method` is something else.

    Native form: `client.record_route(requests)`.

    Source: `grpc.StreamUnaryMultiCallable`, `grpc.aio.StreamUnaryMultiCallable`, grpcio 1.85.
    """
    return _adapt(method, streams_requests=True, streams_responses=False)


@overload
def stream_stream(method: Callable[..., Iterator[R]]) -> StreamMethod[R]: ...
@overload
def stream_stream(method: Callable[..., AsyncIterator[R]]) -> AioStreamMethod[R]: ...
@overload
def stream_stream(method: Callable[..., Any]) -> Any: ...
def stream_stream(method: Callable[..., Any]) -> Any:
    """Return a bidirectional client method with the call signature of a gRPC stub's.

    Args:
        method: a bound method of a generated client, sync or async.

    Returns:
        A callable as of `stream_unary` that returns a call as of `unary_stream`.

    Raises:
        TypeError: `method` is something else.

    Native form: iterate over `client.route_chat(requests)`.

    Source: `grpc.StreamStreamMultiCallable`, `grpc.aio.StreamStreamMultiCallable`, grpcio 1.85.
    """
    return _adapt(method, streams_requests=True, streams_responses=True)
