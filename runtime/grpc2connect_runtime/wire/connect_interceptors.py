"""Connect's interceptors around an endpoint's function, where no Connect application runs them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

from connectrpc.method import StreamType

__all__ = ["intercepted", "require_async_interceptors"]

Call = Callable[[Any, Any], Any]

_METHODS = {
    StreamType.UNARY: "intercept_unary",
    StreamType.CLIENT_STREAM: "intercept_client_stream",
    StreamType.SERVER_STREAM: "intercept_server_stream",
    StreamType.BIDI_STREAM: "intercept_bidi_stream",
}
_STREAMING = (StreamType.SERVER_STREAM, StreamType.BIDI_STREAM)


@contextlib.asynccontextmanager
async def _observed(interceptor: Any, context: Any) -> AsyncIterator[None]:
    """Run a metadata interceptor's two halves."""
    token = await interceptor.on_start(context)
    error: Exception | None = None
    try:
        yield
    except Exception as raised:
        error = raised
        raise
    finally:
        await interceptor.on_end(token, context, error)


def _metadata_call(interceptor: Any, call_next: Call) -> Call:
    async def call(request: Any, context: Any) -> Any:
        async with _observed(interceptor, context):
            return await call_next(request, context)

    return call


def _metadata_stream(interceptor: Any, call_next: Call) -> Call:
    async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
        async with _observed(interceptor, context), contextlib.aclosing(call_next(request, context)) as messages:
            async for message in messages:
                yield message

    return stream


def _is_metadata(interceptor: Any) -> bool:
    return hasattr(interceptor, "on_start") and hasattr(interceptor, "on_end")


def require_async_interceptors(interceptors: Sequence[Any]) -> None:
    """Raise TypeError for an object that no call would go through: connectrpc ignores it silently.

    Source: interceptor protocols of connectrpc 0.13; those of sync applications have names that end in `_sync`.
    """
    for interceptor in interceptors:
        if not _is_metadata(interceptor) and not any(hasattr(interceptor, name) for name in _METHODS.values()):
            raise TypeError(f"not an async interceptor of connectrpc: {interceptor!r}")


def intercepted(interceptors: Sequence[Any], kind: StreamType, function: Call) -> Call:
    """Return a handler behind interceptors.

    Args:
        interceptors: async ones, the outermost first. One without a method for this kind is passed by, as in
            connectrpc.
        kind: of the method.
        function: the handler.

    Raises:
        TypeError: see `require_async_interceptors`.
    """
    require_async_interceptors(interceptors)
    for interceptor in reversed(interceptors):
        if hasattr(interceptor, _METHODS[kind]):
            function = partial(getattr(interceptor, _METHODS[kind]), function)
        elif _is_metadata(interceptor):
            function = (_metadata_stream if kind in _STREAMING else _metadata_call)(interceptor, function)
    return function
