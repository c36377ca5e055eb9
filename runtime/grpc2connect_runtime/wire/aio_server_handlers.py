"""Async handlers of moved servicers as method handlers of `grpc.aio`."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from connectrpc.errors import ConnectError
from connectrpc.method import MethodInfo

from ..interceptor import is_async
from .server_context import AioWireContext
from .server_handlers import sync_behaviour

__all__ = ["aio_behaviour"]

Behaviour = Callable[..., Any]
Method = MethodInfo[Any, Any] | None


def _is_generator(function: Behaviour) -> bool:
    called = getattr(function, "__call__", None)  # noqa: B004
    return inspect.isasyncgenfunction(function) or inspect.isasyncgenfunction(called)


def aio_behaviour(
    function: Behaviour, method: Method, *, streams_in: bool, streams_out: bool, unmoved: bool = False
) -> Behaviour:
    """Return what `grpc.aio` calls for a handler: of the same kind as the handler, by which grpcio tells what to do.

    Args: as of `sync_behaviour`; the handler may be a coroutine function, an async generator or a sync function.
    """
    if not is_async(function):
        behaviour = sync_behaviour(function, method, streams_in=streams_in, streams_out=streams_out, unmoved=unmoved)
        return _begun_in_a_thread(behaviour) if streams_out else behaviour

    async def serve(request: Any, context: Any) -> Any:
        ours = AioWireContext(context, method, unmoved=unmoved)
        try:
            response = await function(request, ours)
            if streams_out and hasattr(response, "__aiter__"):
                async for message in response:
                    await ours.write(message)
        except ConnectError as error:
            await ours.fail(error)
        await ours.finish()
        return response

    async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
        ours = AioWireContext(context, method, unmoved=unmoved)
        responses = function(request, ours)
        try:
            async for message in responses:
                await ours.send_headers()
                yield message
        except ConnectError as error:
            await ours.fail(error)
        finally:
            await responses.aclose()
        await ours.finish()

    return stream if streams_out and _is_generator(function) else serve


def _begun_in_a_thread(behaviour: Callable[..., Any]) -> Callable[..., Any]:
    """A generator function for one that returns responses: grpc.aio calls that on the event loop, iterates in a thread.

    A handler that fails at once, as those of a generated class do, would wait there for the loop to send its status.
    """

    def responses(request: Any, context: Any) -> Iterator[Any]:
        yield from behaviour(request, context)

    return responses
