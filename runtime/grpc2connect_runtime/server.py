"""`grpc.server` on hypercorn, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from typing import Any

from .dispatcher import Dispatcher
from .server_base import ServerBase
from .serving import Listener, Serving
from .type_parameters import Open

__all__ = ["Server"]

_log = logging.getLogger(__name__)
_WAIT_S = 0.2


class _Thread:
    """The daemon thread that serves. It keeps no reference to its `Server`, so that one out of scope stops."""

    def __init__(self, app: Dispatcher, listeners: list[Listener], outermost: Any) -> None:
        self._app = app
        self._outermost = outermost
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
            self._ready.set()
            self.stopped.set()

    async def _serve(self) -> None:
        serving = Serving(self._app, self._listeners, self._outermost)
        try:
            await serving.start()
        except BaseException:
            serving.stop(None)
            raise
        self._serving = serving
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        try:
            await serving.ended.wait()
        finally:
            with self._lock:  # before the loop is closed, which a late `stop` must not call
                self._loop = None

    def stop(self, grace: float | None) -> None:
        with self._lock:
            if self._loop is not None and self._serving is not None:
                self._loop.call_soon_threadsafe(self._serving.stop, grace)


def _stop_core(core: Any, stopped: threading.Event) -> None:
    ended = core.stop(None)
    if ended.is_set():
        stopped.set()
        return

    def finish() -> None:
        ended.wait()
        stopped.set()

    threading.Thread(target=finish, name="rpc-server-stop", daemon=True).start()


class Server(ServerBase, Open):
    """A server with the interface of `grpc.server(...)`, for servicers of generated Connect applications.

    One port serves gRPC, gRPC-Web and Connect clients. Sync handlers run on `thread_pool`; async ones on the loop.
    On the grpcio wire, its ports are those of a real `grpc.server`, which serves the same handlers to gRPC clients as
    fast and as exactly as before; Connect is served where `add_connect_port` or `G2C_CONNECT_ADDRESS` say.

    Args:
        thread_pool: the executor for sync handlers; by default a `ThreadPoolExecutor()`.
        handlers: as `add_generic_rpc_handlers`.
        interceptors: `ServerInterceptor` or `grpc.ServerInterceptor` objects; each call goes through them, in order.
        options: `grpc.max_receive_message_length` and `grpc.so_reuseport` are honoured; what would change nothing here
            is ignored, anything else logged.
        maximum_concurrent_rpcs: RPCs beyond it are refused with RESOURCE_EXHAUSTED.
        compression: of responses on the grpcio wire; else ignored, responses over gRPC are not compressed.
        xds: whether the ports are configured by xDS; such a server is on the grpcio wire.
        wire: "connect" or "grpcio"; what `G2C_WIRE` says goes first, and without both it is "connect".
        protocols: which of "grpc", "grpc-web" and "connect" ports take that are not grpcio's; by default all.

    Raises:
        AttributeError: one of `handlers` is no handler.
        TypeError: one of `interceptors` is no interceptor, or an async one.
        ValueError: there is no such wire or protocol.

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
        *,
        wire: str | None = None,
        protocols: Iterable[str] | None = None,
    ) -> None:
        """Make a server; nothing is bound yet."""
        super().__init__(
            thread_pool, handlers, interceptors, options, maximum_concurrent_rpcs, compression, xds, wire, protocols
        )
        self._thread: _Thread | None = None
        self._stopped = threading.Event()
        self._stopping = False
        self._finalizers: list[Callable[[], object]] = []

    def __del__(self) -> None:
        """End it, as when it goes out of scope; what calls this by its name need not wait for that."""
        for finalizer in getattr(self, "_finalizers", ()):
            finalizer()

    @property
    def _stage(self) -> str:
        """What it does: "STOPPED", "STARTED" or "GRACE" (`server_stage` gives grpcio's own members)."""
        if not self._started or self._stopped.is_set():
            return "STOPPED"
        return "GRACE" if self._stopping else "STARTED"

    def start(self) -> None:
        """Serve, in a daemon thread; returns once connections are accepted.

        Raises:
            ValueError: it has been started before.
            RuntimeError: an application failed to start.

        Native form: the command that runs the ASGI server.
        """
        if self._started:
            raise ValueError("Cannot start already-started server!")
        self._bind_connect_addresses()
        self._started = True
        if self._serves_connect:
            thread = _Thread(self._dispatcher, self._listeners, self._outermost)
            self._finalizers.append(weakref.finalize(self, thread.stop, None))
            thread.start()
            self._thread = thread
        if self._core is None:
            assert self._thread is not None
            self._stopped = self._thread.stopped
            return
        try:
            self._fill_core()
            self._core.start()
        except BaseException:
            if self._thread is not None:
                self._thread.stop(None)
            raise
        self._finalizers.append(weakref.finalize(self, _stop_core, self._core, self._stopped))

    def stop(self, grace: float | None) -> threading.Event:
        """Refuse new calls, give those in flight time, then end them with UNAVAILABLE. Does not block.

        Args:
            grace: the time in seconds; None for none. A second call can only make it shorter.

        Returns:
            An event that is set when the server has stopped.

        Native form: SIGTERM to the ASGI server.
        """
        self._stopping = True
        if self._thread is None:
            self._close_ports()
        if not self._started:
            self._started = True
            if self._core is not None:
                self._core.stop(None)
            self._stopped.set()
        elif self._core is not None:
            self._stop_both(grace, self._core.stop(grace), self._thread)
        elif self._thread is not None:
            self._thread.stop(grace)
        return self._stopped

    def _stop_both(self, grace: float | None, core_ended: threading.Event, thread: _Thread | None) -> None:
        end = time.monotonic() + (grace or 0)
        late = self._has_lifespan
        if thread is not None and late:
            self._dispatcher.refuse_calls()
        elif thread is not None:
            thread.stop(grace)

        def finish() -> None:
            core_ended.wait()
            if thread is not None:
                if late:  # what it cleans up is used by grpcio's calls too
                    thread.stop(max(end - time.monotonic(), 0))
                thread.stopped.wait()
            self._stopped.set()

        threading.Thread(target=finish, name="rpc-server-stop", daemon=True).start()

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
