"""G2C301, G2C302: a gRPC server becomes the runtime's, on the same ports and with the same methods.

Why: connectrpc services are ASGI applications; `python server.py` goes on serving its port to gRPC, gRPC-Web and
Connect clients alike through the runtime's `Server`. Going native means a module-level `app` and an ASGI server.

    - server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    + server = Server(futures.ThreadPoolExecutor(max_workers=10))

Left: a server for xDS, one that is subclassed, and one on which no servicer of a known service is registered.

Source: grpc.server, grpc.Server, grpc.aio.server (grpcio 1.85).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, api, edits, rule, runtime
from grpc2connect.rules_api.references import ServerConstruction, ServerUse

_XDS = ("xds", 6)


@rule("G2C301", on=ServerConstruction)
def construction(server: ServerConstruction) -> Iterator[Outcome]:
    """A gRPC server becomes the runtime's."""
    given = server.facts.arguments(server.call) if server.call else {}
    if any(position in given for position in _XDS) or "**" in given:
        yield Left("it may be a server for xDS, which grpcio alone has", advice="pass its arguments one by one")
        return
    if server.call is not None and not any(service.name for service in server.units):
        yield Left("no servicer of a known service is registered on this server", advice="annotate it: grpc.Server")
        return
    name = "AioServer" if server.aio else "Server"
    yield Bridged(
        edits.replace(server.module, server.node, runtime(name)), why="the native form is a module-level ASGI app"
    )


@rule("G2C302", on=ServerUse)
def use(server: ServerUse) -> Iterator[Outcome]:
    """The methods of a server are those of the runtime's server."""
    if server.name in api.SERVER_METHODS:
        yield Bridged(why="a method of the runtime's server")
    else:
        yield Left(f"server.{server.name} has no equivalent", advice="register generated servicers instead")
