"""Whether details that a handler sets in one place can be those of a status that it sets in another.

Source: `grpc.ServicerContext.set_code`, `set_details`: each is kept until the RPC ends (grpcio 1.85, `_server.py`).
"""

from __future__ import annotations

import ast

from grpc2connect.facts.scopes import Function
from grpc2connect.syntax import Module

__all__ = ["may_have_details"]


def may_have_details(module: Module, function: Function, setter: ast.Call) -> bool:
    """Whether details may have been set when a `context.set_code(...)` without any of its own is reached.

    Args:
        module: where the handler is.
        function: the handler.
        setter: the call of `set_code`.
    """
    context = setter.func.value if isinstance(setter.func, ast.Attribute) else None
    if not isinstance(context, ast.Name):
        return True
    return any(
        _may_set(module, node) and not _leaves_before(module, node, setter)
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == context.id
    )


def _may_set(module: Module, context: ast.Name) -> bool:
    """Whether a use of a context is, or may lead to, a call of its `set_details`."""
    member = module.parents[context]
    call = module.parents[member]
    other = isinstance(member, ast.Attribute) and member.attr != "set_details"
    return not (other and isinstance(call, ast.Call) and call.func is member)


def _leaves_before(module: Module, node: ast.AST, setter: ast.Call) -> bool:
    """Whether the function surely ends after a node, and before it comes to the setter (a `raise` may be caught)."""
    around = set(module.ancestors(setter))
    statement: ast.AST = module.statement(node)
    while not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        later = _from(module, statement)
        if not around.isdisjoint(later):
            return False
        if any(isinstance(one, ast.Return) for one in later):
            return True
        statement = module.parents[statement]
    return False


def _from(module: Module, statement: ast.AST) -> list[ast.AST]:
    """A statement and those after it in its block."""
    for _, block in ast.iter_fields(module.parents[statement]):
        if isinstance(block, list) and statement in block:
            return block[block.index(statement) :]
    return []
