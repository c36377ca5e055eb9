"""Where a script changes `sys.path`: what lies in the folders that it adds is imported after that."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from grpc2connect.syntax import Module
from grpc2connect.syntax.names import last_name
from grpc2connect.syntax.walking import walk

_CHANGES = frozenset({"append", "insert", "extend"})


def after_change(module: Module, anchor: ast.stmt | None, uses: Iterable[int]) -> ast.stmt | None:
    """The statement after which new imports go: `anchor`, or what changes `sys.path` after it, and before any use."""
    before = min(uses, default=len(module.text))
    start = -1 if anchor is None else module.span(anchor).start
    found = [node for node in module.tree.body if start < module.span(node).start < before and _changes(node)]
    return found[-1] if found else anchor


def _changes(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    for node in walk(statement):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name("sys"), attr="path"), attr=name)):
                if name in _CHANGES:
                    return True
            case ast.Call(func=func) if last_name(func) == "addsitedir":
                return True
            case ast.Assign(targets=[ast.Attribute(value=ast.Name("sys"), attr="path"), *_]):
                return True
            case ast.AugAssign(target=ast.Attribute(value=ast.Name("sys"), attr="path")):
                return True
    return False
