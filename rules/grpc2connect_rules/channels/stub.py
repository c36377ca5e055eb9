"""G2C403: a stub becomes a generated Connect client on the runtime's channel.

    - stub = helloworld_pb2_grpc.GreeterStub(channel)
    + stub = channel.client(helloworld_connect.GreeterClientSync)

Where a test replaces the stub class, or what makes the channel, either may be a mock: `stub_on` calls the mock with the
channel, or the mock of a channel as a stub would.

    + stub = stub_on(helloworld_connect.GreeterClientSync, channel)

Left: it is not known whether the channel is sync or aio, or what channel it is.

Source: generated `*_pb2_grpc.py` (grpcio-tools 1.85), generated `*_connect.py` (protoc-gen-connectrpc 0.13).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, edits, generated, kinds, rule, runtime
from grpc2connect.rules_api.references import StubConstruction


@rule("G2C403", on=StubConstruction)
def construction(stub: StubConstruction) -> Iterator[Outcome]:
    """A stub becomes a generated Connect client on the runtime's channel."""
    module, call = stub.module, stub.node
    given = stub.facts.arguments(call)
    channel = given.get(0, given.get("channel"))
    known = channel is not None and any(isinstance(value, kinds.Channel) for value in stub.facts.values(channel))
    if channel is None or not known or stub.aio is None:
        yield Left("it is not known what channel this stub is made on", advice="annotate it: grpc.Channel")
        return
    service = stub.service
    name = service.connect_client if stub.aio else service.connect_client_sync
    parent = module.parents[channel]
    argument = parent if isinstance(parent, ast.keyword) else channel
    if stub.replaced:
        client = generated(stub.stubs, name, call.func)
        changes = [
            edits.replace(module, call.func, runtime("stub_on")),
            edits.insert_before(module, argument, client, ", "),
        ]
        yield Bridged(changes, why="a test may replace the stub, or the channel that it is made on")
        return
    yield Bridged(
        [
            edits.replace(module, call.func, *edits.moved(module, channel), ".client"),
            edits.replace(module, argument, generated(stub.stubs, name, call.func)),
        ],
        why="the native form is a client with a transport of its own",
    )
