"""gRPC's method handlers: what serves one method, and what finds it."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .named_records import shown_as
from .type_parameters import OpenToMessages, Request, Response

if TYPE_CHECKING:
    from .shown_types import RpcMethodHandler as Shown

__all__ = [
    "GenericRpcHandler",
    "HandlerCallDetails",
    "RpcMethodHandler",
    "ServiceRpcHandler",
    "method_handlers_generic_handler",
    "stream_stream_rpc_method_handler",
    "stream_unary_rpc_method_handler",
    "unary_stream_rpc_method_handler",
    "unary_unary_rpc_method_handler",
    "wrap_server_method_handler",
]

Behaviour = Callable[..., Any]
Deserializer = Callable[[bytes], Any] | None
Serializer = Callable[[Any], bytes] | None


class HandlerCallDetails(NamedTuple):
    """What is known of a call before its handler is found.

    Attributes:
        method: the path, `/package.Service/Method`.
        invocation_metadata: the metadata of the request.

    Native form: `ctx.method` and `ctx.request_headers` of a connectrpc interceptor.

    Source: `grpc.HandlerCallDetails`, grpcio 1.85.
    """

    method: str
    invocation_metadata: tuple[Any, ...]

    def __repr__(self) -> str:
        return shown_as("_HandlerCallDetails", self, HandlerCallDetails)


class RpcMethodHandler(NamedTuple):
    """What serves one method: its kind, how its messages become bytes, and one behaviour `(request, context)`.

    Native form: `connectrpc.server.Endpoint`.

    Source: `grpc.RpcMethodHandler`, grpcio 1.85; a named tuple as there, so that `handler._replace(...)` works.
    """

    request_streaming: bool
    response_streaming: bool
    request_deserializer: Deserializer
    response_serializer: Serializer
    unary_unary: Behaviour | None
    unary_stream: Behaviour | None
    stream_unary: Behaviour | None
    stream_stream: Behaviour | None


class GenericRpcHandler(OpenToMessages[Request, Response], abc.ABC):
    """Finds the handler of a method.

    Native form: an ASGI application that routes by path.

    Source: `grpc.GenericRpcHandler`, grpcio 1.85.
    """

    @abc.abstractmethod
    def service(self, handler_call_details: Any, /) -> Any:
        """Return the `RpcMethodHandler` for `handler_call_details.method`, or None."""


class ServiceRpcHandler(GenericRpcHandler[Request, Response]):
    """Finds the handlers of one service.

    Native form: a generated `XASGIApplication`.

    Source: `grpc.ServiceRpcHandler`, grpcio 1.85.
    """

    @abc.abstractmethod
    def service_name(self) -> str:
        """Return the full name of the service."""


class _Handlers(ServiceRpcHandler):
    # Servers that programs wrap look into grpcio's private fields of this name, and replace what is there.
    def __init__(self, service: str, method_handlers: Mapping[str, Any]) -> None:
        self._name = service
        self._method_handlers = {f"/{service}/{method}": handler for method, handler in method_handlers.items()}

    def service_name(self) -> str:
        return self._name

    def service(self, handler_call_details: Any) -> Any:
        return self._method_handlers.get(handler_call_details.method)


def method_handlers_generic_handler(service: str, method_handlers: Mapping[str, Any]) -> GenericRpcHandler:
    """Return a handler for the methods of one service.

    Args:
        service: its full name.
        method_handlers: for each method's name an `RpcMethodHandler`.

    Native form: a generated `XASGIApplication`.

    Source: `grpc.method_handlers_generic_handler`, grpcio 1.85.
    """
    return _Handlers(service, method_handlers)


def _made(*fields: Any) -> Any:
    return RpcMethodHandler(*fields)


def unary_unary_rpc_method_handler(
    behavior: Behaviour, request_deserializer: Deserializer = None, response_serializer: Serializer = None
) -> Shown[Any, Any]:
    """Return the handler of a method with one request and one response.

    Args:
        behavior: takes the request and the context.
        request_deserializer: makes a request of bytes; None leaves bytes.
        response_serializer: makes bytes of a response; None takes bytes.

    Native form: `Endpoint.unary(...)`.

    Source: `grpc.unary_unary_rpc_method_handler`, grpcio 1.85.
    """
    return _made(False, False, request_deserializer, response_serializer, behavior, None, None, None)


def unary_stream_rpc_method_handler(
    behavior: Behaviour, request_deserializer: Deserializer = None, response_serializer: Serializer = None
) -> Shown[Any, Any]:
    """Return the handler of a method with a stream of responses.

    Args: as of `unary_unary_rpc_method_handler`.

    Native form: `Endpoint.server_stream(...)`.

    Source: `grpc.unary_stream_rpc_method_handler`, grpcio 1.85.
    """
    return _made(False, True, request_deserializer, response_serializer, None, behavior, None, None)


def stream_unary_rpc_method_handler(
    behavior: Behaviour, request_deserializer: Deserializer = None, response_serializer: Serializer = None
) -> Shown[Any, Any]:
    """Return the handler of a method with a stream of requests.

    Args: as of `unary_unary_rpc_method_handler`; the behaviour takes an iterator of requests.

    Native form: `Endpoint.client_stream(...)`.

    Source: `grpc.stream_unary_rpc_method_handler`, grpcio 1.85.
    """
    return _made(True, False, request_deserializer, response_serializer, None, None, behavior, None)


def stream_stream_rpc_method_handler(
    behavior: Behaviour, request_deserializer: Deserializer = None, response_serializer: Serializer = None
) -> Shown[Any, Any]:
    """Return the handler of a method with streams of both.

    Args: as of `stream_unary_rpc_method_handler`.

    Native form: `Endpoint.bidi_stream(...)`.

    Source: `grpc.stream_stream_rpc_method_handler`, grpcio 1.85.
    """
    return _made(True, True, request_deserializer, response_serializer, None, None, None, behavior)


def wrap_server_method_handler(wrapper: Callable[[Behaviour], Behaviour], handler: Any) -> Any:
    """Return a method handler like another, with its behaviour wrapped.

    Args:
        wrapper: takes the behaviour, and returns one.
        handler: an `RpcMethodHandler`, of grpcio too; None gives None.

    Native form: an interceptor of connectrpc.

    Source: `grpc.experimental.wrap_server_method_handler`, grpcio 1.85.
    """
    if not handler:
        return None
    name = "_".join(
        "stream" if streams else "unary" for streams in (handler.request_streaming, handler.response_streaming)
    )
    return handler._replace(**{name: wrapper(getattr(handler, name))})
