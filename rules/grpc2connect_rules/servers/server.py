"""G2C301, G2C302: a gRPC server becomes the runtime's, on the same ports and with the same methods.

Why: connectrpc services are ASGI applications. The runtime's `Server` keeps `python server.py` as it is: with
`--serve dual`, the default, its ports are grpcio's own, which serves old clients as fast and as exactly as before, and
Connect has ports of its own (`G2C_CONNECT_ADDRESS`, or `server.add_connect_port`). With `--serve single` one port takes
gRPC, gRPC-Web and Connect, and grpcio is not needed. `G2C_WIRE` switches either way without a change of the code. Going
native means a module-level `app` and an ASGI server.

    - server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    + server = Server(futures.ThreadPoolExecutor(max_workers=10), wire="grpcio")

A server on which no servicer of a known service is registered moves where something near it does: the runtime's takes
servicers that stay on gRPC, and method handlers. In a part of the program without any service it moves together with
all of that part, as a channel does (G2C401).

An attribute that the program itself gives to its servers (`server.bound_address = ...`) stays as it is, unless its name
is private or that of something the runtime's servers have; so it is with channels and with contexts. What is public and
that neither grpcio's servers have nor the runtime's is asked of another object (`is_serving`, of a web server that is
made in place of this one), and stays.

What a server does just now, which only a private field of grpcio's says, is asked of the runtime:

    - while server._state.stage != grpc._server._ServerStage.STOPPED:
    + while server_stage(server) != grpc._server._ServerStage.STOPPED:

Left: a server that is subclassed; one on which nothing known is registered where nothing moves, or of which more is
used than a server's public methods.

Source: grpc.server, grpc.Server, grpc.aio.server (grpcio 1.85).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, Serve, api, edits, kinds, rule, runtime
from grpc2connect.rules_api.references import ServerConstruction, ServerUse

_FINDINGS = {
    Serve.DUAL: (
        "grpcio goes on serving this server's ports; Connect clients have none yet",
        "set G2C_CONNECT_ADDRESS=host:port where the program runs, or call server.add_connect_port",
    ),
    Serve.SINGLE: (
        "its ports take Connect and gRPC-Web too, and serve gRPC clients 0.3 to 0.5 times as fast as grpcio does",
        "compare --serve dual, and docs/serving.md",
    ),
}


@rule("G2C301", on=ServerConstruction)
def construction(server: ServerConstruction) -> Iterator[Outcome]:
    """A gRPC server becomes the runtime's."""
    new = runtime(api.RUNTIME_NAMES["grpc.aio.server" if server.aio else "grpc.server"])
    change = [edits.replace(server.module, server.node, new)]
    serve = Serve.SINGLE if server.call is None else server.facts.serve(server)
    if server.call is not None and serve is Serve.DUAL:
        change.append(edits.append_argument(server.module, server.call, 'wire="grpcio"'))
    finding, advice = _FINDINGS[serve]
    yield Bridged(change, why="the native form is a module-level ASGI app", finding=finding, advice=advice)
    if server.call is not None and not any(service.name for service in server.units):
        yield Left("no servicer of a known service is registered on this server", advice="annotate it: grpc.Server")


@rule("G2C302", on=ServerUse)
def use(server: ServerUse) -> Iterator[Outcome]:
    """The methods of a server are those of the runtime's server."""
    if server.name in api.SERVER_METHODS:
        yield Bridged(why="a method of the runtime's server")
    elif server.name in api.TEST_SERVER_METHODS:
        yield Bridged(why="a method of a server that grpc_testing makes, which a wrong annotation calls a grpc.Server")
    elif server.name == "__del__" and not _may_be_aio(server):
        yield Bridged(why="it ends the runtime's server, too")
    elif (stage := _stage(server)) is not None:
        module = server.module
        pieces = (runtime("server_stage"), "(", *edits.moved(module, stage[1]), ")")
        yield Bridged(edits.replace(module, stage[0], *pieces), why="an ASGI server has no such state")
    elif server.facts.is_own(kinds.Server, server.name):
        yield Bridged(why="an attribute of the program's own")
    elif _has_none(server.name):
        yield Bridged(why="grpcio's servers have no such attribute, nor have the runtime's: it is of another object")
    else:
        yield Left(f"server.{server.name} has no equivalent", advice="register generated servicers instead")


def _has_none(name: str) -> bool:
    """Whether servers have no attribute of a name: with grpcio as with the runtime, to ask for it raises an error."""
    return not (name.startswith("_") or name in api.RUNTIME_ATTRIBUTES)


def _stage(server: ServerUse) -> tuple[ast.Attribute, ast.expr] | None:
    """`server._state.stage`, where it is read of a sync server, and its server."""
    node, asked = server.node, server.module.parents[server.node]
    if not isinstance(node, ast.Attribute) or not isinstance(asked, ast.Attribute):
        return None
    read = server.name == "_state" and asked.attr == "stage" and isinstance(asked.ctx, ast.Load)
    return (asked, node.value) if read and not _may_be_aio(server) else None


def _may_be_aio(server: ServerUse) -> bool:
    assert isinstance(server.node, ast.Attribute)
    return any(isinstance(value, kinds.Server) and value.aio for value in server.facts.values(server.node.value))
