"""Which functions let the error of a failed call out, by themselves or through what they call."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from grpc2connect.facts.facts import Facts
from grpc2connect.facts.reference import Reference
from grpc2connect.facts.references import ErrorClass, RpcUse
from grpc2connect.syntax import Module

_EVERYTHING = frozenset({"Exception", "BaseException"})


class Escaping:
    """Knows the calls whose errors leave a function."""

    def __init__(self, facts: Facts, references: Iterable[Reference]) -> None:
        """Look at all of the program once."""
        self._classes = {one.node for one in references if isinstance(one, ErrorClass)}
        self._calls: dict[ast.AST, list[RpcUse]] = {}
        self._called: dict[ast.AST, list[ast.AST]] = {}
        for one in references:
            if isinstance(one, RpcUse) and (around := self._leaves(one.module, one.node)) is not None:
                self._calls.setdefault(around, []).append(one)
        callees: dict[ast.AST, list[ast.AST]] = {}
        for callee, nodes in facts.state.calls.items():
            for node in nodes:
                callees.setdefault(node, []).append(callee)
        for module in facts.program.modules():
            for child in module.parents:
                inner = [child] if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else callees.get(child, [])
                if inner and (around := self._leaves(module, child)) is not None:
                    self._called.setdefault(around, []).extend(inner)

    def of(self, function: ast.AST) -> list[RpcUse]:
        """The calls of stubs whose errors a function lets out, its own first."""
        found: dict[RpcUse, None] = {}
        seen: set[ast.AST] = set()
        waiting = [function]
        while waiting:
            one = waiting.pop(0)
            if one not in seen:
                seen.add(one)
                found.update(dict.fromkeys(self._calls.get(one, ())))
                waiting.extend(self._called.get(one, ()))
        return list(found)

    def _leaves(self, module: Module, node: ast.AST) -> ast.AST | None:
        """The function that what is raised at a node leaves, if no clause there keeps it."""
        child = node
        for parent in module.ancestors(node):
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
                return parent
            if isinstance(parent, ast.Try) and isinstance(child, ast.stmt) and child in parent.body:
                handler = next((one for one in parent.handlers if self._catches(one)), None)
                if handler is not None and not any(_raises_again(handler, one) for one in ast.walk(handler)):
                    return None
            child = parent
        return None

    def _catches(self, handler: ast.ExceptHandler) -> bool:
        named = [] if handler.type is None else list(ast.walk(handler.type))
        return not named or any(
            node in self._classes or (isinstance(node, ast.Name) and node.id in _EVERYTHING) for node in named
        )


def _raises_again(handler: ast.ExceptHandler, node: ast.AST) -> bool:
    """Whether a statement raises what the handler has caught; another error is the library's own affair."""
    if not isinstance(node, ast.Raise):
        return False
    return node.exc is None or (isinstance(node.exc, ast.Name) and node.exc.id == handler.name)
