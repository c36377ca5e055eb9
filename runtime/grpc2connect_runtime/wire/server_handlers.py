"""Sync handlers of moved servicers as grpcio's method handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import grpc
from connectrpc.errors import ConnectError
from connectrpc.method import MethodInfo

from .server_context import WireContext
from .server_status import cancelled_by_grpcio

__all__ = ["sync_behaviour"]

_NONE = object()

Behaviour = Callable[..., Any]
Method = MethodInfo[Any, Any] | None


class _Requests:
    """The requests of a call, whose end by the client moved code sees as an error of this package."""

    __slots__ = ("_requests",)

    def __init__(self, requests: Iterable[Any]) -> None:
        # An interceptor may pass on a list, which grpcio hands to the handler as it is.
        self._requests: Iterator[Any] = requests if isinstance(requests, Iterator) else iter(requests)

    def __iter__(self) -> _Requests:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._requests)
        except grpc.RpcError as error:
            raise cancelled_by_grpcio(error) from error

    next = __next__


def _responses(responses: Any, context: WireContext) -> Iterator[Any]:
    """Yield responses; before the first and after the last, hand over what native code has left in the context."""
    try:
        # grpcio asks for one after the other, too: what has no `__iter__` is fine, a list is not.
        first = next(responses, _NONE)
        if first is not _NONE:
            context.send_headers()
            yield first
            if hasattr(responses, "__iter__"):
                yield from responses
            else:
                while (message := next(responses, _NONE)) is not _NONE:
                    yield message
    except ConnectError as error:
        context.fail(error)
    context.finish()


def sync_behaviour(
    function: Behaviour, method: Method, *, streams_in: bool, streams_out: bool, unmoved: bool = False
) -> Behaviour:
    """Return what grpcio calls for a sync handler.

    Args:
        function: the handler, or an interceptor's behaviour around one.
        method: the method that it serves, if its messages are known.
        streams_in: whether it takes an iterator of requests.
        streams_out: whether it returns an iterator of responses.
        unmoved: whether it is written for grpcio.
    """

    def serve(request: Any, context: Any, *callback: Any) -> Any:
        ours = WireContext(context, method, unmoved=unmoved)
        if streams_in and not unmoved:
            request = _Requests(request)
        try:
            response = function(request, ours, *callback)
        except ConnectError as error:
            ours.fail(error)
        if streams_out and not callback:
            return _responses(response, ours)
        ours.finish()
        return response

    for name in ("experimental_non_blocking", "experimental_thread_pool"):
        if hasattr(function, name):
            setattr(serve, name, getattr(function, name))
    return serve
