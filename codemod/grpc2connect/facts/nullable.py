"""Expressions that a type checker takes for None too, where a function took them and a method now would not.

gRPC's generated functions and classes have no types: `add_GreeterServicer_to_server(servicer, self.server)` says
nothing of a `self.server` that is None before `serve()`, and `self.server.add_service(...)` would be reported. What is
read here is what checkers read: annotations, assignments of None, and what stands before in the same function.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from grpc2connect.facts import classes
from grpc2connect.facts.kinds import Class, Instance
from grpc2connect.facts.scopes import Function, all_parameters, default_of, own_nodes
from grpc2connect.syntax.walking import walk

if TYPE_CHECKING:
    from grpc2connect.facts.client_questions import ClientQuestions
    from grpc2connect.syntax import Module

_LEAVES = ast.Return | ast.Raise | ast.Continue | ast.Break


def may_be_none(facts: ClientQuestions, module: Module, node: ast.expr) -> bool:
    """Whether a name or an attribute can be None as far as a type checker sees."""
    if not isinstance(node, ast.Name | ast.Attribute):
        return False
    said = _said_before(module, node)
    return _is_declared(facts, module, node) if said is None else said


def _said_before(module: Module, node: ast.expr) -> bool | None:
    """What the function around an expression has said of it: it may be None, it is not, or (None) nothing."""
    text = ast.unparse(node)
    child: ast.AST = node
    for parent in module.ancestors(node):
        if isinstance(parent, ast.If | ast.While):
            if child in parent.body and _holds(parent.test, text):
                return False
            if child in parent.orelse and _denies(parent.test, text):
                return False
        if isinstance(parent, ast.With | ast.AsyncWith) and child in parent.body and _bound_by_with(parent, text):
            return False
        for block in (getattr(parent, name, ()) for name in ("body", "orelse", "finalbody")):
            if isinstance(block, list) and child in block:
                for statement in reversed(block[: block.index(child)]):
                    if (said := _says(statement, text)) is not None:
                        return said
        if isinstance(parent, Function):
            return None
        child = parent
    return None


def _says(statement: ast.stmt, text: str) -> bool | None:
    match statement:
        case ast.Assert(test=test) if _holds(test, text):
            return False
        case ast.If(test=test, body=[*_, last], orelse=[]) if isinstance(last, _LEAVES) and _denies(test, text):
            return False
    given = [value for target, value in _assignments(walk(statement)) if ast.unparse(target) == text]
    return any(map(_is_none, given)) if given else None


def _assignments(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Targets and what they are given; None where that is no plain value."""
    for node in nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if isinstance(target, ast.Tuple | ast.List):
                        yield from ((element, None) for element in target.elts)
                    else:
                        yield target, value
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                yield target, value
            case (
                ast.For(target=target) | ast.AsyncFor(target=target) | ast.withitem(optional_vars=ast.expr() as target)
            ):
                yield target, None


def _bound_by_with(statement: ast.With | ast.AsyncWith, text: str) -> bool:
    return any(item.optional_vars is not None and ast.unparse(item.optional_vars) == text for item in statement.items)


def _holds(test: ast.expr, text: str) -> bool:
    """Whether a test that holds says that an expression is not None."""
    match test:
        case ast.Name() | ast.Attribute():
            return ast.unparse(test) == text
        case ast.BoolOp(op=ast.And(), values=operands):
            return any(_holds(operand, text) for operand in operands)
        case ast.Compare(left=left, ops=[ast.IsNot() | ast.NotEq()], comparators=[other]):
            return _is_none(other) and ast.unparse(left) == text
        case ast.Call(func=ast.Name(id="isinstance"), args=[first, _]):
            return ast.unparse(first) == text
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _denies(operand, text)
    return False


def _denies(test: ast.expr, text: str) -> bool:
    """Whether a test that does not hold says so."""
    match test:
        case ast.BoolOp(op=ast.Or(), values=operands):
            return any(_denies(operand, text) for operand in operands)
        case ast.Compare(left=left, ops=[ast.Is() | ast.Eq()], comparators=[other]):
            return _is_none(other) and ast.unparse(left) == text
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _holds(operand, text)
    return False


def _is_declared(facts: ClientQuestions, module: Module, node: ast.Name | ast.Attribute) -> bool:
    """Whether the declaration of a name or an attribute, or else any of its assignments, is of None."""
    if isinstance(node, ast.Name):
        for scope in module.ancestors(node):
            if isinstance(scope, Function):
                for parameter in all_parameters(scope):
                    if parameter.arg == node.id:
                        return _names_none(parameter.annotation) or _is_none(default_of(scope, node.id))
            if isinstance(scope, Function | ast.Module) and (said := _in_scope(own_nodes(scope), node.id)) is not None:
                return said
        return False
    owners = {value.cls for value in facts.values(node.value) if isinstance(value, Instance)}
    around = classes.class_around(module, node)
    if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls") and around is not None:
        owners.add(around)
    return any(_has_none(facts, owner, node.attr) for owner in owners)


def _has_none(facts: ClientQuestions, owner: Class, name: str) -> bool:
    spellings = {name, f"self.{name}", f"cls.{name}"}
    return any(_in_scope(walk(cls.node), *spellings) for cls in classes.ancestry(facts.state, owner))


def _in_scope(nodes: Iterable[ast.AST], *texts: str) -> bool | None:
    """Whether something of these spellings is declared, or else given, None; None where it is neither."""
    found = list(nodes)
    for node in found:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) in texts:
            return _names_none(node.annotation)
    given = [value for target, value in _assignments(found) if ast.unparse(target) in texts]
    return any(map(_is_none, given)) if given else None


def _names_none(annotation: ast.expr | None) -> bool:
    return annotation is not None and any(word in ast.unparse(annotation) for word in ("None", "Optional["))


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
