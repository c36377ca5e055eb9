"""Texts that are compared with a function's name, which may be a handler's: `handler.__name__ == "SayHello"`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.facts import references as refs
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.own_names import asked_for_its_name
from grpc2connect.facts.reference import Reference
from grpc2connect.syntax import Module

_OPERATORS = ast.Eq | ast.NotEq | ast.In | ast.NotIn


def compared_names(facts: Facts, module: Module, node: ast.Compare) -> Iterator[Reference]:
    """The names of RPCs that a comparison has, whose other side is the name of some function."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], _OPERATORS):
        return
    texts = [(text, name) for text, name in _texts(node) if name in facts.all_rpc_names]
    if not texts or not _is_name(module, node.left):  # which looks through the whole function
        return
    for text, name in texts:
        services = frozenset(
            service
            for service, stubs in facts.stubs_of.items()
            if facts.component(stubs.key) is facts.component(module) and service.method(name)
        )
        methods = {method for service in services if (method := service.method(name))}
        names = {method.python_name for method in methods} - {name}
        there = {one.value for one in ast.walk(node.comparators[0]) if isinstance(one, ast.Constant)}
        if len(names) == 1 and not names <= there:  # an earlier run has put both there
            yield refs.NamedByText(
                facts, module, text, services, ("compared with a function's name",), what=name,
                method=min(methods, key=repr), compared=node,
            )  # fmt: skip


def _texts(node: ast.Compare) -> Iterator[tuple[ast.Constant, str]]:
    other = node.comparators[0]
    inside = other.elts if isinstance(other, ast.Tuple | ast.List | ast.Set) else []
    alone = isinstance(node.ops[0], ast.Eq | ast.NotEq)
    for one in [other] if alone else inside:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one, one.value


def _is_name(module: Module, node: ast.expr, follow: bool = True) -> bool:
    """Whether an expression is what a function is called, or a local name that is bound to that."""
    if (owner := asked_for_its_name(node)) is not None:
        return not _is_class(owner)
    if not isinstance(node, ast.Name) or not follow:
        return False
    function = module.enclosing(node, ast.FunctionDef, ast.AsyncFunctionDef)
    assigned = [one for one in ast.walk(function) if isinstance(one, ast.Assign)] if function else []
    return any(
        _is_name(module, one.value, follow=False)
        for one in assigned
        if any(isinstance(target, ast.Name) and target.id == node.id for target in one.targets)
    )


def _is_class(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name("type")) | ast.Attribute(attr="__class__") | ast.Name("cls"):
            return True
    return False
