"""`grpc.aio.server` on hypercorn, in the running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any

from .server_base import ServerBase
from .serving import Serving

__all__ = ["AioServer"]


class AioServer(ServerBase):
    """A server with the interface of `grpc.aio.server(...)`, for servicers of generated Connect applications.

    One port serves gRPC, gRPC-Web and Connect clients. Async handlers run on the loop; sync ones on a thread pool.

    Args:
        migration_thread_pool: the executor for sync handlers; by default a `ThreadPoolExecutor()`.
        handlers: as `add_generic_rpc_handlers`.
        interceptors: `AioServerInterceptor` or `grpc.aio.ServerInterceptor` objects, in order.
        options: as for `Server`.
        maximum_concurrent_rpcs: RPCs beyond it are refused with RESOURCE_EXHAUSTED.
        compression: ignored; responses over gRPC are not compressed.

    Raises:
        AttributeError: one of `handlers` is no handler.
        ValueError: one of `interceptors` is no interceptor of `grpc.aio`.

    Native form: a module-level `app = XASGIApplication(servicer)` run by an ASGI server.

    Source: `grpc.aio.server`, `grpc.aio.Server`, grpcio 1.85.
    """

    _aio = True

    def __init__(
        self,
        migration_thread_pool: Executor | None = None,
        handlers: Any = None,
        interceptors: Any = None,
        options: Sequence[tuple[str, Any]] | None = None,
        maximum_concurrent_rpcs: int | None = None,
        compression: Any = None,
    ) -> None:
        """Make a server; nothing is bound yet and no event loop is needed."""
        super().__init__(migration_thread_pool, handlers, interceptors, options, maximum_concurrent_rpcs)
        self._serving: Serving | None = None
        self._closed = False

    async def start(self) -> None:
        """Serve, in the running event loop; returns once connections are accepted.

        Raises:
            RuntimeError: it has been started before, or an application failed to start.

        Native form: the command that runs the ASGI server.
        """
        if self._started:
            raise RuntimeError("the server has been started before")
        self._started = True
        serving = Serving(self._dispatcher, self._listeners)
        try:
            await serving.start()
        except BaseException:
            await serving.stop(None)
            raise
        self._serving = serving

    async def stop(self, grace: float | None) -> None:
        """Refuse new calls, give those in flight time, then end them with UNAVAILABLE; returns when that is done.

        Args:
            grace: the time in seconds; None for none. A second call can only make it shorter.

        Native form: SIGTERM to the ASGI server.
        """
        if self._serving is None:
            self._started = self._closed = True
            self._close_ports()
            return
        await asyncio.shield(self._serving.stop(grace))

    async def wait_for_termination(self, timeout: float | None = None) -> bool:
        """Wait until the server has stopped.

        Args:
            timeout: at most this long, in seconds.

        Returns:
            True if the timeout came first.

        Native form: none is needed; the ASGI server runs in the foreground.
        """
        if self._closed:
            return False
        if self._serving is None:
            raise RuntimeError("the server has not been started")
        try:
            await asyncio.wait_for(self._serving.ended.wait(), timeout)
        except TimeoutError:
            return True
        return False
