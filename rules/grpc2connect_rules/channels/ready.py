"""G2C405: waiting for a channel is done by the runtime.

    - grpc.channel_ready_future(channel).result(timeout=5)
    + channel_ready_future(channel).result(timeout=5)

Where some services of the program stay on gRPC, both timeouts are caught; a wait for a channel that is not known stays.

Source: grpc.channel_ready_future, grpc.FutureTimeoutError, grpc.FutureCancelledError (grpcio 1.85).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Outcome, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse

_READY = "grpc.channel_ready_future"
_ERRORS = frozenset({"grpc.FutureTimeoutError", "grpc.FutureCancelledError"})
_WHY = "connectrpc connects when it calls"


@rule("G2C405", on=ApiUse, names={_READY, *_ERRORS}, attribute="path")
def ready(use: ApiUse) -> Iterator[Outcome]:
    """Waiting for a channel is done by the runtime."""
    module, node = use.module, use.node
    name = runtime(use.path.rpartition(".")[2])
    yield Bridged(edits.replace(module, node, name), why=_WHY, mixed=False)
    if use.path in _ERRORS:
        match module.parents[node]:
            case ast.Tuple():
                yield Bridged(edits.replace(module, node, node, ", ", name), why="some services stay on gRPC")
            case ast.ExceptHandler():
                yield Bridged(edits.replace(module, node, "(", node, ", ", name, ")"), why="some services stay on gRPC")
            case ast.Call(args=args) if node in args:
                yield Bridged(edits.replace(module, node, "(", node, ", ", name, ")"), why="some services stay on gRPC")
