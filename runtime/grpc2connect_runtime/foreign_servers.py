"""Servicers on a server of which nothing is known before the program runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectrpc.server import ConnectASGIApplication

from .interceptor import is_async
from .method_handlers import method_handlers_generic_handler
from .rpc_names import application_by_either_name
from .server_base import ServerBase
from .unmoved import aio_module, grpc_module

__all__ = ["add_service_to"]


def add_service_to(server: Any, application_class: Callable[..., Any], servicer: Any) -> None:
    """Serve a moved servicer on whatever server this is, for code whose callers are not all known.

    Args:
        server: a server of this package; one of grpcio, which goes on serving its ports; or an object that takes method
            handlers as those do, by `add_generic_rpc_handlers` or `add_registered_method_handlers`.
        application_class: the generated `XASGIApplication`; the `add_XServicer_to_server` of a service that has not
            moved is called.
        servicer: an object whose handlers are sync or async, as for `add_service`.

    Native form: `server.add_service(XASGIApplication, servicer)`. Go there once all callers are known to hand over
    servers of this package.

    Source: `add_XServicer_to_server` of grpcio-tools 1.85.
    """
    add: Any = application_class
    if not (isinstance(add, type) and issubclass(add, ConnectASGIApplication)):
        add(servicer, server)
    elif isinstance(server, ServerBase):
        server.add_service(application_class, servicer)
    else:
        _add_handlers(server, application_by_either_name(application_class, servicer, interceptors=[]))


def _add_handlers(server: Any, app: Any) -> None:
    """Hand over grpcio's method handlers, in the way that generated code does."""
    from .wire.server_core import handlers_of

    sync, aio = getattr(grpc_module(), "Server", None), getattr(aio_module(), "Server", None)
    if aio is not None and isinstance(server, aio):
        in_loop = True
    elif sync is not None and isinstance(server, sync):
        in_loop = False
    else:
        in_loop = any(is_async(app.endpoint(path).function) for path in app.paths())
    handlers, service = handlers_of(app, aio=in_loop), app.path.removeprefix("/")
    server.add_generic_rpc_handlers((method_handlers_generic_handler(service, handlers),))
    if hasattr(server, "add_registered_method_handlers"):
        server.add_registered_method_handlers(service, handlers)
