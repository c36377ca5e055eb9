"""Clients on a channel of which nothing is known before the program runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from connectrpc.client import ConnectClient
from connectrpc.method import StreamType

from .channel_methods import ChannelMethods
from .faces import MOVED, Face
from .foreign_calls import ForeignAioMethod, ForeignMethod
from .intercepted_clients import intercepted_client
from .stand_ins import is_grpcio_s
from .stream_kinds import METHOD_NAMES, streams_requests, streams_responses
from .stub_classes import is_client_class
from .unmoved import aio_module

__all__ = ["ForeignChannel", "client_on", "is_aio_channel", "unmoved_stub"]

C = TypeVar("C")


class ForeignChannel(ChannelMethods):
    """A channel that is not this package's: grpcio's, with its interceptors, or what stands in for one."""

    url = "http://localhost"
    target = None

    def __init__(self, channel: Any, *, aio: bool) -> None:
        self.inner = channel
        self._aio = aio
        self._made: dict[str, Any] = {}

    def moved_face(self) -> Face:
        """What its calls show: the kinds of moved code."""
        return MOVED

    def multicallable(self, kind: StreamType, method: str, transforms: Any, face: Face) -> Any:
        """Return the multi-callable of a method, made as a stub makes it, so that interceptors see messages."""
        if face is not MOVED:
            return self._new(kind, method, transforms, face)  # its stubs may have other serializers each
        if method not in self._made:
            self._made[method] = self._new(kind, method, transforms, face)
        return self._made[method]

    def _new(self, kind: StreamType, method: str, transforms: Any, face: Face) -> Any:
        serialize, deserialize = transforms
        make = getattr(self.inner, METHOD_NAMES[kind])
        inner = make(method, request_serializer=serialize, response_deserializer=deserialize)
        if self._aio:
            return ForeignAioMethod(inner, streams_requests=streams_requests(kind), face=face)
        return ForeignMethod(inner, streams_responses=streams_responses(kind), face=face)

    def http_client(self) -> Any:
        """What carries nothing: the channel does."""
        return _NoHttp()

    def made(self, client: Any) -> None:
        """Nothing: the channel is its owner's, and knows of no clients."""

    def subscribe(self, callback: Callable[[Any], Any], try_to_connect: bool | None = False) -> None:
        """As of the channel, whose states are grpcio's."""
        self.inner.subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: Callable[[Any], Any]) -> None:
        """As of the channel."""
        self.inner.unsubscribe(callback)

    def is_closed(self) -> bool:
        """Not that anybody knew."""
        return False

    def close(self) -> None:
        """Close the channel."""
        self.inner.close()


class _NoHttp:
    """Carries nothing: the channel does."""


@overload
def client_on(channel: Any, client_class: Callable[..., C]) -> C: ...
@overload
def client_on(channel: Any, client_class: Callable[..., Any], aio_class: Callable[..., Any] | None) -> Any: ...
def client_on(channel: Any, client_class: Callable[..., Any], aio_class: Callable[..., Any] | None = None) -> Any:
    """Return a client on whatever channel this is, for code whose callers are not all known.

    Args:
        channel: a channel of this package; one of grpcio, whose calls go on through it and its interceptors; or an
            object that stands in for one, by its `unary_unary` and so on.
        client_class: the generated `XClientSync` or `XClient`; the class of a stub that has not moved is called with
            the channel.
        aio_class: the generated `XClient`, where it is not known whether the channel is async: it is used on an async
            channel, and `client_class` on any other.

    Calls on a channel of grpcio raise `CallError`, which is a `ConnectError`. It stays its owner's to close.

    Native form: `channel.client(XClientSync)`, or a client with a transport of its own. Go there once all callers are
    known to hand over channels of this package.

    Source: `XStub(channel)` of grpcio-tools 1.85.
    """
    chosen: Any = aio_class if aio_class is not None and is_aio_channel(channel) else client_class
    if not is_client_class(chosen):
        return chosen(channel)
    if _is_ours(channel):
        return channel.client(chosen)
    # As a stub does: what has no such methods is no channel, and that shows here and not at the first call.
    for name in METHOD_NAMES.values():
        if hasattr(channel, name):
            break
    else:
        raise AttributeError(f"{type(channel).__name__!r} object has no attribute 'unary_unary'")
    foreign = ForeignChannel(channel, aio=issubclass(chosen, ConnectClient))
    return intercepted_client(chosen, foreign, foreign.url, foreign.http_client())


def unmoved_stub(channel: Any, stub_class: Callable[[Any], C]) -> C:
    """Return a stub of gRPC's class on whatever channel this is, for code whose callers are not all known.

    Args:
        channel: a channel of this package; one of grpcio, whose calls go on through it; or what stands in for one.
        stub_class: the class of a stub that stays gRPC's: that of an add-on (`grpc_health.v1.health_pb2_grpc`).

    What its calls raise is a `ConnectError` as well as gRPC's, on a channel of grpcio too.

    Native form: `channel.client(XClientSync)` of the add-on's proto, generated for Connect.

    Source: `XStub(channel)` of grpcio-tools 1.85.
    """
    foreign = not _is_ours(channel) and is_grpcio_s(channel)
    on: Any = ForeignChannel(channel, aio=is_aio_channel(channel)) if foreign else channel
    return stub_class(on)


def _is_ours(channel: Any) -> bool:
    return isinstance(channel, ChannelMethods)


def is_aio_channel(channel: Any) -> bool:
    """Whether a channel is async: this package's, or one of `grpc.aio`."""
    from .aio_channel import AioChannel

    theirs = getattr(aio_module(), "Channel", None)
    return isinstance(channel, AioChannel) or (theirs is not None and isinstance(channel, theirs))
