"""Method handlers that moved code makes by hand, on a real grpcio server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import grpc
import grpc.aio

from ..applications import behaviour, behaviour_name
from ..method_handlers import RpcMethodHandler
from .aio_server_handlers import aio_behaviour
from .server_handlers import sync_behaviour

__all__ = ["generic_handlers", "method_handlers"]


def _served(handler: Any, *, aio: bool) -> Any:
    """Return a handler of this package with contexts that take moved code's statuses; any other as it is."""
    if not isinstance(handler, RpcMethodHandler):
        return handler
    make = aio_behaviour if aio else sync_behaviour
    streams_in, streams_out = handler.request_streaming, handler.response_streaming
    served: Any = make(behaviour(handler), None, streams_in=streams_in, streams_out=streams_out)
    return handler._replace(**{behaviour_name(handler): served})


class _Generic(grpc.GenericRpcHandler):  # type: ignore[misc]
    def __init__(self, inner: Any, *, aio: bool) -> None:
        self._inner = inner
        self._aio = aio

    def service(self, handler_call_details: Any) -> Any:
        return _served(self._inner.service(handler_call_details), aio=self._aio)


def generic_handlers(handlers: Iterable[Any], *, aio: bool) -> tuple[Any, ...]:
    """Return generic handlers for a grpcio server; `aio` says whether it is one of `grpc.aio`."""
    return tuple(_Generic(handler, aio=aio) for handler in handlers)


def method_handlers(handlers: Mapping[str, Any], *, aio: bool) -> dict[str, Any]:
    """Return method handlers, by any name, for a grpcio server."""
    return {name: _served(handler, aio=aio) for name, handler in handlers.items()}
