"""G2C406: the connectivity of a channel is the runtime's.

    - channel.subscribe(lambda state: ready.set() if state is grpc.ChannelConnectivity.READY else None)
    + channel.subscribe(lambda state: ready.set() if state is ChannelConnectivity.READY else None)

Where some services stay on gRPC, gRPC's states are compared with the runtime's, which equal them:

    - if channel.get_state() is grpc.ChannelConnectivity.READY:
    + if channel.get_state() == grpc.ChannelConnectivity.READY:

Left, there: a state that goes elsewhere, or is asserted to be the same object.

Native form: none; connectrpc connects when it calls.

Source: grpc.ChannelConnectivity (grpcio 1.85).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, Span, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse

_BY_NAME = frozenset({"assertEqual", "assertNotEqual", "assertIn", "assertNotIn", "wait_for_state_change"})
"""What asks no more of a state than which one it is."""
_IS = re.compile(r"[)\s]*(is(?:\s+not)?)[(\s]*$")
_CLASS = "grpc.ChannelConnectivity"
_NAMES = {_CLASS} | {
    f"{_CLASS}.{member}" for member in ("IDLE", "CONNECTING", "READY", "TRANSIENT_FAILURE", "SHUTDOWN")
}


@rule("G2C406", on=ApiUse, names=_NAMES, attribute="path")
def connectivity(use: ApiUse) -> Iterator[Outcome]:
    """The connectivity of a channel is the runtime's."""
    member = use.path.removeprefix(_CLASS)
    yield Bridged(
        edits.replace(use.module, use.node, runtime("ChannelConnectivity"), member),
        why="connectrpc connects when it calls",
        mixed=False,
    )
    if member and (same := _compared(use)) is not None:
        yield Bridged(same, why="some services here stay on gRPC; the runtime's states equal gRPC's")
    yield Left("it is not known whose channel this is about", advice="move the services that stay, then run again")


def _compared(use: ApiUse) -> list[edits.Edit] | None:
    """What makes a comparison of states one of equality; None where a state is not compared as it stands."""
    module, node = use.module, use.node
    above = module.parents[node]
    if isinstance(above, ast.Call) and isinstance(above.func, ast.Attribute):
        return [] if above.func.attr in _BY_NAME and node in above.args else None
    if not isinstance(above, ast.Compare) or len(above.ops) > 1:
        return None
    if isinstance(above.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
        return []
    if not isinstance(above.ops[0], ast.Is | ast.IsNot):
        return None
    start = module.span(above.left).end
    between = _IS.match(module.text[start : module.span(above.comparators[0]).start])
    if between is None:
        return None
    operator = "==" if isinstance(above.ops[0], ast.Is) else "!="
    return [edits.Edit(Span(start + between.start(1), start + between.end(1)), (operator,))]
