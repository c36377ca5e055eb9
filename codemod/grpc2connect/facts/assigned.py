"""Names of gRPC's own modules that the program assigns to: `grpc.insecure_channel = limited`."""

from __future__ import annotations

import ast

from grpc2connect.facts import api
from grpc2connect.facts import references as refs
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import Api, Status, Value
from grpc2connect.syntax import Module


def without_another(facts: Facts, module: Module, node: ast.Name | ast.Attribute, value: Value) -> refs.ApiUse | None:
    """The use of a name that is assigned to, where the runtime has no function of its own to assign to instead."""
    if isinstance(node, ast.Name) or isinstance(node.ctx, ast.Load) or not isinstance(value, Api | Status):
        return None
    path = value.path if isinstance(value, Api) else module.source(node)
    if path in api.RUNTIME_NAMES or "()" in path:
        return None
    return refs.ApiUse(facts, module, node, frozenset(), ("is assigned to",), path=f"an assignment to {path}")
