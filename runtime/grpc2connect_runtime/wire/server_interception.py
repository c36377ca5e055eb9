"""The user's server interceptors, moved or not, on a real grpcio server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import grpc
import grpc.aio

from ..applications import behaviour, behaviour_name
from ..method_handlers import HandlerCallDetails
from ..server_interceptors import AioServerInterceptor
from .aio_server_handlers import aio_behaviour
from .server_handlers import sync_behaviour

__all__ = ["interception"]

# What watches a program replaces `grpc.aio.server`, and puts in an interceptor of its own, which may have moved too.
grpc.aio.ServerInterceptor.register(AioServerInterceptor)

_natural: ContextVar[Any] = ContextVar("grpc2connect_natural_handler", default=None)
_details_class: ContextVar[Any] = ContextVar("grpc2connect_details_class", default=None)


def _around(handler: Any, *, aio: bool, unmoved: bool) -> Any:
    """Return the handler of an interceptor with contexts that take the codes of moved and of unmoved code."""
    if handler is None or handler is _natural.get():
        return handler
    streams_in, streams_out = bool(handler.request_streaming), bool(handler.response_streaming)
    make = aio_behaviour if aio else sync_behaviour
    served = make(behaviour(handler), None, streams_in=streams_in, streams_out=streams_out, unmoved=unmoved)
    made: Callable[..., Any] = getattr(grpc, f"{behaviour_name(handler)}_rpc_method_handler")
    return made(served, handler.request_deserializer, handler.response_serializer)


def _moved_details(details: Any) -> HandlerCallDetails:
    return HandlerCallDetails(details.method, details.invocation_metadata)


class _Outermost(grpc.ServerInterceptor):  # type: ignore[misc]
    def __init__(self, unmoved: bool) -> None:
        self._unmoved = unmoved

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        details = handler_call_details if self._unmoved else _moved_details(handler_call_details)
        return _around(continuation(details), aio=False, unmoved=self._unmoved)


class _Innermost(grpc.ServerInterceptor):  # type: ignore[misc]
    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        handler = continuation(handler_call_details)
        _natural.set(handler)
        return handler


class _AioOutermost(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    def __init__(self, unmoved: bool) -> None:
        self._unmoved = unmoved

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        # grpc.aio finds handlers by details of its own private class only.
        _details_class.set(type(handler_call_details))
        details = handler_call_details if self._unmoved else _moved_details(handler_call_details)
        return _around(await continuation(details), aio=True, unmoved=self._unmoved)


class _AioInnermost(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        theirs = _details_class.get()
        if theirs is not None and not isinstance(handler_call_details, theirs):
            handler_call_details = theirs(handler_call_details.method, tuple(handler_call_details.invocation_metadata))
        handler = await continuation(handler_call_details)
        _natural.set(handler)
        return handler


class _AioMoved(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """A moved interceptor, as `grpc.aio` wants it: it takes none but of its own class."""

    def __init__(self, interceptor: Any) -> None:
        self._interceptor = interceptor

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        return await self._interceptor.intercept_service(continuation, handler_call_details)


def interception(interceptors: Sequence[Any], *, aio: bool) -> list[Any]:
    """Return the interceptors for a grpcio server.

    Args:
        interceptors: those of the user, in order, checked by `server_interceptors`.
        aio: whether the server is one of `grpc.aio`.
    """
    if not interceptors:
        return []
    theirs: Any = grpc.aio.ServerInterceptor if aio else grpc.ServerInterceptor
    moved = [isinstance(one, AioServerInterceptor) or not isinstance(one, theirs) for one in interceptors]
    unmoved = not all(moved)
    if not aio:
        return [_Outermost(unmoved), *interceptors, _Innermost()]
    given = [_AioMoved(one) if ours else one for one, ours in zip(interceptors, moved, strict=True)]
    return [_AioOutermost(unmoved), *given, _AioInnermost()]
