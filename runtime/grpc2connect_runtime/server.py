"""`grpc.server` on hypercorn, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any

from .dispatcher import Dispatcher
from .server_base import ServerBase
from .serving import Listener, Serving

__all__ = ["Server"]

_log = logging.getLogger(__name__)
_WAIT_S = 0.2


class _Thread:
    """The daemon thread that serves. It keeps no reference to its `Server`, so that one out of scope stops."""

    def __init__(self, app: Dispatcher, listeners: list[Listener]) -> None:
        self._app = app
        self._listeners = listeners
        self._ready = threading.Event()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: Serving | None = None
        self._error: BaseException | None = None
        self.stopped = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="rpc-server", daemon=True).start()
        while not self._ready.wait(_WAIT_S):
            pass
        if self._error is not None:
            raise RuntimeError(f"the server could not start: {self._error}") from self._error

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._ready.is_set():
                _log.exception("the server failed")
            self._error = error
        finally:
            with self._lock:
                self._loop = None
            self._ready.set()
            self.stopped.set()

    async def _serve(self) -> None:
        serving = Serving(self._app, self._listeners)
        try:
            await serving.start()
        except BaseException:
            serving.stop(None)
            raise
        self._serving = serving
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await serving.ended.wait()

    def stop(self, grace: float | None) -> None:
        with self._lock:
            if self._loop is not None and self._serving is not None:
                self._loop.call_soon_threadsafe(self._serving.stop, grace)


class Server(ServerBase):
    """A server with the interface of `grpc.server(...)`, for servicers of generated Connect applications.

    One port serves gRPC, gRPC-Web and Connect clients. Sync handlers run on `thread_pool`; async ones on the loop.

    Args:
        thread_pool: the executor for sync handlers; by default a `ThreadPoolExecutor()`.
        handlers: as `add_generic_rpc_handlers`.
        interceptors: `ServerInterceptor` or `grpc.ServerInterceptor` objects; each call goes through them, in order.
        options: `grpc.max_receive_message_length` and `grpc.so_reuseport` are honoured; what would change nothing here
            is ignored, anything else logged.
        maximum_concurrent_rpcs: RPCs beyond it are refused with RESOURCE_EXHAUSTED.
        compression: ignored; responses over gRPC are not compressed.
        xds: refused.

    Raises:
        AttributeError: one of `handlers` is no handler.
        NotImplementedError: `xds` is given.
        TypeError: one of `interceptors` is no interceptor, or an async one.

    Native form: a module-level `app = XASGIApplication(servicer)` run by an ASGI server (for gRPC clients: hypercorn
    with `keep_alive_max_requests` raised). Go there where nothing else is done with the server object.

    Source: `grpc.server`, `grpc.Server`, grpcio 1.85.
    """

    def __init__(
        self,
        thread_pool: Executor | None = None,
        handlers: Any = None,
        interceptors: Any = None,
        options: Sequence[tuple[str, Any]] | None = None,
        maximum_concurrent_rpcs: int | None = None,
        compression: Any = None,
        xds: bool = False,
    ) -> None:
        """Make a server; nothing is bound yet."""
        super().__init__(thread_pool, handlers, interceptors, options, maximum_concurrent_rpcs, xds)
        self._thread: _Thread | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Serve, in a daemon thread; returns once connections are accepted.

        Raises:
            ValueError: it has been started before.
            RuntimeError: an application failed to start.

        Native form: the command that runs the ASGI server.
        """
        if self._started:
            raise ValueError("Cannot start already-started server!")
        self._started = True
        thread = _Thread(self._dispatcher, self._listeners)
        self._stopped = thread.stopped
        self._thread = thread
        weakref.finalize(self, thread.stop, None)
        thread.start()

    def stop(self, grace: float | None) -> threading.Event:
        """Refuse new calls, give those in flight time, then end them with UNAVAILABLE. Does not block.

        Args:
            grace: the time in seconds; None for none. A second call can only make it shorter.

        Returns:
            An event that is set when the server has stopped.

        Native form: SIGTERM to the ASGI server.
        """
        if self._thread is None:
            self._started = True
            self._close_ports()
            self._stopped.set()
        else:
            self._thread.stop(grace)
        return self._stopped

    def wait_for_termination(self, timeout: float | None = None) -> bool:
        """Block until the server has stopped.

        Args:
            timeout: at most this long, in seconds.

        Returns:
            True if the timeout came first.

        Native form: none is needed; the ASGI server runs in the foreground.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            # Waits without a timeout keep signals from being handled on some systems.
            left = _WAIT_S if end is None else min(_WAIT_S, end - time.monotonic())
            if self._stopped.wait(max(left, 0)):
                return False
            if end is not None and time.monotonic() >= end:
                return True
