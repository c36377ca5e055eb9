"""`grpc.aio.server` on hypercorn, in the running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from typing import Any

from .server_base import ServerBase
from .serving import Serving
from .type_parameters import Open

__all__ = ["AioServer"]


class AioServer(ServerBase, Open):
    """A server with the interface of `grpc.aio.server(...)`, for servicers of generated Connect applications.

    One port serves gRPC, gRPC-Web and Connect clients. Async handlers run on the loop; sync ones on a thread pool.
    On the grpcio wire, its ports are those of a real `grpc.aio.server`; see `Server`.

    Args:
        migration_thread_pool: the executor for sync handlers; by default a `ThreadPoolExecutor()`.
        handlers: as `add_generic_rpc_handlers`.
        interceptors: `AioServerInterceptor` or `grpc.aio.ServerInterceptor` objects, in order.
        options: as for `Server`.
        maximum_concurrent_rpcs: RPCs beyond it are refused with RESOURCE_EXHAUSTED.
        compression: as for `Server`.
        wire: as for `Server`.
        protocols: as for `Server`.

    Raises:
        AttributeError: one of `handlers` is no handler.
        ValueError: one of `interceptors` is no interceptor of `grpc.aio`, or there is no such wire or protocol.

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
        *,
        wire: str | None = None,
        protocols: Iterable[str] | None = None,
    ) -> None:
        """Make a server; nothing is bound yet. Ports of the grpcio wire belong to the event loop they are added in."""
        super().__init__(
            migration_thread_pool,
            handlers,
            interceptors,
            options,
            maximum_concurrent_rpcs,
            compression,
            wire=wire,
            protocols=protocols,
        )
        self._serving: Serving | None = None
        self._closed = False
        self._ended = asyncio.Event()

    async def start(self) -> None:
        """Serve, in the running event loop; returns once connections are accepted.

        Raises:
            RuntimeError: it has been started before, or an application failed to start.

        Native form: the command that runs the ASGI server.
        """
        if self._started:
            raise RuntimeError("the server has been started before")
        self._bind_connect_addresses()
        self._started = True
        serving = Serving(self._dispatcher, self._listeners, self._outermost)
        try:
            await serving.start()
            if self._core is not None:
                self._fill_core()
                await self._core.start()
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
            if self._core is not None:
                await self._core.stop(grace)
            return
        await asyncio.shield(asyncio.create_task(self._stop_all(self._serving, grace)))

    async def _stop_all(self, serving: Serving, grace: float | None) -> None:
        end = asyncio.get_running_loop().time() + (grace or 0)
        if self._core is not None and self._has_lifespan:
            # What it cleans up is used by grpcio's calls too.
            self._dispatcher.refuse_calls()
            await self._core.stop(grace)
            await serving.stop(max(end - asyncio.get_running_loop().time(), 0))
        else:
            core = () if self._core is None else (self._core.stop(grace),)
            await asyncio.gather(serving.stop(grace), *core)
        self._ended.set()

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
            await asyncio.wait_for(self._ended.wait(), timeout)
        except TimeoutError:
            return True
        return False
