"""Applications and messages by the descriptors of services, where no generated class is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectrpc.compat import google_protobuf_codecs
from connectrpc.method import IdempotencyLevel, MethodInfo
from connectrpc.server import ConnectASGIApplication
from google.protobuf import descriptor_pb2, message_factory

from ..applications import ENDPOINTS, stream_type

__all__ = ["application_class", "messages"]

HandlerOf = Callable[..., Callable[..., Any]]
"""`(method, streams_in=..., streams_out=...)`, which returns the handler of a method."""


def messages(method: Any) -> tuple[Any, Any]:
    """Return the classes of a method's requests and responses."""
    takes, returns = (message_factory.GetMessageClass(one) for one in (method.input_type, method.output_type))
    return takes, returns


def _endpoint(method: Any, handler_of: HandlerOf) -> Any:
    takes, returns = messages(method)
    described = descriptor_pb2.MethodDescriptorProto()
    method.CopyToProto(described)  # old versions of protobuf tell it by no attribute
    kind = stream_type(described.client_streaming, described.server_streaming)
    info: MethodInfo[Any, Any] = MethodInfo(
        name=method.name,
        service_name=method.containing_service.full_name,
        input=takes,
        output=returns,
        idempotency_level=IdempotencyLevel.UNKNOWN,
        stream_type=kind,
    )
    handler = handler_of(method, streams_in=described.client_streaming, streams_out=described.server_streaming)
    return ENDPOINTS[kind](method=info, function=handler)


def application_class(service: Any, handler_of: HandlerOf) -> type[Any]:
    """Return what `protoc-gen-connectrpc` would generate for a service.

    Args:
        service: its descriptor.
        handler_of: called when an application is made.
    """
    root = f"/{service.full_name}"

    class Application(ConnectASGIApplication[Any]):
        def __init__(self, servicer: Any, **settings: Any) -> None:
            endpoints = {f"{root}/{method.name}": _endpoint(method, handler_of) for method in service.methods}
            codecs = google_protobuf_codecs()
            super().__init__(service=servicer, endpoints=lambda _: endpoints, codecs=codecs, **settings)

        @property
        def path(self) -> str:
            return root

    return Application
