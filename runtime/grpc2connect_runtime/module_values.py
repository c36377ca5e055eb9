"""What a generated module becomes where it goes as a value."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

from connectrpc.server import ConnectASGIApplication

from .rpc_names import service_path, servicer_class
from .stub_classes import stub_class

__all__ = ["generated_names"]

_APPLICATION = "ASGIApplication"
_PARTS = ("", "Sync", "Client", "ClientSync")


@cache
def generated_names(module: ModuleType) -> SimpleNamespace:
    """Return what stands in for a generated `*_pb2_grpc` module where that goes as a value.

    Args:
        module: the generated `*_connect` module that has taken its place.

    Returns:
        One and the same object for a module, with the names that the other module had for each service: `XStub` and
        `add_XServicer_to_server`, which are called as before, the one with a channel, the other with a servicer and a
        server; and `XServicer`, a class to derive from, whose handlers have the names of the RPCs.

    Native form: the `*_connect` module, and its own names where the value is used.

    Source: generated modules (grpcio-tools 1.85, protoc-gen-connectrpc 0.13).
    """
    names: dict[str, Any] = {}
    for name, application in list(vars(module).items()):
        if not name.endswith(_APPLICATION) or application is ConnectASGIApplication:
            continue
        aio, sync, aio_client, client = (getattr(module, name.removesuffix(_APPLICATION) + part) for part in _PARTS)
        service = service_path(application).removeprefix("/").rpartition(".")[2]
        names[f"{service}Stub"] = stub_class(client, aio_client)
        names[f"{service}Servicer"] = servicer_class(application, aio, sync)
        names[f"add_{service}Servicer_to_server"] = _adder(application)
    return SimpleNamespace(**names)


def _adder(application_class: Any) -> Callable[[Any, Any], None]:
    def add(servicer: Any, server: Any) -> None:
        from .foreign_servers import add_service_to

        add_service_to(server, application_class, servicer)

    return add
