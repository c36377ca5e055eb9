"""Moved servicers on grpcio servers that the caller has made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import grpc.aio

from ..applications import moved_application
from .server_core import add_application

__all__ = ["mount"]


def mount(
    server: Any, application_class: Callable[..., Any], servicer: Any, *, interceptors: Sequence[Any] = ()
) -> None:
    """Serve a moved servicer on a `grpc.Server` or a `grpc.aio.Server`, before it is started.

    Args:
        server: grpcio's own server.
        application_class: the generated `XASGIApplication`.
        servicer: an object whose handlers are sync or async.
        interceptors: async interceptors of connectrpc; all of them are run, for each kind that they have a method for.
            The interceptors of the server are run before them.

    Raises:
        TypeError: the class is no generated one, or one of the interceptors would never be run.

    Native form: `app = XASGIApplication(servicer, interceptors=[...])`. Go there once no client needs this server.

    Source: `add_XServicer_to_server` of grpcio-tools 1.85.
    """
    app = moved_application(application_class, servicer, interceptors=list(interceptors))
    add_application(server, app, aio=isinstance(server, grpc.aio.Server))
