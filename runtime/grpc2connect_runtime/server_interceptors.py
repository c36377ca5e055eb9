"""Server interceptors of gRPC's form, run before the handler of a call is chosen."""

from __future__ import annotations

import abc
import asyncio
import contextvars
import inspect
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .method_handlers import HandlerCallDetails
from .type_parameters import OpenToMessages, Request, Response
from .unmoved import aio_module

__all__ = ["AioServerInterceptor", "ServerInterceptor", "find_handler", "server_interceptors"]

Find = Callable[[Any], Any]


class ServerInterceptor(OpenToMessages[Request, Response], abc.ABC):
    """Sees each call before its handler is chosen, for `Server`; `grpc.ServerInterceptor` objects do as well.

    Native form: a connectrpc interceptor with all four `intercept_*` methods, given to the generated application.

    Source: `grpc.ServerInterceptor`, grpcio 1.85.
    """

    @abc.abstractmethod
    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any, /) -> Any:
        """Return the `RpcMethodHandler` that serves the call, or None for UNIMPLEMENTED.

        Args:
            continuation: takes the details, returns the handler that would serve the call, or None.
            handler_call_details: `HandlerCallDetails`.
        """


class AioServerInterceptor(OpenToMessages[Request, Response], abc.ABC):
    """As `ServerInterceptor`, for `AioServer`; `grpc.aio.ServerInterceptor` objects do as well.

    Native form: as of `ServerInterceptor`.

    Source: `grpc.aio.ServerInterceptor`, grpcio 1.85.
    """

    @abc.abstractmethod
    async def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any, /) -> Any:
        """Return the `RpcMethodHandler` that serves the call, or None; `continuation` is awaited."""


def server_interceptors(interceptors: Iterable[Any] | None, *, aio: bool) -> tuple[Any, ...]:
    """Return the interceptors, if all of them will really be called.

    Raises:
        TypeError: one is no interceptor for a sync server.
        ValueError: one is no interceptor for an aio server (as in grpcio).
    """
    found = tuple(interceptors or ())
    for interceptor in found:
        if aio:
            theirs = getattr(aio_module(), "ServerInterceptor", AioServerInterceptor)
            if not isinstance(interceptor, AioServerInterceptor | theirs):
                raise ValueError(f"not a ServerInterceptor of grpc.aio: {interceptor!r}")
            continue
        method = getattr(interceptor, "intercept_service", None)
        if not callable(method) or isinstance(interceptor, type) or inspect.iscoroutinefunction(method):
            raise TypeError(f"not a grpc.ServerInterceptor: {interceptor!r}")
    return found


class _SyncChain:
    """Runs sync interceptors in one thread, one call after the other, as grpcio does: never two at a time."""

    def __init__(self, interceptors: Sequence[Any]) -> None:
        self._interceptors = interceptors
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="rpc-interceptors")

    def _at(self, index: int, find: Find, details: Any) -> Any:
        if index == len(self._interceptors):
            return find(details)
        return self._interceptors[index].intercept_service(lambda new: self._at(index + 1, find, new), details)

    async def __call__(self, find: Find, details: HandlerCallDetails) -> Any:
        context = contextvars.copy_context()
        future = self._executor.submit(context.run, self._at, 0, find, details)
        try:
            return await asyncio.wrap_future(future)
        finally:
            _adopt_context(context)


def _adopt_context(context: contextvars.Context) -> None:
    """Take over what was set in a copy of the current context, so that the handler sees it."""
    for variable in context:
        value = context[variable]
        if variable.get(_MISSING) is not value:
            variable.set(value)


_MISSING: Any = object()


class _AioChain:
    def __init__(self, interceptors: Sequence[Any]) -> None:
        self._interceptors = interceptors

    async def _at(self, index: int, find: Find, details: Any) -> Any:
        if index == len(self._interceptors):
            return find(details)

        async def continuation(new: Any) -> Any:
            return await self._at(index + 1, find, new)

        return await self._interceptors[index].intercept_service(continuation, details)

    async def __call__(self, find: Find, details: HandlerCallDetails) -> Any:
        return await self._at(0, find, details)


def find_handler(interceptors: Sequence[Any], *, aio: bool) -> Callable[[Find, HandlerCallDetails], Any]:
    """Return what finds the handler of a call through the interceptors: an async `(find, details)`.

    Context variables that the interceptors set are set for the caller.
    """
    return (_AioChain if aio else _SyncChain)(interceptors)
