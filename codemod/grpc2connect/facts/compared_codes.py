"""Status codes that are compared, where they stand, with those of calls: they are of the services that are called."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from grpc2connect.facts.kinds import Call, Member, Status

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.schema import Service
    from grpc2connect.syntax import Module

ASSERTS = frozenset({"assertEqual", "assertNotEqual", "assertIs", "assertIsNot", "assertIn", "assertNotIn"})
"""Methods of `unittest.TestCase` that compare their first two arguments."""


def compared(module: Module, node: ast.AST) -> list[ast.expr]:
    """All that is compared where an expression, or a container in which it is written, stands; nothing elsewhere."""
    parent = module.parents[node]
    if isinstance(parent, ast.Tuple | ast.List | ast.Set):
        parent = module.parents[parent]
    match parent:
        case ast.Compare(left=left, comparators=others):
            return [left, *others]
        case ast.Call(func=ast.Attribute(attr=name), args=[one, other, *_]) if name in ASSERTS:
            return [one, other]
    return []


def is_named(facts: Facts, node: ast.expr) -> bool:
    """Whether an expression spells codes: `grpc.StatusCode.OK`, or several of them."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return all(is_named(facts, one) for one in node.elts)
    values = facts.values(node)
    return isinstance(node, ast.Attribute) and bool(values) and all(isinstance(one, Status) for one in values)


def services(facts: Facts, module: Module, node: ast.AST) -> frozenset[Service]:
    """The services of the calls with whose codes, and nothing else, a code is compared; none where it is not."""
    found: set[Service] = set()
    for one in compared(module, node):
        if is_named(facts, one):
            continue
        code = one.value if isinstance(one, ast.Await) else one
        values = facts.values(code.func) if isinstance(code, ast.Call) else frozenset()
        if not values or not all(
            isinstance(v, Member) and isinstance(v.owner, Call) and v.name == "code" for v in values
        ):
            return frozenset()
        found.update(service for value in values for service in facts.services(value))
    return frozenset(found)
