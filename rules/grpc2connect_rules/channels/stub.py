"""G2C403: a stub becomes a generated Connect client on the runtime's channel.

    - stub = helloworld_pb2_grpc.GreeterStub(channel)
    + stub = channel.client(helloworld_connect.GreeterClientSync)

Left: it is not known whether the channel is sync or aio, or what channel it is.

Source: generated `*_pb2_grpc.py` (grpcio-tools 1.85), generated `*_connect.py` (protoc-gen-connectrpc 0.13).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, edits, generated, kinds, rule
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
    yield Bridged(
        [
            edits.replace(module, call.func, *edits.moved(module, channel), ".client"),
            edits.replace(module, argument, generated(stub.stubs, name, call.func)),
        ],
        why="the native form is a client with a transport of its own",
    )
