"""G2C406: the connectivity of a channel is the runtime's.

    - channel.subscribe(lambda state: ready.set() if state is grpc.ChannelConnectivity.READY else None)
    + channel.subscribe(lambda state: ready.set() if state is ChannelConnectivity.READY else None)

Where some services stay on gRPC, gRPC's states are compared with the runtime's, which equal them:

    - if channel.get_state() is grpc.ChannelConnectivity.READY:
    + if channel.get_state() == grpc.ChannelConnectivity.READY:

Left, there: a state that goes elsewhere.

Native form: none; connectrpc connects when it calls.

Source: grpc.ChannelConnectivity (grpcio 1.85).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, api, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse
from grpc2connect_rules.typing.equality import compared

_ASKS = frozenset({"wait_for_state_change"})
_CLASS = "grpc.ChannelConnectivity"
_NAMES = {_CLASS} | {path for path in api.MEMBERS if path.startswith(f"{_CLASS}.")}


@rule("G2C406", on=ApiUse, names=_NAMES, attribute="path")
def connectivity(use: ApiUse) -> Iterator[Outcome]:
    """The connectivity of a channel is the runtime's."""
    member = use.path.removeprefix(_CLASS)
    yield Bridged(
        edits.replace(use.module, use.node, runtime("ChannelConnectivity"), member),
        why="connectrpc connects when it calls",
        mixed=False,
    )
    if member and (same := compared(use, asks=_ASKS)) is not None:
        yield Bridged(same, why="some services here stay on gRPC; the runtime's states equal gRPC's")
    yield Left("it is not known whose channel this is about", advice="move the services that stay, then run again")
