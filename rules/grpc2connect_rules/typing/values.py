"""G2C802, G2C803, G2C804: gRPC names that no other rule claims, and generated classes used as values.

    - CLIENTS = {"greeter": helloworld_pb2_grpc.GreeterStub}
    - stub = CLIENTS[name](channel)
    + CLIENTS = {"greeter": helloworld_connect.GreeterClientSync}
    + stub = channel.client(CLIENTS[name])

A stub class becomes the client class, and a registration the application class; what calls them goes through the
channel or the server. All places that may call them must be known.

    - for add, servicer in REGISTRATIONS: add(servicer, server)
    + for add, servicer in REGISTRATIONS: server.add_service(add, servicer)

A stub class that a mock is made like (`create_autospec(GreeterStub)`, `Mock(spec=GreeterStub)`) becomes the client
class.

Left: names without such a form, and values that go where they cannot be followed (into a library, a registry).

Why: never silently wrong. A name whose meaning is not known to survive is reported with its place, and the services
that it belongs to (those of its arguments, else those of its file) stay as they are.

Source: grpc (grpcio 1.85).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, api, edits, generated, kinds, rule, runtime
from grpc2connect.rules_api.references import ApiUse, CalledValue, GeneratedUse


@rule("G2C802", on=ApiUse)
def other(use: ApiUse) -> Iterator[Outcome]:
    """A gRPC name that no other rule claims."""
    if use.path.startswith(api.UNKNOWN_STUBS):
        name = use.path.removeprefix(api.UNKNOWN_STUBS)
        yield Left(
            f"nothing is known of the generated {name}",
            advice="add its proto to the paths, or name the environment that has it: --python .venv",
        )
        return
    yield Left(f"{use.path} has no equivalent yet", advice="move it by hand, or keep this service on gRPC")


@rule("G2C803", on=GeneratedUse)
def generated_value(use: GeneratedUse) -> Iterator[Outcome]:
    """A generated class or function used as a value."""
    if use.escape and not use.spec:
        yield Left(f"{use.what} is used as a value, and goes to {use.escape}", advice="call it where it is named")
        return
    if use.service is None or use.stubs is None or not use.value:
        yield Left(f"{use.what} is used as a value", advice="call it where it is named, then run again")
        return
    assert isinstance(use.node, ast.expr)
    if use.value == "registration":
        new = generated(use.stubs, use.service.connect_app, use.node)
    elif use.aio is None:
        yield Left("it is not known whether this stub is sync or aio", advice="annotate its channel")
        return
    else:
        name = use.service.connect_client if use.aio else use.service.connect_client_sync
        new = generated(use.stubs, name, use.node)
    yield Bridged(edits.replace(use.module, use.node, new), why="what calls it goes through the runtime")


@rule("G2C804", on=CalledValue)
def called(use: CalledValue) -> Iterator[Outcome]:
    """A call of a stub class or registration that came as a value goes through the channel or server."""
    given = use.facts.arguments(use.node)
    if use.other or not set(given) <= {0, 1, "channel", "servicer", "server"}:
        yield Left("what is called here can also be something else", advice="call the two in different places")
    elif use.value == "stub":
        yield from _client(use, given.get(0, given.get("channel")))
    elif use.bound:
        yield from _bound(use, given.get(0, given.get("server")))
    else:
        yield from _registration(use, given.get(0, given.get("servicer")), given.get(1, given.get("server")))


def _client(use: CalledValue, channel: ast.expr | None) -> Iterator[Outcome]:
    module, call = use.module, use.node
    if channel is None or not _is(use, channel, kinds.Channel):
        yield Left("it is not known what channel this stub is made on", advice="annotate it: grpc.Channel")
        return
    if use.replaced:
        changes = [
            edits.replace(module, call.func, runtime("stub_on")),
            edits.insert_before(module, _whole(use, channel), *edits.moved(module, call.func), ", "),
        ]
        yield Bridged(changes, why="a test may replace the stub, or the channel that it is made on")
        return
    changes = [
        edits.replace(module, call.func, *edits.moved(module, channel), ".client"),
        edits.replace(module, _whole(use, channel), *edits.moved(module, call.func)),
    ]
    yield Bridged(changes, why="the native form is a client with a transport of its own")


def _registration(use: CalledValue, servicer: ast.expr | None, server: ast.expr | None) -> Iterator[Outcome]:
    module, call = use.module, use.node
    if servicer is None or server is None or not _is(use, server, kinds.Server):
        yield Left("it is not known what server this registers on", advice="annotate the server: grpc.Server")
        return
    first, second = sorted((servicer, server), key=lambda node: module.span(node).start)
    changes = [
        edits.replace(module, call.func, *edits.moved(module, server), ".add_service"),
        edits.replace(module, _whole(use, first), *edits.moved(module, call.func)),
        edits.replace(module, _whole(use, second), *edits.moved(module, servicer)),
    ]
    yield Bridged(changes, why="the native form is a module-level ASGI app")


def _bound(use: CalledValue, server: ast.expr | None) -> Iterator[Outcome]:
    """`self.register(server)`: the servicer is the object whose attribute the registration is."""
    module, func = use.module, use.node.func
    known = server is not None and _is(use, server, kinds.Server)
    if server is None or not known or not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        yield Left("it is not known what server this registers on", advice="annotate the server: grpc.Server")
        return
    changes = [
        edits.replace(module, func, *edits.moved(module, server), ".add_service"),
        edits.replace(module, _whole(use, server), *edits.moved(module, func), f", {func.value.id}"),
    ]
    yield Bridged(changes, why="the native form is a module-level ASGI app")


def _is(use: CalledValue, node: ast.expr, kind: type[kinds.Value]) -> bool:
    return any(isinstance(value, kind) for value in use.facts.values(node))


def _whole(use: CalledValue, node: ast.expr) -> ast.AST:
    """The argument with its keyword, if it has one."""
    parent = use.module.parents[node]
    return parent if isinstance(parent, ast.keyword) else node
