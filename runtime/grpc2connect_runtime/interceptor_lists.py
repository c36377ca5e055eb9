"""The lists of interceptors of an aio channel, which programs add to after the channel was made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectrpc.method import StreamType

from .intercepted_clients import reroute


class UntilIntercepted:
    """A multi-callable that goes through interceptors as soon as there are any."""

    def __init__(self, plain: Any, intercepted: Any, interceptors: list[Any]) -> None:
        """Make one of two multi-callables of a method, and the list that chooses between them at each call."""
        self._plain = plain
        self._intercepted = intercepted
        self._interceptors = interceptors

    def __call__(self, *arguments: Any, **names: Any) -> Any:
        """Begin a call and return it."""
        return (self._intercepted if self._interceptors else self._plain)(*arguments, **names)


class InterceptorLists:
    """What an aio channel has of grpcio's private lists: whoever takes one may change what calls go through.

    grpcio gives the lists themselves to the multi-callables of each stub, so an interceptor that is added counts for
    the stubs that were made before, too.

    Native form: connectrpc interceptors, given to the client.

    Source: `grpc.aio._channel.Channel`, grpcio 1.85.
    """

    _interceptors: dict[StreamType, list[Any]]
    _takes_more = False

    def _clients(self) -> Iterator[Any]:
        raise NotImplementedError

    def _list(self, kind: StreamType) -> list[Any]:
        if not self._takes_more:
            self._takes_more = True
            for client in self._clients():
                reroute(client, self)
        return self._interceptors[kind]

    @property
    def _unary_unary_interceptors(self) -> list[Any]:
        return self._list(StreamType.UNARY)

    @property
    def _unary_stream_interceptors(self) -> list[Any]:
        return self._list(StreamType.SERVER_STREAM)

    @property
    def _stream_unary_interceptors(self) -> list[Any]:
        return self._list(StreamType.CLIENT_STREAM)

    @property
    def _stream_stream_interceptors(self) -> list[Any]:
        return self._list(StreamType.BIDI_STREAM)
