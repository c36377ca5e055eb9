"""A limit on concurrent RPCs."""

from __future__ import annotations

from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.request import RequestContext


class ConcurrencyLimit:
    """A metadata interceptor that refuses RPCs beyond a number, before their messages are read.

    Native form: a limit of the ASGI server or proxy, which answers UNAVAILABLE.

    Source: `maximum_concurrent_rpcs` of `grpc.server`: RESOURCE_EXHAUSTED "Concurrent RPC limit exceeded!".
    """

    def __init__(self, maximum: int) -> None:
        """Allow `maximum` RPCs at a time."""
        self._maximum = maximum
        self._running = 0

    async def on_start(self, ctx: RequestContext[Any, Any]) -> None:
        """Count an RPC in, or refuse it."""
        if self._running >= self._maximum:
            raise ConnectError(Code.RESOURCE_EXHAUSTED, "Concurrent RPC limit exceeded!")
        self._running += 1

    async def on_end(self, token: None, ctx: RequestContext[Any, Any], error: Exception | None, /) -> None:
        """Count an RPC out."""
        self._running -= 1
