"""Several generated applications behind one ASGI application."""

from __future__ import annotations

import asyncio
from typing import Any

from .exchange import Exchange, Send, current_exchange
from .lifespan import Lifespans
from .stream_ends import stream_end
from .trailers_only import TrailersOnly

__all__ = ["Dispatcher"]


def _content_type(scope: dict[str, Any]) -> str:
    for key, value in scope["headers"]:
        if key.lower() == b"content-type":
            return str(value.decode("latin-1"))
    return ""


async def _refuse(send: Send, content_type: str, status: int, text: str, http_status: int) -> None:
    """Answer a call that no application takes: by a gRPC status to gRPC clients, else by the HTTP status."""
    fields = [(b"grpc-status", b"%d" % status), (b"grpc-message", text.replace(" ", "%20").encode())]
    headers = [(b"content-type", content_type.encode())]
    is_web = content_type.startswith("application/grpc-web")
    is_grpc = content_type.startswith("application/grpc") and not is_web
    if is_web:
        http_status, headers = 200, headers + fields
    elif is_grpc:
        http_status = 200
    else:
        headers = []
    await send({"type": "http.response.start", "status": http_status, "headers": headers, "trailers": is_grpc})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    if is_grpc:
        await send({"type": "http.response.trailers", "headers": fields, "more_trailers": False})


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
            await _refuse(self._send, self._content_type, 12, "Method not found!", 404)
            return
        await self._send(message)


class Dispatcher:
    """An ASGI application that passes each call to the generated application of its service.

    Native form: `starlette.routing.Mount(app.path, app)` for each application, or the application itself if there is
    only one.

    Source: `/package.Service/Method` paths (Connect and gRPC protocols); grpcio 1.85 answers unknown methods with
    UNIMPLEMENTED "Method not found!".
    """

    def __init__(self) -> None:
        """Make one without applications."""
        self._apps: dict[str, Any] = {}
        self._running: dict[asyncio.Task[Any], Exchange] = {}
        self._stopping = False

    @property
    def apps(self) -> list[Any]:
        """The mounted applications."""
        return list(self._apps.values())

    def mount(self, app: Any) -> None:
        """Add a generated ASGI application; one for the same service replaces it."""
        self._apps[app.path] = app

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
            task.cancel()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await Lifespans(self.apps).serve(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is served, not {scope['type']}")
        end_with_headers = stream_end(send)
        content_type = _content_type(scope)
        is_grpc = content_type.startswith("application/grpc")
        if is_grpc and not content_type.startswith("application/grpc-web") and end_with_headers is not None:
            send = TrailersOnly(send, end_with_headers)
        if self._stopping:
            await _refuse(send, content_type, 14, "Server is shutting down", 503)
            return
        path = scope["path"]
        app = self._apps.get(path.rpartition("/")[0])
        if app is None and (root := scope.get("root_path")):
            path = path.removeprefix(root)
            app = self._apps.get(path.rpartition("/")[0])
        if app is None:
            await _refuse(send, content_type, 12, "Method not found!", 404)
            return
        if is_grpc:
            send = _NotFoundAsStatus(send, content_type)
            # grpcio does not compress unless told to; and headers sent early must be right about the encoding.
            fields = [field for field in scope["headers"] if field[0].lower() != b"grpc-accept-encoding"]
            scope = {**scope, "headers": fields}
        exchange = Exchange(send, content_type)
        task = asyncio.current_task()
        assert task is not None
        self._running[task] = exchange
        token = current_exchange.set(exchange)
        try:
            await app(scope, receive, exchange)
        finally:
            current_exchange.reset(token)
            del self._running[task]
