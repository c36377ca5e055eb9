"""G2C606: what an error of grpcio's private class is made of is the runtime's `RpcState`.

    - error = _InactiveRpcError(_RPCState((), None, None, grpc.StatusCode.INTERNAL, "broken"))
    + error = InactiveRpcError(RpcState((), None, None, StatusCode.INTERNAL, "broken"))

Why: tests make such errors to stand for failed calls; the runtime's `InactiveRpcError` answers as grpcio's does. Where
some services of the program stay on gRPC, both names stay.

Native form: `ConnectError(code, message)`.

Source: grpc._channel._RPCState, which is private (grpcio 1.85).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Outcome, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse


@rule("G2C606", on=ApiUse, names={"grpc._channel._RPCState"}, attribute="path")
def state(use: ApiUse) -> Iterator[Outcome]:
    """What a private error is made of is the runtime's."""
    yield Bridged(edits.replace(use.module, use.node, runtime("RpcState")), why="an error is made of it", mixed=False)
    yield Bridged(why="some services stay on gRPC, and errors that are made are gRPC's")
