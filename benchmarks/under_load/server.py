"""One server in a process of its own: `python -m benchmarks.under_load.server FLAVOUR GENERATED [RECORD]`.

Prints `listening on PORT`; ends gracefully at SIGTERM, as servers of real projects do. As an ASGI application for other
servers: `benchmarks.under_load.server:app`, with GENERATED and RECORD in the environment (G2C_LOAD_GENERATED, _RECORD).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

import grpc2connect_runtime as runtime

from .census import Census
from .generated import Generated, load
from .servicers import AsyncLoad, BlockingLoad, under_grpc_names

WORKERS = 64
GRACE_S = 30.0


class _Services:
    """The two services with one census."""

    def __init__(self, generated: Generated, record: str | None) -> None:
        census = Census(record)
        self._generated = generated
        self._blocking = BlockingLoad(generated.pb2, census)
        self._async = AsyncLoad(generated.pb2, census)

    def add_to_grpcio(self, server: Any, *, aio: bool) -> None:
        """Serve with grpcio, both services by handlers of one kind.

        `grpc.server` takes no async ones, and `grpc.aio.server` loses the threads of sync ones that are cancelled.
        """
        servicer = under_grpc_names(self._async if aio else self._blocking)
        self._generated.grpc.add_BlockingServicer_to_server(servicer, server)
        self._generated.grpc.add_AsyncServicer_to_server(servicer, server)

    def add_to_runtime(self, server: Any) -> Any:
        """Serve with the runtime, by handlers of both kinds where the wire takes them as well."""
        of_grpc_aio = isinstance(server, runtime.AioServer) and os.environ.get("G2C_WIRE") == "grpcio"
        first = self._async if of_grpc_aio else self._blocking
        server.add_service(self._generated.connect.BlockingASGIApplication, first)
        server.add_service(self._generated.connect.AsyncASGIApplication, self._async)
        return server


def _threaded(server: Any) -> None:
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(GRACE_S).wait(GRACE_S))
    print(f"listening on {port}", flush=True)
    server.wait_for_termination()


async def _looped(make: Callable[[], Any]) -> None:
    server = make()
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(f"listening on {port}", flush=True)
    await stop.wait()
    await server.stop(GRACE_S)


def main() -> None:
    """Serve until SIGTERM."""
    flavour, folder, *rest = sys.argv[1:]
    services = _Services(load(Path(folder)), rest[0] if rest else None)
    pool = ThreadPoolExecutor(WORKERS)

    def of_grpc_aio() -> Any:
        server = grpc.aio.server(migration_thread_pool=pool)
        services.add_to_grpcio(server, aio=True)
        return server

    match flavour:
        case "grpc":
            server = grpc.server(pool)
            services.add_to_grpcio(server, aio=False)
            _threaded(server)
        case "grpc.aio":
            asyncio.run(_looped(of_grpc_aio))
        case "Server":
            _threaded(services.add_to_runtime(runtime.Server(pool)))
        case "AioServer":
            asyncio.run(_looped(lambda: services.add_to_runtime(runtime.AioServer(pool))))
        case _:
            raise SystemExit(f"no such flavour: {flavour}")


if __name__ == "__main__":
    main()
elif folder := os.environ.get("G2C_LOAD_GENERATED"):
    _found = _Services(load(Path(folder)), os.environ.get("G2C_LOAD_RECORD"))
    app = _found.add_to_runtime(runtime.Server(ThreadPoolExecutor(WORKERS))).app
