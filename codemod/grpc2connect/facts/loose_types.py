"""Annotations of gRPC's types for what is of other types as well, as far as a type checker sees.

gRPC's classes have no types, so a checker takes anything for a `server: grpc.Server = Greeter()`, for a parameter
`context: grpc.ServicerContext` that is given another value later, and for `channel: grpc.Channel = self._channel` where
that may be None.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from grpc2connect.facts.kinds import Channel, Context, Server
from grpc2connect.facts.nullable import may_be_none
from grpc2connect.facts.scopes import Function, own_nodes

if TYPE_CHECKING:
    from grpc2connect.facts.client_questions import ClientQuestions
    from grpc2connect.syntax import Module


def holds_others(facts: ClientQuestions, module: Module, annotation: ast.expr) -> bool:
    """Whether what an annotation is for is given what is not of the type."""
    match module.parents[annotation]:
        case ast.AnnAssign(value=ast.expr() as value):
            values = facts.values(value)
            others = bool(values) and not any(isinstance(one, Channel | Context | Server) for one in values)
            return others or may_be_none(facts, module, value)
        case ast.arg(arg=name):
            function = module.enclosing(annotation, ast.FunctionDef, ast.AsyncFunctionDef)
            nodes = own_nodes(function) if isinstance(function, Function) else ()
            return any(isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store) and one.id == name for one in nodes)
    return False
