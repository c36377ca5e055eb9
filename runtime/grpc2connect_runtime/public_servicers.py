"""Servicers that stay gRPC's, for libraries whose callers derive from them or register them themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .rpc_names import handler_names
from .server_base import ServerBase
from .unmoved_servicers import ByRpcNames

__all__ = ["add_servicer_to"]


def add_servicer_to(
    server: Any, adder: Callable[..., Any], application_class: Callable[..., Any], servicer: Any
) -> None:
    """Serve a servicer of gRPC's own, for libraries whose callers derive from it or call it by gRPC's names.

    Args:
        server: a server of this package, which serves it by gRPC and by Connect; any other one, such as grpcio's, takes
            it as it takes any servicer.
        adder: gRPC's generated `add_XServicer_to_server`.
        application_class: the generated `XASGIApplication`.
        servicer: an object whose handlers have the names of the RPCs, sync or async.

    Native form: `server.add_service(XASGIApplication, servicer)`, of a servicer with the names of Connect's handlers,
    once no caller derives from it.

    Source: `add_XServicer_to_server` of grpcio-tools 1.85.
    """
    if not isinstance(server, ServerBase):
        adder(servicer, server)
        return
    names = {native: name for name, native in handler_names(application_class).items()}
    server.add_service(application_class, ByRpcNames(servicer, names))
