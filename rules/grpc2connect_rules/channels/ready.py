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
    parent = module.parents[node]
    caught = parent.elts if isinstance(parent, ast.Tuple) and use.path in _ERRORS else []
    beside = [one for one in caught if one is not node and module.source(one).rpartition(".")[2] == name.name]
    # Both were caught while another service had moved and this one had not.
    both = parent if beside and len(caught) == 2 else node
    yield Bridged(edits.replace(module, both, *(beside if both is parent else [name])), why=_WHY, mixed=False)
    if beside:
        yield Bridged(why="both are caught already")
    elif use.path in _ERRORS:
        match parent:
            case ast.Tuple():
                yield Bridged(edits.replace(module, node, node, ", ", name), why="some services stay on gRPC")
            case ast.ExceptHandler():
                yield Bridged(edits.replace(module, node, "(", node, ", ", name, ")"), why="some services stay on gRPC")
            case ast.Call(args=args) if node in args:
                yield Bridged(edits.replace(module, node, "(", node, ", ", name, ")"), why="some services stay on gRPC")
