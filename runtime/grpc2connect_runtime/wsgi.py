"""The services of a server as a WSGI application, for WSGI servers: their threads wait, an event loop works.

connectrpc 0.13 has WSGI applications of its own, for sync servicers. They have no gRPC context, do not end calls whose
deadline passes, and gRPC clients of a server with trailers can get OK for a call that failed. So the ASGI application
is run on an event loop in a thread, one for a process, and a WSGI server's thread hands requests in and responses out.
gRPC over HTTP/2 is refused: WSGI has no trailers.

What a WSGI server does to a call stays so: a thread of it is taken for as long as the call lasts, and a stream of
requests comes in pieces of whatever size it likes, so that a conversation (an answer before the next request is sent)
can wait for ever.

Source: PEP 3333; the ASGI specification, "HTTP & WebSocket", version 2.4.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent import futures
from http.client import responses
from typing import Any

from .lifespan import Lifespans

__all__ = ["WsgiApplication"]

_log = logging.getLogger(__name__)
_CHUNK = 1 << 16
_AHEAD = 16
"""How many pieces of a response are made before the server has taken the first."""
_STOP_S = 5.0


class _Loop:
    """An event loop in a thread of this process, with the applications started."""

    def __init__(self, apps: Iterable[Any]) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self._lifespans = Lifespans(list(apps))
        threading.Thread(target=self.loop.run_forever, name="rpc-wsgi", daemon=True).start()
        try:
            asyncio.run_coroutine_threadsafe(self._lifespans.start(), self.loop).result()
        except BaseException:
            self.loop.call_soon_threadsafe(self.loop.stop)
            raise
        atexit.register(self._stop)

    def _stop(self) -> None:
        if os.getpid() == self.pid:
            with contextlib.suppress(RuntimeError, TimeoutError, futures.CancelledError):
                asyncio.run_coroutine_threadsafe(self._lifespans.stop(), self.loop).result(_STOP_S)


class WsgiApplication:
    """`server.wsgi_app`.

    Native form: the generated `XWSGIApplication`, for a sync servicer that takes a `RequestContext` and fails by
    `raise ConnectError(...)`, where deadlines need not be kept.
    """

    def __init__(self, app: Any) -> None:
        """Serve a `Dispatcher`; nothing is started before the first request, so that processes may be forked."""
        self._app = app
        self._lock = threading.Lock()
        self._running: _Loop | None = None

    def _loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._running is None or self._running.pid != os.getpid():
                self._running = _Loop(self._app.apps)
            return self._running.loop

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        response = _Response(self._app, environ, self._loop())
        try:
            status, headers = response.start()
        except BaseException:
            response.close()
            raise
        start_response(status, headers)
        return response


class _Response(Iterator[bytes]):
    """One call: the pieces of its response."""

    def __init__(self, app: Any, environ: Mapping[str, Any], loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop
        self._messages: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._room = asyncio.Semaphore(_AHEAD)
        self._gone = asyncio.Event()
        self._body = _Body(environ)
        self._over = False
        self._task = asyncio.run_coroutine_threadsafe(self._run(scope_of(environ)), loop)

    async def _run(self, scope: dict[str, Any]) -> None:
        try:
            await self._app(scope, self._receive, self._send)
        except Exception:
            _log.exception("the call failed")
        finally:
            self._body.close()
            self._messages.put(None)

    async def _receive(self) -> dict[str, Any]:
        if not self._body.ended:
            try:
                data = await self._body.read()
            except ConnectionError:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": data, "more_body": not self._body.ended}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        await self._room.acquire()
        self._messages.put(message)

    def _next(self) -> dict[str, Any] | None:
        message = self._messages.get()
        if message is not None:
            self._loop.call_soon_threadsafe(self._room.release)
        return message

    def start(self) -> tuple[str, list[tuple[str, str]]]:
        """Wait for the response to begin; return its status line and headers."""
        message = self._next()
        if message is None:
            self._over = True
            return "500 Internal Server Error", []
        status = message["status"]
        headers = [(key.decode("latin-1"), value.decode("latin-1")) for key, value in message["headers"]]
        return f"{status} {responses.get(status, 'Unknown')}", headers

    def __next__(self) -> bytes:
        while not self._over:
            message = self._next()
            if message is None:
                self._over = True
                # The server must not make a whole response of a part.
                raise RuntimeError("the response was not ended")
            self._over = message["type"] == "http.response.body" and not message.get("more_body", False)
            if body := message.get("body", b""):
                return bytes(body)
        raise StopIteration

    def close(self) -> None:
        """Let go of the call: the response is over, or nobody wants the rest."""
        self._loop.call_soon_threadsafe(self._gone.set)
        if not self._over:
            self._task.cancel()


class _Body:
    """The body of a request. Reading blocks: what is more than one piece is read by a thread, when it is asked for.

    A thread that is blocked when the call ends goes on until the server says that the client has gone.
    """

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._input = environ["wsgi.input"]
        length = environ.get("CONTENT_LENGTH") or ""
        chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        terminated = environ.get("wsgi.input_terminated") or environ.get("SERVER_PROTOCOL", "").startswith("HTTP/2")
        self._left: int | None = int(length) if length.isdigit() else None if chunked or terminated else 0
        self._small = self._next() if self._left is not None and 0 < self._left <= _CHUNK else b""
        self._wanted: queue.SimpleQueue[asyncio.Future[bytes] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.ended = False

    def _next(self) -> bytes:
        data: bytes = self._input.read(_CHUNK if self._left is None else min(_CHUNK, self._left))
        if self._left is None:
            self._left = None if data else 0
        elif not data:
            raise ConnectionError("the request ended early")
        else:
            self._left -= len(data)
        return data

    def _read_on(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            data, error = b"", None
            try:
                data = self._next()
            except Exception as raised:  # each server has errors of its own for a client that has gone
                error = ConnectionError(repr(raised))
            wanted.get_loop().call_soon_threadsafe(_settle, wanted, data, error)

    async def read(self) -> bytes:
        """Wait for the next piece.

        Raises:
            ConnectionError: there is no more, and there should be.
        """
        data, self._small = self._small, b""
        if not data and self._left != 0:
            if self._thread is None:
                self._thread = threading.Thread(target=self._read_on, name="rpc-wsgi-body", daemon=True)
                self._thread.start()
            wanted: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            self._wanted.put(wanted)
            data = await wanted
        self.ended = self._left == 0
        return data

    def close(self) -> None:
        """Read no more."""
        self._wanted.put(None)


def _settle(wanted: asyncio.Future[bytes], data: bytes, error: Exception | None) -> None:
    if wanted.done():
        return
    if error is None:
        wanted.set_result(data)
    else:
        wanted.set_exception(error)


def scope_of(environ: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ASGI scope of a WSGI request."""
    headers = [
        (name.removeprefix("HTTP_").replace("_", "-").lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in environ.items()
        if (name.startswith("HTTP_") and name not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"))
        or (name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
    ]
    root = environ.get("SCRIPT_NAME", "").encode("latin-1").decode("utf-8", "replace")
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    address, port = environ.get("REMOTE_ADDR"), str(environ.get("REMOTE_PORT", ""))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": environ.get("SERVER_PROTOCOL", "HTTP/1.1").rpartition("/")[2],
        "method": environ["REQUEST_METHOD"],
        "scheme": environ.get("wsgi.url_scheme", "http"),
        "path": root + path,
        "raw_path": (root + path).encode(),
        "root_path": root,
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "headers": headers,
        "client": (address, int(port) if port.isdigit() else 0) if address else None,
        "server": (environ.get("SERVER_NAME", ""), int(environ.get("SERVER_PORT") or 0)),
        "extensions": {},
    }
