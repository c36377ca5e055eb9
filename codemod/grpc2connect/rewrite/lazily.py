"""Where new imports go in a module that has gRPC only where it is needed, or where it is installed.

`import grpc` in a function, in a `try` that takes an ImportError, or under `if TYPE_CHECKING` says that the module must
be importable without gRPC. What comes in its place may be missing there too, so it is imported there and nowhere else.
A `try` that raises an error of its own instead says what to install: that is said of what comes in its place as well.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from grpc2connect.syntax import Module
from grpc2connect.syntax.names import last_name

Function = ast.FunctionDef | ast.AsyncFunctionDef
_MISSING = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


class Anchor(NamedTuple):
    """The statement after which new imports go, or before which."""

    statement: ast.stmt
    before: bool = False


class LazyImports:
    """Finds where a new name is imported, for an offset where it is used.

    Args:
        module: the file.
        is_ours: whether an import's alias is gRPC's, or of its generated code.
        is_grpc: whether it is gRPC's.
    """

    def __init__(
        self, module: Module, is_ours: Callable[[ast.alias], bool], is_grpc: Callable[[ast.alias], bool]
    ) -> None:
        self._module = module
        self._is_ours = is_ours
        self._is_grpc = is_grpc

    def anchor(self, offset: int) -> Anchor | None:
        """Where a name is imported that is used there; None for the top of the module."""
        if self._for_types is not None and self._is_never_run(offset):
            return Anchor(self._for_types)
        if not self._is_lazy:
            return Anchor(self._refusing) if self._refusing is not None and self._is_run_by(offset) else None
        found = self._in_function(offset, self._is_grpc) or self._guarded or self._in_function(offset, self._is_ours)
        return Anchor(found) if found is not None else self._start_of_function(offset)

    @cached_property
    def _refusing(self) -> ast.stmt | None:
        """The first of gRPC's own imports, if the module says what to install where they fail, and is not imported."""
        own = [node for node in self._imports if any(map(self._is_grpc, node.names)) and self._is_at_the_top(node)]
        refused = all(self._is_guarded(node) and _refuses(self._module.parents[node]) for node in own)
        return own[0] if own and refused and self._module.cells is None else None

    def _is_at_the_top(self, node: ast.stmt) -> bool:
        return self._function(node) is None and not self._is_for_types(node)

    def _is_run_by(self, offset: int) -> bool:
        """Whether the first of gRPC's imports has been run at an offset; its `except` clauses run where it has not."""
        block = self._module.parents[self._refusing] if self._refusing is not None else None
        if self._refusing is None or not isinstance(block, ast.Try):
            return False
        run = self._module.span(self._refusing).end <= offset
        return run and not any(_has(self._module, handler, offset) for handler in block.handlers)

    def _start_of_function(self, offset: int) -> Anchor | None:
        """The first statement of the function around the offset, in a module that has gRPC in functions only."""
        if not any(self._function(node) is not None for node in self._imports):
            return None
        functions = [node for node in self._around(offset) if isinstance(node, Function)]
        if not functions:
            return None
        body = min(functions, key=lambda node: node.lineno).body
        text = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        return Anchor(body[1], before=True) if text and len(body) > 1 else Anchor(body[0], before=not text)

    @cached_property
    def _imports(self) -> list[ast.Import | ast.ImportFrom]:
        every = (node for node in self._module.nodes if isinstance(node, ast.Import | ast.ImportFrom))
        found = [node for node in every if any(map(self._is_ours, node.names))]
        return sorted(found, key=lambda node: node.lineno)

    @cached_property
    def _is_lazy(self) -> bool:
        if self._module.cells is not None:
            return False
        return bool(self._imports) and all(map(self._is_apart, self._imports))

    def _is_apart(self, node: ast.stmt) -> bool:
        """Whether an import is in a function, only for types, or in a `try` that goes on without it."""
        return self._function(node) is not None or self._is_for_types(node) or self._is_guarded(node)

    def _function(self, node: ast.AST) -> Function | None:
        return next((one for one in self._module.ancestors(node) if isinstance(one, Function)), None)

    def _is_for_types(self, node: ast.stmt) -> bool:
        parent = self._module.parents[node]
        return isinstance(parent, ast.If) and last_name(parent.test) == "TYPE_CHECKING" and node in parent.body

    def _is_guarded(self, node: ast.stmt) -> bool:
        parent = self._module.parents[node]
        return isinstance(parent, ast.Try) and node in parent.body and any(map(_takes_missing, parent.handlers))

    @cached_property
    def _guarded(self) -> ast.stmt | None:
        tops = (node for node in self._imports if self._function(node) is None and self._is_guarded(node))
        return next(tops, None)

    @cached_property
    def _for_types(self) -> ast.stmt | None:
        return next(filter(self._is_for_types, self._imports), None)

    def _in_function(self, offset: int, counts: Callable[[ast.alias], bool]) -> ast.stmt | None:
        """The last import of a kind that has run before, in a function around the offset."""
        around = {id(node) for node in self._around(offset)}
        for node in reversed(self._imports):
            function = self._function(node)
            block = self._module.parents[node]
            before = self._module.span(node).end <= offset
            if (
                before
                and any(map(counts, node.names))
                and function is not None
                and id(function) in around
                and id(block) in around
            ):
                return node
        return None

    def _around(self, offset: int) -> Iterator[ast.AST]:
        """The functions around an offset that lies in their bodies, and the statements and clauses around it."""
        for node in self._module.nodes:
            if not isinstance(node, ast.stmt | ast.ExceptHandler):
                continue
            start = (
                self._module.span(node.body[0]).start if isinstance(node, Function) else self._module.span(node).start
            )
            if start <= offset < self._module.span(node).end:
                yield node

    def _is_never_run(self, offset: int) -> bool:
        """Whether an offset lies in an annotation that nothing evaluates: a string, or any if they are deferred."""
        for node in self._module.nodes:
            for annotation in _annotations(node):
                start, end = self._module.span(annotation)
                if start <= offset < end:
                    return self._defers or any(
                        isinstance(text, ast.Constant)
                        and isinstance(text.value, str)
                        and _has(self._module, text, offset)
                        for text in ast.walk(annotation)
                    )
        return False

    @cached_property
    def _defers(self) -> bool:
        return any(
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and any(alias.name == "annotations" for alias in node.names)
            for node in self._module.tree.body
        )


def _has(module: Module, node: ast.AST, offset: int) -> bool:
    start, end = module.span(node)
    return start <= offset < end


def _annotations(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.arg(annotation=ast.expr() as found) | ast.AnnAssign(annotation=ast.expr() as found):
            yield found
        case ast.FunctionDef(returns=ast.expr() as found) | ast.AsyncFunctionDef(returns=ast.expr() as found):
            yield found


def _refuses(block: ast.AST) -> bool:
    """Whether a `try` at the top raises wherever what it imports is missing."""
    if not isinstance(block, ast.Try):
        return False
    return all(isinstance(handler.body[-1], ast.Raise) for handler in block.handlers if _takes_missing(handler))


def _takes_missing(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(last_name(one) in _MISSING for one in types)
