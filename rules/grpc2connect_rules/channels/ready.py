"""G2C405: waiting for a channel is done by the runtime.

    - grpc.channel_ready_future(channel).result(timeout=5)
    + channel_ready_future(channel).result(timeout=5)

Source: grpc.channel_ready_future, grpc.FutureTimeoutError (grpcio 1.85).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Outcome, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse


@rule("G2C405", on=ApiUse, names={"grpc.channel_ready_future", "grpc.FutureTimeoutError"}, attribute="path")
def ready(use: ApiUse) -> Iterator[Outcome]:
    """Waiting for a channel is done by the runtime."""
    name = use.path.rpartition(".")[2]
    yield Bridged(edits.replace(use.module, use.node, runtime(name)), why="connectrpc connects when it calls")
