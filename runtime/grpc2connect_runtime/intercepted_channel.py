"""Sync channels with interceptors."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from connectrpc.method import StreamType

from .channel import Channel
from .channel_methods import ChannelMethods
from .client_interceptor_kinds import intercepts, is_grpcio_s
from .faces import MOVED, UNMOVED, Face
from .foreign_channels import ForeignChannel
from .intercepted_calls import InterceptedStreamResponse, InterceptedUnaryResponse
from .intercepted_clients import intercepted_client
from .stand_ins import takes_a_channel
from .stream_kinds import streams_responses
from .stub_classes import of_colour
from .unmoved import adopt
from .wire.client_library import grpcio

__all__ = ["InterceptedChannel", "intercept_channel"]

C = TypeVar("C")


class InterceptedChannel(ChannelMethods):
    """A channel whose calls go through an interceptor; made by `intercept_channel`.

    Native form: as of `intercept_channel`.

    Source: `grpc._interceptor._Channel`, grpcio 1.85.
    """

    def __init__(self, channel: Channel | ForeignChannel | InterceptedChannel, interceptor: Any) -> None:
        """Wrap a channel."""
        adopt(InterceptedChannel, "Channel")
        self._channel = channel
        self._interceptor = interceptor

    @property
    def root(self) -> Channel | ForeignChannel:
        """The channel that makes the calls in the end."""
        return self._channel.root if isinstance(self._channel, InterceptedChannel) else self._channel

    def moved_face(self) -> Face:
        """What calls of moved clients show to the interceptors: grpcio's kinds, if one of them is grpcio's."""
        if is_grpcio_s(self._interceptor, aio=False):
            return UNMOVED
        return self._channel.moved_face() if isinstance(self._channel, InterceptedChannel) else MOVED

    def multicallable(self, kind: StreamType, method: str, transforms: Any, face: Face) -> Any:
        """Return the multi-callable of a method; see `ChannelMethods`."""

        def thunk(method: str) -> Any:
            return self._channel.multicallable(kind, method, transforms, face)

        if not intercepts(self._interceptor, kind, aio=False):
            return thunk(method)
        streams = streams_responses(kind)
        made = InterceptedStreamResponse if streams else InterceptedUnaryResponse
        return made(thunk, method, kind, self._interceptor, face)

    def client(self, client_class: Callable[..., C]) -> C:
        """Return a client for one service; as `Channel.client`."""
        chosen: Callable[..., C] = of_colour(client_class, aio=False)
        if takes_a_channel(chosen):
            unmoved: C = chosen(self)
            return unmoved
        made: C = intercepted_client(chosen, self, self.root.url, self.root.http_client())
        self.root.made(made)
        return made

    def is_closed(self) -> bool:
        """Whether the channel has been closed."""
        return self._channel.is_closed()

    @property
    def inner(self) -> Any:
        """The `grpc.Channel` below, where grpcio carries the calls; else None."""
        return self.root.inner

    @property
    def target(self) -> Any:
        """The target of the channel."""
        return self.root.target

    def subscribe(self, callback: Callable[[Any], Any], try_to_connect: bool | None = False) -> None:
        """Tell `callback` the state; as `Channel.subscribe`."""
        self._channel.subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: Callable[[Any], Any]) -> None:
        """Call `callback` no more."""
        self._channel.unsubscribe(callback)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def intercept_channel(channel: Any, *interceptors: Any) -> Channel:
    """Return a channel whose calls, by clients and by stubs, go through interceptors, the first one first.

    Args:
        channel: from `insecure_channel`, `secure_channel` or this function; one of grpcio, or what stands in for one,
            which callers bring.
        interceptors: objects of the four classes `UnaryUnaryClientInterceptor` and so on, ours or grpcio's.

    Raises:
        TypeError: one is no interceptor, the channel is an aio one, or an interceptor of grpcio's stands around one of
            ours on a channel of grpcio's.

    Native form: connectrpc interceptors, given to the client.

    Source: `grpc.intercept_channel`, grpcio 1.85.
    """
    ours = isinstance(channel, Channel | InterceptedChannel)
    if not ours and (isinstance(channel, ChannelMethods) or not hasattr(channel, "unary_unary")):
        raise TypeError(f"not a sync channel: {channel!r}")
    for interceptor in reversed(interceptors):
        if not any(intercepts(interceptor, kind, aio=False) for kind in StreamType):
            raise TypeError(f"not a client interceptor: {interceptor!r}")
        if not ours and is_grpcio_s(interceptor, aio=False):
            if isinstance(channel, InterceptedChannel):
                raise TypeError(f"{interceptor!r} is grpcio's, around one that has moved, on a channel of grpcio's")
            channel = grpcio().intercept_channel(channel, interceptor)
            continue
        if not isinstance(channel, Channel | InterceptedChannel):
            channel = ForeignChannel(channel, aio=False)
        channel = InterceptedChannel(channel, interceptor)
    shown: Channel = channel  # it is what a channel is to its users
    return shown
