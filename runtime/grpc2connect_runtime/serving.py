"""Serves an ASGI application on bound sockets with hypercorn, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config, Sockets

from .auth_context import remember_server_name
from .connections import extend_connections
from .credentials import ServerCredentials
from .dispatcher import Dispatcher
from .http2 import STREAM, extend_http2, has_left, http2_stream
from .lifespan import Lifespans

_log = logging.getLogger(__name__)
# hypercorn says at INFO where it runs; grpcio starts in silence. The level is that of this package's own logger.
_hypercorn_log = logging.getLogger(f"{__name__}.hypercorn")
_hypercorn_log.setLevel(logging.WARNING)
_BACKLOG = 1024
_CLOSE_S = 5.0
_TURNS = 3


@dataclass(frozen=True)
class Listener:
    """Bound sockets and the credentials they are served with."""

    sockets: list[socket.socket]
    credentials: ServerCredentials | None


class _Config(Config):
    """hypercorn's settings for gRPC: its defaults end a connection after 1000 requests."""

    accesslog = None
    errorlog = _hypercorn_log
    backlog = _BACKLOG
    keep_alive_max_requests = 100_000_000
    h2_max_concurrent_streams = 1000
    # Pieces of a request over HTTP/1 that a handler has not read yet.
    max_app_queue_size = 1024
    graceful_timeout = 1.0
    include_server_header = False
    include_date_header = False

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    @property
    def ssl_enabled(self) -> bool:
        return self._listener.credentials is not None

    def create_ssl_context(self) -> ssl.SSLContext | None:
        credentials = self._listener.credentials
        if credentials is None:
            return None
        context = credentials.context()
        remember_server_name(context)
        return context

    def create_sockets(self) -> Sockets:
        sockets = self._listener.sockets
        return Sockets(sockets, [], []) if self.ssl_enabled else Sockets([], sockets, [])


class Serving:
    """One run of a server, on the event loop it is made on.

    Args:
        app: the server's services.
        listeners: what they are served on.
        outermost: what gets the requests: the same, or middleware around it.
    """

    def __init__(self, app: Dispatcher, listeners: list[Listener], outermost: Any) -> None:
        self._app = app
        self._outermost = outermost
        self._listeners = listeners
        self._lifespans = Lifespans(app.apps)
        self._stop = asyncio.Event()
        self._idle_by: float | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._begun: list[asyncio.Event] = []
        self.ended = asyncio.Event()

    async def start(self) -> None:
        """Accept connections from now on.

        Raises:
            RuntimeError: an application failed to start.
        """
        extend_connections()
        extend_http2()
        await self._lifespans.start()
        for listener in self._listeners:
            for sock in listener.sockets:
                sock.listen(_BACKLOG)
            config = _Config(listener)
            config.create_ssl_context()
            self._begun.append(asyncio.Event())
            self._tasks.append(asyncio.create_task(self._serve(config, self._begun[-1])))

    async def _serve(self, config: Config, begun: asyncio.Event) -> None:
        """Run hypercorn; `begun` is set once it accepts connections, or has failed."""

        async def until_stopped() -> None:
            begun.set()
            await self._stop.wait()

        try:
            await serve(self._asgi, config, shutdown_trigger=until_stopped)
        finally:
            begun.set()

    async def _asgi(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            if has_left(send):
                return
            if self._outermost is not self._app:
                stream = http2_stream(send, receive)
                scope = {**scope, STREAM: stream}
                receive = receive if stream is None else stream.receive
            await self._outermost(scope, receive, send)
            return
        # The applications' own lifespan spans all listeners and is run by start() and stop().
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})

    def stop(self, grace: float | None) -> asyncio.Task[None]:
        """Refuse new calls, give those in flight `grace` seconds (None: none), then end them.

        A second call can only make the first one's grace shorter.
        """
        loop = asyncio.get_running_loop()
        idle_by = loop.time() + (grace or 0)
        self._idle_by = idle_by if self._idle_by is None else min(self._idle_by, idle_by)
        if self._stopping is None:
            self._app.refuse_calls()
            self._stopping = asyncio.create_task(self._shut_down())
        return self._stopping

    async def _accept_no_more(self) -> None:
        """Let connections that have been accepted begin, and accept no more: those are refused when the sockets close.

        asyncio (3.11) forgets one that it accepts in the turn in which the server is closed, without closing it: its
        client would wait until the garbage collector comes by. hypercorn, told to stop before it has begun to accept,
        would begin and end in one such turn.
        """
        loop = asyncio.get_running_loop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                for begun in self._begun:
                    await begun.wait()
        for listener in self._listeners:
            for sock in listener.sockets:
                with contextlib.suppress(NotImplementedError, OSError, ValueError):
                    loop.remove_reader(sock)
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    async def _shut_down(self) -> None:
        loop = asyncio.get_running_loop()
        while self._app.running and self._idle_by is not None and loop.time() < self._idle_by:
            await asyncio.sleep(min(0.02, max(0.0, self._idle_by - loop.time())))
        self._app.cancel_calls()
        cancelled_by = loop.time() + _CLOSE_S
        while self._app.running and loop.time() < cancelled_by:
            await asyncio.sleep(0.01)
        await self._accept_no_more()
        self._stop.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_CLOSE_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_CLOSE_S)
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                _log.error("serving failed", exc_info=error)
        for listener in self._listeners:
            for sock in listener.sockets:
                with contextlib.suppress(OSError):
                    sock.close()
        try:
            await self._lifespans.stop()
        except RuntimeError as error:
            _log.error("%s", error)
        self.ended.set()
