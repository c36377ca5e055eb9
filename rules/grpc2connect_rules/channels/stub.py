"""G2C403: a stub becomes a generated Connect client on the runtime's channel.

    - stub = helloworld_pb2_grpc.GreeterStub(channel)
    + stub = channel.client(helloworld_connect.GreeterClientSync)

With `--native` (see G2C401) it has a transport of its own:

    + stub = helloworld_connect.GreeterClientSync(
    +     "http://localhost:50051",
    +     protocol=ProtocolType.GRPC,
    +     http_client=SyncClient(channel),
    +     send_compression=None,
    + )

Where it is not known what the channel is (a library's callers hand it over, a factory returns one or another), the
runtime finds out when it runs: a channel of the runtime, one of grpcio, or what stands in for one. It takes both
classes where it is not known either whether the channel is async.

    - self.stub = helloworld_pb2_grpc.GreeterStub(channel)
    + self.stub = client_on(channel, helloworld_connect.GreeterClientSync, helloworld_connect.GreeterClient)

So it is where the channel may be None as far as a type checker sees, which a method could not be asked of.

Where a test replaces the stub class, or what makes the channel, either may be a mock: `stub_on` calls the mock with the
channel, or the mock of a channel as a stub would.

    + stub = stub_on(helloworld_connect.GreeterClientSync, channel)

Where something may stand in a stub's place, the service's stubs get the names of their RPCs (G2C501). What it is
assigned to keeps the type that is declared for it.

    + stub = by_rpc_names(channel.client(helloworld_connect.GreeterClientSync))

Where callers of a library see the service's clients (`public` in the settings), the stub stays one of gRPC's class, on
whatever channel they hand over, and is a Connect client as well. One that cannot be so stays as it is.

    + self.stub = public_stub(channel, helloworld_pb2_grpc.GreeterStub, helloworld_connect.GreeterClientSync)

Left: a call without a channel, or with one among arguments that are unpacked.

Source: generated `*_pb2_grpc.py` (grpcio-tools 1.85), generated `*_connect.py` (protoc-gen-connectrpc 0.13).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import (
    HTTP_CLIENT,
    PROTOCOL_TYPE,
    SYNC_HTTP_CLIENT,
    Bridged,
    GeneratedModule,
    Left,
    Native,
    Outcome,
    edits,
    generated,
    kinds,
    rule,
    runtime,
)
from grpc2connect.rules_api.edits import Piece
from grpc2connect.rules_api.names import Symbol
from grpc2connect.rules_api.references import StubConstruction

_CAST = Symbol("typing", "cast", "typing_cast")
_CLIENTS = {True: HTTP_CLIENT, False: SYNC_HTTP_CLIENT}


@rule("G2C403", on=StubConstruction)
def construction(stub: StubConstruction) -> Iterator[Outcome]:
    """A stub becomes a generated Connect client on the runtime's channel."""
    module, call = stub.module, stub.node
    given = stub.facts.arguments(call)
    channel = given.get(0, given.get("channel"))
    shown = stub.facts.shown
    if shown.keeps(stub):
        yield _for_callers(stub, channel if len(given) == 1 else None)
        return
    if channel is None or len(given) != 1:
        yield Left("it is not known what channel this stub is made on", advice="pass it by itself")
        return
    service = stub.service
    name = service.connect_client if stub.aio else service.connect_client_sync
    parent = module.parents[channel]
    argument = parent if isinstance(parent, ast.keyword) else channel
    # What gives a stub the names of its RPCs gives a type checker any type.
    named = stub.facts.named_stubs.makes(stub.units)
    cast: list[tuple[Piece, ...]] = []
    if (named or stub.replaced or stub.looked_up) and stub.narrows:
        cast = [(_CAST, "(", generated(stub.stubs, name, call.func), ", ")]
    before, after = edits.nested(module, call, *cast)
    if stub.looked_up and isinstance(call.func, ast.Attribute):
        wanted = "".join(f', "{one}"' for one in (service.stub_class, *_clients(stub)))
        found = (runtime("stub_in"), "(", GeneratedModule(stub.stubs, call.func.value), f"{wanted}), ")
        changes = [
            edits.replace(module, call.func, *before, runtime("stub_on")),
            edits.insert_before(module, argument, *found),
            *after,
        ]
        yield Bridged(changes, why="a test may replace the module that has the stub's class")
        return
    either = stub.facts.patches.of_both(service)
    if stub.replaced and (stub.aio is not None or either):
        client: tuple[Piece, ...] = (generated(stub.stubs, name, call.func),)
        if either:
            sync, aio = (generated(stub.stubs, one, call.func) for one in _both(stub))
            client = (runtime("stub_class"), "(", sync, ", ", aio, ")")
        changes = [
            edits.replace(module, call.func, *before, runtime("stub_on")),
            edits.insert_before(module, argument, *client, ", "),
            *after,
        ]
        yield Bridged(changes, why="a test may replace the stub, or the channel that it is made on")
        return
    before, after = edits.nested(module, call, *([*cast, (runtime("by_rpc_names"), "(")] if named else []))
    native = None if named else stub.facts.native_channel(call)
    if native is not None:
        url = _url(module.source(native.target), native.target)
        start = module.line_span(module.line_of(module.span(call).start)).start
        line = module.text[start : module.span(call).end]
        outer = f"{module.newline}{line[: len(line) - len(line.lstrip())]}"
        new = outer + ("\t" if outer.endswith("\t") else "    ")
        pieces = (
            *(f"({new}{url},{new}protocol=", PROTOCOL_TYPE, f".GRPC,{new}http_client=", _CLIENTS[native.aio]),
            *("(", module.span(channel), f"),{new}send_compression=None,{outer})"),
        )
        changes = [
            edits.replace(module, call.func, generated(stub.stubs, name, call.func)),
            edits.replace_text(edits.arguments_of(module, call), *pieces),
        ]
        yield Native(changes, native=native.together, mixed=False, asked=True)
    known = stub.facts.is_made_here(module, channel, kinds.Channel) and not stub.facts.may_be_none(module, channel)
    if not known or stub.aio is None:
        classes = [piece for name in _clients(stub) for piece in (", ", generated(stub.stubs, name, call.func))]
        yield Bridged(
            [
                edits.replace(module, call.func, *before, runtime("client_on")),
                edits.replace(module, argument, channel, *classes),
                *after,
            ],
            why="what channel this is shows only when it runs",
        )
        return
    yield Bridged(
        [
            edits.replace(module, call.func, *before, *edits.moved(module, channel), ".client"),
            edits.replace(module, argument, generated(stub.stubs, name, call.func)),
            *after,
        ],
        why="the native form is a client with a transport of its own",
    )


