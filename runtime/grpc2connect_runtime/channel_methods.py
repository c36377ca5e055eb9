"""The methods of a channel that stubs of grpcio call."""

from __future__ import annotations

import abc
from typing import Any

from connectrpc.method import StreamType

from .faces import UNMOVED, Face

__all__ = ["ChannelMethods"]


class ChannelMethods(abc.ABC):
    """Makes multi-callables for stubs that stay on grpcio: `XStub(channel)` works on a channel of this package.

    What they raise and return are grpcio's kinds: `grpc.RpcError` (which is a `CallError` too), `grpc.StatusCode`.
    """

    @abc.abstractmethod
    def multicallable(self, kind: StreamType, method: str, transforms: Any, face: Face) -> Any:
        """Return the multi-callable of a method; `transforms` are its serializer and deserializer."""

    def unary_unary(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        _registered_method: bool | None = False,
    ) -> Any:
        """Return a method with one request and one response.

        Args:
            method: its path, `/package.Service/Method`.
            request_serializer: makes bytes of a request; None takes bytes.
            response_deserializer: makes a response of bytes; None leaves bytes.

        Native form: `client(XClientSync)` and its methods.

        Source: `grpc.Channel.unary_unary`, `grpc.aio.Channel.unary_unary`, grpcio 1.85.
        """
        return self.multicallable(StreamType.UNARY, method, (request_serializer, response_deserializer), UNMOVED)

    def unary_stream(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        _registered_method: bool | None = False,
    ) -> Any:
        """Return a method with a stream of responses; like `unary_unary`."""
        transforms = (request_serializer, response_deserializer)
        return self.multicallable(StreamType.SERVER_STREAM, method, transforms, UNMOVED)

    def stream_unary(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        _registered_method: bool | None = False,
    ) -> Any:
        """Return a method with a stream of requests; like `unary_unary`."""
        transforms = (request_serializer, response_deserializer)
        return self.multicallable(StreamType.CLIENT_STREAM, method, transforms, UNMOVED)

    def stream_stream(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        _registered_method: bool | None = False,
    ) -> Any:
        """Return a method with streams of both; like `unary_unary`."""
        transforms = (request_serializer, response_deserializer)
        return self.multicallable(StreamType.BIDI_STREAM, method, transforms, UNMOVED)
