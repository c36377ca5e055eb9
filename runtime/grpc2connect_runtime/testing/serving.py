"""A real server on a free port of this machine, for the time of a `with` block."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from ..aio_channel import AioChannel, aio_insecure_channel
from ..aio_server import AioServer
from ..channel import Channel, insecure_channel
from ..channel_options import NO_PROXY
from ..server import Server

__all__ = ["aio_running", "aio_serving", "running", "serving"]

_STOP_S = 10.0
_ADDRESS = "127.0.0.1:0"


@contextmanager
def running(server: Server) -> Iterator[Channel]:
    """Start a server, and give a channel to it; stop both at the end.

    Args:
        server: one that has services and is not started.

    Raises:
        RuntimeError: it did not stop in ten seconds.

    Native form: `SyncClient(WSGITransport(app))` of `pyqwest.testing`, which needs no port, for WSGI applications.
    """
    port = server.add_insecure_port(_ADDRESS)
    server.start()
    try:
        with insecure_channel(f"127.0.0.1:{port}", NO_PROXY) as channel:
            yield channel
    finally:
        if not server.stop(None).wait(_STOP_S):
            raise RuntimeError(f"the server did not stop in {_STOP_S:g} s")


@contextmanager
def serving(
    application_class: Callable[..., Any],
    servicer: Any,
    *,
    thread_pool: Executor | None = None,
    interceptors: Sequence[Any] = (),
) -> Iterator[Channel]:
    """Serve a servicer, and give a channel to it.

        with serving(GreeterASGIApplication, Greeter()) as channel:
            client = channel.client(GreeterClientSync)

    Args:
        application_class: the generated `XASGIApplication`.
        servicer: an object whose handlers are sync, async or some of both.
        thread_pool: as of `Server`.
        interceptors: as of `Server`.

    Native form: see `running`, which also is for servers with several services or options.
    """
    server = Server(thread_pool, interceptors=interceptors)
    server.add_service(application_class, servicer)
    with running(server) as channel:
        yield channel


@asynccontextmanager
async def aio_running(server: AioServer) -> AsyncIterator[AioChannel]:
    """Start a server, and give a channel to it; stop both at the end.

    Args:
        server: one that has services and is not started.

    Native form: `Client(ASGITransport(app))` of `pyqwest.testing`, which needs no port.
    """
    port = server.add_insecure_port(_ADDRESS)
    await server.start()
    try:
        async with aio_insecure_channel(f"127.0.0.1:{port}", NO_PROXY) as channel:
            yield channel
    finally:
        await server.stop(None)


@asynccontextmanager
async def aio_serving(
    application_class: Callable[..., Any], servicer: Any, *, interceptors: Sequence[Any] = ()
) -> AsyncIterator[AioChannel]:
    """Serve a servicer in the running event loop, and give a channel to it.

        async with aio_serving(GreeterASGIApplication, Greeter()) as channel:
            client = channel.client(GreeterClient)

    Args:
        application_class: the generated `XASGIApplication`.
        servicer: an object whose handlers are sync, async or some of both.
        interceptors: as of `AioServer`.

    Native form: see `aio_running`, which also is for servers with several services or options.
    """
    server = AioServer(interceptors=interceptors)
    server.add_service(application_class, servicer)
    async with aio_running(server) as channel:
        yield channel
