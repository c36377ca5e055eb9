"""The services of a server behind one ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import quote

from .exchange import Exchange, Send, ServerStops, current_exchange
from .http2 import STREAM, has_left, http2_stream
from .lifespan import Lifespans
from .mounted_paths import method_path
from .protocols import PROTOCOLS, protocol_of
from .router import Refusal, Router
from .trailers_only import TrailersOnly

__all__ = ["Dispatcher"]


def _content_type(scope: dict[str, Any]) -> str:
    for key, value in scope["headers"]:
        if key.lower() == b"content-type":
            return str(value.decode("latin-1"))
    return ""


_HTTP_STATUS = {2: 500, 12: 404, 14: 503}
_ALLOW = [(b"allow", b"GET, POST, OPTIONS")]


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    """Answer without a body."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _status(status: int, text: str) -> list[tuple[bytes, bytes]]:
    return [(b"grpc-status", b"%d" % status), (b"grpc-message", quote(text, safe="!'<>:").encode())]


async def _end(send: Send, trailers: list[tuple[bytes, bytes]] | None) -> None:
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    if trailers is not None:
        await send({"type": "http.response.trailers", "headers": trailers, "more_trailers": False})


async def _refuse(send: Send, content_type: str, status: int, text: str) -> None:
    """Answer a call that no application takes: by a gRPC status to gRPC clients, else by an HTTP status."""
    http_status = _HTTP_STATUS[status]
    fields = _status(status, text)
    headers = [(b"content-type", content_type.encode())]
    protocol = protocol_of(content_type)
    is_grpc = protocol == "grpc"
    if protocol == "grpc-web":
        http_status, headers = 200, headers + fields
    elif is_grpc:
        http_status = 200
    else:
        headers = []
    await send({"type": "http.response.start", "status": http_status, "headers": headers, "trailers": is_grpc})
    await _end(send, fields if is_grpc else None)


_AGAIN_S = 0.1


def _received_once(receive: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """Return a `receive` that says once only that a request has no body.

    pyvoy 1.3 says so as often as it is asked, at once, and connectrpc asks until the client is gone: a handler that
    waits for anything would never go on, nor would any other.
    """
    over = False

    async def received() -> Any:
        nonlocal over
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return message
            if not over:
                over = not message.get("more_body", False)
                return message
            await asyncio.sleep(_AGAIN_S)

    return received


class _NotFoundAsStatus:
    """A `send` that turns connectrpc's 404 for an unknown method into grpcio's status."""

    def __init__(self, send: Send, content_type: str) -> None:
        self._send = send
        self._content_type = content_type
        self._replaced = False

    async def __call__(self, message: Any) -> None:
        if self._replaced:
            return
        if message["type"] == "http.response.start" and message["status"] == 404:
            self._replaced = True
            await _refuse(self._send, self._content_type, 12, "Method not found!")
            return
        await self._send(message)


class Dispatcher:
    """An ASGI application that passes each call to what serves its method.

    It may be mounted in an application of a web framework, at a prefix or at each of `paths`; the framework's lifespan
    then has to run `lifespan`. It answers OPTIONS, so that what stands in front of it can say what CORS allows.

    Native form: `starlette.routing.Mount(app.path, app)` for each application, or the application itself if there is
    only one.

    Source: `/package.Service/Method` paths (Connect and gRPC protocols); grpcio 1.85 answers unknown methods with
    UNIMPLEMENTED "Method not found!".
    """

    def __init__(self, router: Router | None = None, protocols: frozenset[str] = PROTOCOLS) -> None:
        """Make one; without a router, one without services. It answers other protocols with HTTP 415."""
        self.router = router or Router()
        self._protocols = protocols
        self._running: dict[asyncio.Task[Any], Exchange] = {}
        self._stopping = False

    @property
    def apps(self) -> list[Any]:
        """The mounted applications."""
        return self.router.apps

    @property
    def paths(self) -> list[str]:
        """The path of each service, `/package.Service`, to mount this application at; generic handlers have none."""
        return self.router.paths

    @contextlib.asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Start the services that are made at the start, and stop them at the end: frameworks do not do it for mounts.

        An ASGI server that runs this application itself does it, without this.

        Raises:
            RuntimeError: a service failed to start, or to stop.
        """
        lifespans = Lifespans(self.apps)
        try:
            await lifespans.start()
            yield
        finally:
            await lifespans.stop()

    def mount(self, app: Any) -> None:
        """Add a generated ASGI application; one for the same service replaces it."""
        self.router.mount(app)

    @property
    def running(self) -> int:
        """How many calls are in flight."""
        return len(self._running)

    def refuse_calls(self) -> None:
        """Answer new calls with UNAVAILABLE from now on."""
        self._stopping = True

    def cancel_calls(self) -> None:
        """End the calls in flight with UNAVAILABLE."""
        for task, exchange in list(self._running.items()):
            exchange.stopped = True
            loop = task.get_loop()
            if loop is asyncio.get_running_loop():
                task.cancel()
            elif not loop.is_closed():
                # Served by another server, in another thread.
                loop.call_soon_threadsafe(task.cancel)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await Lifespans(self.apps).serve(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is served, not {scope['type']}")
        if scope["method"] == "OPTIONS":
            await _answer(send, 204, _ALLOW)
            return
        if STREAM not in scope and has_left(send):
            return
        stream = scope[STREAM] if STREAM in scope else http2_stream(send, receive)
        content_type = _content_type(scope)
        protocol = protocol_of(content_type)
        is_grpc = protocol != "connect"
        if protocol not in self._protocols:
            await _answer(send, 415, [])
            return
        if stream is not None:
            receive = receive if STREAM in scope else stream.receive
            if protocol == "grpc":
                send = TrailersOnly(send, stream.end_with_headers)
        if self._stopping:
            await _refuse(send, content_type, 14, "Server is shutting down")
            return
        if scope["method"] == "GET":
            receive = _received_once(receive)
        path = method_path(scope)
        exchange = Exchange(_NotFoundAsStatus(send, content_type) if is_grpc else send, content_type)
        if stream is not None:
            stream.when_left = exchange.left
            if stream.has_left:
                exchange.left()
        task = asyncio.current_task()
        assert task is not None
        self._running[task] = exchange
        token = current_exchange.set(exchange)
        try:
            try:
                app = await self.router.application(path, scope["headers"])
            except asyncio.CancelledError:
                if exchange.stopped:
                    await _refuse(send, content_type, 14, ServerStops().message)
                raise
            if is_grpc:
                # grpcio does not compress unless told to; and headers sent early must be right about the encoding.
                fields = [field for field in scope["headers"] if field[0].lower() != b"grpc-accept-encoding"]
                scope = {**scope, "headers": fields}
            await app({**scope, "path": path}, exchange.receiving(receive), exchange)
        except Refusal as refusal:
            await _refuse(send, content_type, refusal.status, refusal.text)
        except ServerStops as stops:
            if not exchange.started:
                raise
            await _end(send, _status(14, stops.message))
        finally:
            current_exchange.reset(token)
            del self._running[task]
