"""ACME201: `context.peer()` that is only shown becomes `context.client_address`.

Why: our logs take an address in any form, and nobody here keys on it.

    - log.info("from %s", context.peer())
    + log.info("from %s", context.client_address)

Bridged: everything else is left to G2C203, which this rule goes before.

Source: grpc.ServicerContext.peer (grpcio 1.85); connectrpc.request.RequestContext (connectrpc 0.13).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Native, Outcome, edits, rule
from grpc2connect.rules_api.references import ContextUse


@rule("ACME201", on=ContextUse, names={"peer"}, replaces=["G2C203"])
def peer(use: ContextUse) -> Iterator[Outcome]:
    """`context.peer()` that is only shown becomes `context.client_address`."""
    call = use.call
    if call is not None and isinstance(use.module.parents[call], ast.Call | ast.FormattedValue):
        changes = [
            edits.rename_attribute(use.module, use.node, "client_address"),
            edits.call_without_arguments(use.module, call),
        ]
        yield Native(changes, why="it is only shown", mixed=False)
