"""Where new imports go in a file that imports gRPC in functions only, or for type checkers: there, not at its top.

Such an import is there because gRPC need not be installed, because it is slow, or because modules import each other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from grpc2connect.rules_api.edits import Edit
from grpc2connect.rules_api.names import Symbol
from grpc2connect.syntax import Module, Span
from grpc2connect.syntax.names import last_name

Statement = ast.Import | ast.ImportFrom
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def late(module: Module, ours: Iterable[Statement], edits: Iterable[Edit]) -> dict[Symbol, list[Statement]]:
    """The statements behind which each new name is imported, for the names that are needed nowhere else.

    Args:
        module: the file.
        ours: its imports of gRPC and of generated code.
        edits: the edits whose names are new.
    """
    statements = sorted(ours, key=lambda node: module.span(node).start)
    if not statements or any(_is_early(module, node) for node in statements):
        return {}
    promised = [module.span(node) for node in _annotations(module)]
    found: dict[Symbol, list[Statement]] = {}
    early: set[Symbol] = set()
    for edit in edits:
        symbols = [piece for piece in edit.pieces if isinstance(piece, Symbol) and piece.name != "*"]
        place = _place(module, statements, edit.span, any(_within(edit.span, span) for span in promised))
        for symbol in symbols:
            if place is None:
                early.add(symbol)
            elif place not in found.setdefault(symbol, []):
                found[symbol].append(place)
    return {symbol: places for symbol, places in found.items() if symbol not in early}


def _is_early(module: Module, node: Statement) -> bool:
    """Whether an import is run when the module is imported."""
    return not any(isinstance(parent, _FUNCTIONS) or _is_for_checkers(parent) for parent in module.ancestors(node))


def _is_for_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and last_name(node.test) == "TYPE_CHECKING"


def _place(module: Module, statements: list[Statement], span: Span, promised: bool) -> Statement | None:
    """The import behind which a name that is used at a span is imported; None if it has to be at the top."""
    around: Statement | None = None
    for node in statements:
        function = module.enclosing(node, *_FUNCTIONS)
        if isinstance(function, _FUNCTIONS):
            body = Span(module.span(function.body[0]).start, module.span(function.body[-1]).end)
            before = module.span(node).end <= span.start and module.parents[node] is function
            if before and _within(span, body):
                around = node
        elif promised and around is None:
            around = node
    return around


def _annotations(module: Module) -> Iterator[ast.expr]:
    """The annotations that nothing evaluates when the module is imported."""
    unevaluated = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in module.tree.body
    )
    for node in module.nodes:
        match node:
            case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
                pass
            case (
                ast.FunctionDef(returns=ast.expr() as annotation)
                | ast.AsyncFunctionDef(returns=ast.expr() as annotation)
            ):
                pass
            case _:
                continue
        if unevaluated or isinstance(annotation, ast.Constant):
            yield annotation


def _within(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
