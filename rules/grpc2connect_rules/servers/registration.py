"""G2C303: `add_GreeterServicer_to_server` becomes `server.add_service`.

Why: a Connect application is made from a service object; the runtime's server mounts any number of them on one port.

    - helloworld_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    + server.add_service(helloworld_connect.GreeterASGIApplication, Greeter())

Where it is not known what the server is, the runtime finds out when it runs: a server of the runtime, one of grpcio, or
what stands in for one and takes method handlers.

    + add_service_to(server, helloworld_connect.GreeterASGIApplication, Greeter())

So it is where the server may be None as far as a type checker sees (`self.server: grpc.Server | None`), which a method
could not be asked of.

Where callers of a library see the servicer or the server (`public` in the settings), the servicer stays gRPC's: a
server of the runtime serves it by Connect as well, any other one as before.

    + add_servicer_to(server, add_GreeterServicer_to_server, GreeterASGIApplication, Greeter())

Left: arguments that are unpacked (`*args`).

Source: generated `*_pb2_grpc.py` (grpcio-tools 1.85), generated `*_connect.py` (protoc-gen-connectrpc 0.13).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, edits, generated, kinds, rule, runtime
from grpc2connect.rules_api.references import Registration


@rule("G2C303", on=Registration)
def registration(use: Registration) -> Iterator[Outcome]:
    """`add_GreeterServicer_to_server` becomes `server.add_service`."""
    module, call = use.module, use.node
    given = use.facts.arguments(call)
    servicer, server = given.get(0, given.get("servicer")), given.get(1, given.get("server"))
    shown = use.facts.shown
    unpacked = servicer is None or server is None or "*" in given or "**" in given
    if unpacked and shown.keeps(use):
        yield Bridged(why="the servicer stays gRPC's, for callers of the public API, and is registered as before")
        return
    if servicer is None or server is None or unpacked:
        yield Left("the arguments of this registration are unpacked", advice="pass servicer and server by themselves")
        return
    first, second = sorted((servicer, server), key=lambda node: module.span(node).start)
    app = generated(use.stubs, use.service.connect_app, call.func)
    if shown.keeps(use):
        changes = [
            edits.replace(module, call.func, runtime("add_servicer_to")),
            edits.replace(module, _whole(module.parents[first], first), *edits.moved(module, server), ", ",
                          *edits.moved(module, call.func), ", ", app),
            edits.replace(module, _whole(module.parents[second], second), *edits.moved(module, servicer)),
        ]  # fmt: skip
        yield Bridged(changes, why="the servicer stays gRPC's, for callers of the public API")
        return
    known = use.facts.is_made_here(module, server, kinds.Server)
    nullable = use.facts.may_be_none(module, server)
    if not known or nullable or shown.is_near(use):
        changes = [
            edits.replace(module, call.func, runtime("add_service_to")),
            edits.replace(module, _whole(module.parents[first], first), *edits.moved(module, server), ", ", app),
            edits.replace(module, _whole(module.parents[second], second), *edits.moved(module, servicer)),
        ]
        unknown = "whether there is a server" if nullable else "what server this is"
        yield Bridged(changes, why=f"{unknown} shows only when it runs")
        return
    changes = [
        edits.replace(module, call.func, *edits.moved(module, server), ".add_service"),
        edits.replace(module, _whole(module.parents[first], first), app),
        edits.replace(module, _whole(module.parents[second], second), *edits.moved(module, servicer)),
    ]
    yield Bridged(changes, why="the native form is a module-level ASGI app")


def _whole(parent: ast.AST, node: ast.expr) -> ast.AST:
    """The argument with its keyword, if it has one."""
    return parent if isinstance(parent, ast.keyword) else node