def _clients(stub: StubConstruction) -> list[str]:
    """The client of a stub's colour; the sync and the async one where that is not known."""
    both = _both(stub)
    return both if stub.aio is None else [both[stub.aio]]


def _both(stub: StubConstruction) -> list[str]:
    return [stub.service.connect_client_sync, stub.service.connect_client]


def _url(written: str, target: ast.expr) -> str:
    """The URL of a target: a text, an f-string, or a name."""
    if isinstance(target, ast.Name):
        return f'f"http://{{{target.id}}}"'
    if isinstance(target, ast.JoinedStr):
        return f"{written[:2]}http://{written[2:]}"
    assert isinstance(target, ast.Constant) and isinstance(target.value, str)
    return f'"http://{target.value}"'


def _for_callers(stub: StubConstruction, channel: ast.expr | None) -> Outcome:
    """A stub that callers of a library may see."""
    module, call, service = stub.module, stub.node, stub.service
    if channel is None or service in stub.facts.patches.classes or stub.looked_up:
        return Bridged(why="callers of the public API, or tests, have a say in it: it stays gRPC's own")
    parent = module.parents[channel]
    argument = parent if isinstance(parent, ast.keyword) else channel
    classes = [piece for name in _clients(stub) for piece in (", ", generated(stub.stubs, name, call.func))]
    changes = [
        edits.replace(module, call.func, runtime("public_stub")),
        edits.replace(module, argument, channel, ", ", *edits.moved(module, call.func), *classes),
    ]
    return Bridged(changes, why="callers of the public API see gRPC's stub, or the errors of its calls")
