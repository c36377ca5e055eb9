"""grpcio's own servers, with the services of one of this package's servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import grpc
import grpc.aio

from ..applications import MovedApplication, behaviour, behaviour_name
from ..credentials import ServerCredentials
from ..interceptor import HandlerInterceptor, is_async
from ..limits import ConcurrencyLimit
from ..stream_kinds import streams_requests, streams_responses
from .aio_server_handlers import aio_behaviour
from .connect_interceptors import intercepted
from .moved_handlers import generic_handlers, method_handlers
from .server_chains import aio_chain_behaviour, sync_chain_behaviour
from .server_handlers import sync_behaviour
from .server_interception import interception
from .threads import LoopThread

__all__ = ["add_all", "add_application", "add_generic", "core_credentials", "core_server", "handlers_of"]


def core_server(
    thread_pool: Executor | None,
    interceptors: Sequence[Any],
    options: Sequence[tuple[str, Any]] | None,
    maximum_concurrent_rpcs: int | None,
    compression: Any,
    xds: bool,
    *,
    aio: bool,
) -> Any:
    """Return a `grpc.Server` or a `grpc.aio.Server`, without services and ports."""
    found = None if compression is None else grpc.Compression(int(compression))
    chain = interception(interceptors, aio=aio)
    executor: Any = ThreadPoolExecutor() if thread_pool is None and not aio else thread_pool
    # By keywords: OpenTelemetry's instrumentors replace both functions, and look for `interceptors` there.
    settings: dict[str, Any] = {
        "interceptors": chain,
        "options": options,
        "maximum_concurrent_rpcs": maximum_concurrent_rpcs,
        "compression": found,
    }
    if aio:
        return grpc.aio.server(executor, **settings)
    return grpc.server(executor, xds=xds, **settings)


def core_credentials(credentials: Any) -> Any:
    """Return grpcio's credentials for this package's; its own as they are."""
    if not isinstance(credentials, ServerCredentials):
        return credentials
    return grpc.ssl_server_credentials(
        list(credentials.pairs), credentials.root_certificates, credentials.require_client_auth
    )


def _behaviour(function: Any, method: Any, interceptors: Sequence[Any], loop: LoopThread, *, aio: bool) -> Any:
    """Return what grpcio calls for a handler."""
    streams_in, streams_out = streams_requests(method.stream_type), streams_responses(method.stream_type)
    if not interceptors and (aio or not is_async(function)):
        make = aio_behaviour if aio else sync_behaviour
        return make(function, method, streams_in=streams_in, streams_out=streams_out)
    runs = HandlerInterceptor(loop.pool, aio=aio)
    chain = intercepted([*interceptors, runs], method.stream_type, function)
    if aio:
        return aio_chain_behaviour(chain, method)
    return sync_chain_behaviour(chain, method, loop, streams_in=streams_in)


def handlers_of(app: MovedApplication, *, aio: bool) -> dict[str, Any]:
    """Return grpcio's method handlers of a service, by the names of its methods."""
    found: dict[str, Any] = {}
    loop = LoopThread()
    leading = [
        one for one in app.settings["interceptors"] if not isinstance(one, HandlerInterceptor | ConcurrencyLimit)
    ]
    for path in app.paths():
        handler, method = app.handler(path), app.endpoint(path).method
        assert handler is not None
        if app.unmoved:
            found[method.name] = handler
            continue
        served = _behaviour(behaviour(handler), method, leading, loop, aio=aio)
        # Of this package's class, which moved interceptors know; grpcio asks for nothing but the attributes.
        found[method.name] = handler._replace(**{behaviour_name(handler): served})
    return found


def add_methods(server: Any, service: str, handlers: Mapping[str, Any], *, started: bool = False) -> None:
    """Register the methods of one service on a grpcio server, in both ways, as generated code does.

    Those that are registered go before. A started server takes generic handlers only, and so does grpcio before 1.65;
    later ones' aio servers took registered ones, without a word, and never asked for them.
    """
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, dict(handlers)),))
    if not started and hasattr(server, "add_registered_method_handlers"):
        server.add_registered_method_handlers(service, handlers)


def add_application(server: Any, app: Any, *, aio: bool, started: bool = False) -> None:
    """Serve a generated application's handlers on a grpcio server; `started` says that it serves already.

    Raises:
        TypeError: it is of no generated class, or one of its interceptors would be passed by.
    """
    if not isinstance(app, MovedApplication):
        raise TypeError(f"{app!r} cannot be served over grpcio: it is of no generated class")
    add_methods(server, app.path.removeprefix("/"), handlers_of(app, aio=aio), started=started)


def add_all(
    server: Any, apps: Iterable[Any], registered: Mapping[str, Any], generic: Iterable[Any], *, aio: bool
) -> None:
    """Serve what a router has: applications, unmoved methods by path, generic handlers."""
    for app in apps:
        add_application(server, app, aio=aio)
    services: dict[str, dict[str, Any]] = {}
    for path, handler in registered.items():
        service, _, name = path.removeprefix("/").rpartition("/")
        services.setdefault(service, {})[name] = handler
    for service, handlers in services.items():
        add_methods(server, service, method_handlers(handlers, aio=aio))
    add_generic(server, generic, aio=aio)


def add_generic(server: Any, handlers: Iterable[Any], *, aio: bool) -> None:
    """Serve generic handlers on a grpcio server."""
    server.add_generic_rpc_handlers(generic_handlers(handlers, aio=aio))
