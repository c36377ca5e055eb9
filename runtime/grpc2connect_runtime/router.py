"""Finds what serves a call: generated applications and grpcio's method handlers side by side, behind interceptors.

As in grpcio 1.85: what was added last for a method serves it, whether moved or not (`add_service`,
`add_registered_method_handlers`); generic handlers are asked, in order, for methods that nothing is registered for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .applications import HandlerApplication, MovedApplication, RawCodec, behaviour, raw_method, stream_type
from .interceptor import HandlerInterceptor
from .metadata import metadata
from .method_handlers import HandlerCallDetails
from .server_interceptors import find_handler

__all__ = ["Refusal", "Router"]

_log = logging.getLogger(__name__)
_CACHED = 1024


class Refusal(Exception):
    """No application takes a call.

    Attributes:
        status: the number of a gRPC status.
        text: its message.
    """

    def __init__(self, status: int, text: str) -> None:
        """Make one from its parts."""
        super().__init__(text)
        self.status = status
        self.text = text


class Router:
    """The services of one server.

    Args:
        handlers: runs handlers; its thread pool is shared by all.
        leading: further connectrpc interceptors, before `handlers`.
        read_max_bytes: the largest request that is taken.
        interceptors: gRPC's server interceptors, checked.
        aio: whether this is a server of `grpc.aio`.
    """

    def __init__(
        self,
        handlers: HandlerInterceptor | None = None,
        leading: Sequence[Any] = (),
        read_max_bytes: int | None = None,
        interceptors: Sequence[Any] = (),
        *,
        aio: bool = False,
    ) -> None:
        """Make one without services."""
        self._handlers = handlers or HandlerInterceptor()
        self._leading = list(leading)
        self._read_max_bytes = read_max_bytes
        self._aio = aio
        self._intercepts = bool(interceptors)
        self._chain = find_handler(interceptors, aio=aio)
        self._apps: dict[str, Any] = {}
        self._registered: dict[str, Any] = {}
        self._generic: list[Any] = []
        self._made: dict[str, tuple[Any, Any]] = {}

    @property
    def apps(self) -> list[Any]:
        """The mounted applications."""
        return list(self._apps.values())

    @property
    def paths(self) -> list[str]:
        """The path of each service, `/package.Service`, moved or registered."""
        return list(dict.fromkeys([*self._apps, *(path.rpartition("/")[0] for path in self._registered)]))

    @property
    def registered(self) -> Mapping[str, Any]:
        """The method handlers of services that have not moved, by path."""
        return self._registered

    @property
    def generic(self) -> Sequence[Any]:
        """The generic handlers, in order."""
        return self._generic

    def mount(self, app: Any) -> None:
        """Add an application; one for the same service replaces it.

        Raises:
            TypeError: the server has interceptors, and they could not be run for this application.
        """
        if self._intercepts and not isinstance(app, MovedApplication):
            raise TypeError(f"the server's interceptors cannot be run for {app!r}: it is of no generated class")
        self._apps[app.path] = app
        prefix = f"{app.path}/"
        self._registered = {path: handler for path, handler in self._registered.items() if not path.startswith(prefix)}

    def add_generic(self, handlers: Iterable[Any]) -> None:
        """Ask these handlers for methods that nothing is registered for.

        Raises:
            AttributeError: one has no `service` method.
        """
        handlers = tuple(handlers)
        for handler in handlers:
            if getattr(handler, "service", None) is None:
                raise AttributeError(f'"{handler}" must conform to grpc.GenericRpcHandler but has no "service" method')
        self._generic.extend(handlers)

    def add_registered(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Serve these methods."""
        self._registered.update({f"/{service}/{name}": handler for name, handler in handlers.items()})

    def _registered_handler(self, path: str) -> Any:
        found = self._registered.get(path)
        if found is None and isinstance(app := self._apps.get(path.rpartition("/")[0]), MovedApplication):
            found = app.handler(path)
        return found

    def _find(self, path: str, details: Any) -> Any:
        # grpcio's sync server has bound a registered method to its handler before interceptors see the call.
        found = self._registered_handler(details.method if self._aio else path)
        if found is not None:
            return found
        for generic in self._generic:
            if (found := generic.service(details)) is not None:
                return found
        return None

    async def application(self, path: str, headers: Iterable[tuple[bytes, bytes]]) -> Any:
        """Return the ASGI application that serves one call.

        Args:
            path: `/package.Service/Method`.
            headers: those of the request.

        Raises:
            Refusal: nothing serves it, or an interceptor failed.
        """
        app = self._apps.get(path.rpartition("/")[0])
        # An application of unknown methods has them all; else others may have what it has not.
        has_method = not isinstance(app, MovedApplication) or app.handler(path) is not None
        if app is not None and has_method and not self._intercepts and path not in self._registered:
            return app
        fields = [(key.decode("latin-1"), value.decode("latin-1")) for key, value in headers]
        handler, natural = await self._handlers_of(path, HandlerCallDetails(path, metadata(fields)))
        if handler is None:
            raise Refusal(12, "Method not found!")
        known = natural is not None and path not in self._registered
        if known and isinstance(app, MovedApplication) and natural is app.handler(path):
            if handler is natural:
                return app
            if _shape(handler) == _shape(natural):
                return self._wrapped(path, app, handler)
            return self._served(path, handler, natural, app.raw_codecs(path))
        if handler is not natural:
            return self._served(path, handler, natural)
        if path not in self._made or self._made[path][0] is not handler:
            if len(self._made) >= _CACHED:
                self._made.clear()
            self._made[path] = handler, self._served(path, handler, natural)
        return self._made[path][1]

    async def _handlers_of(self, path: str, details: HandlerCallDetails) -> tuple[Any, Any]:
        """Return the handler that serves a call, and the one that would without interceptors."""
        natural = self._registered_handler(path)
        asked: list[Any] = []

        def find(new: Any) -> Any:
            asked.append(self._find(path, new))
            return asked[-1]

        try:
            if not self._intercepts and (self._aio or natural is not None or not self._generic):
                handler = find(details)
            else:
                handler = await self._chain(find, details)
            if natural is None:
                natural = asked[0] if asked else self._find(path, details)
        except Exception as error:
            if self._aio:
                _log.exception("Unexpected [%s] raised by servicer method [%s]", type(error).__name__, path)
                raise Refusal(2, f"Unexpected {type(error)}: {error}") from error
            _log.exception("Exception servicing handler: %s", error)
            raise Refusal(2, "Error in service handler!") from error
        return handler, natural

    def _wrapped(self, path: str, app: MovedApplication, handler: Any) -> HandlerApplication:
        """Serve a moved method by another behaviour."""
        settings = {name: value for name, value in app.settings.items() if name not in ("service", "endpoints")}
        if not any(isinstance(interceptor, HandlerInterceptor) for interceptor in settings["interceptors"]):
            settings["interceptors"] = [*settings["interceptors"], self._handlers]
        method = app.endpoint(path).method
        return HandlerApplication(path, method, behaviour(handler), **settings)

    def _served(
        self, path: str, handler: Any, natural: Any, codecs: Sequence[Any] = (RawCodec(),)
    ) -> HandlerApplication:
        """Serve a method handler, whose kind need not be that of the method that is called.

        Interceptors turn calls of all kinds down with one handler, mostly a unary one.
        """
        kind = stream_type(handler.request_streaming, handler.response_streaming)
        single = False
        if handler is not natural and (natural is None or _shape(natural)[:2] != _shape(handler)[:2]):
            kind = stream_type(True, handler.response_streaming)
            single = not handler.request_streaming
        run = self._handlers.of_handler(handler, single=single)
        return HandlerApplication(
            path,
            raw_method(path, kind),
            behaviour(handler),
            interceptors=[*self._leading, run],
            read_max_bytes=self._read_max_bytes,
            codecs=codecs,
        )


def _shape(handler: Any) -> tuple[Any, ...]:
    """Return what a method handler says of its messages."""
    return (
        bool(handler.request_streaming),
        bool(handler.response_streaming),
        handler.request_deserializer,
        handler.response_serializer,
    )
