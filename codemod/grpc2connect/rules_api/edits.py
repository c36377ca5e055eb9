"""The verbs with which rules say what changes: spans and holes, never line numbers or columns.

A hole is a span of the original text that an edit keeps (other rules' edits inside it still apply), so nested
rewrites compose and comments inside holes survive.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from grpc2connect.rules_api.names import Name
from grpc2connect.syntax import Module, Span


@dataclass(frozen=True)
class Moved:
    """A hole whose text goes to another place, while another edit of the same rule replaces it where it stood."""

    span: Span


Piece = str | Span | Moved | Name


@dataclass(frozen=True)
class Edit:
    """Replace a span by pieces: new text, kept spans (holes) and names to import."""

    span: Span
    pieces: tuple[Piece, ...]


def replace(module: Module, node: ast.AST, *pieces: Piece | ast.AST) -> Edit:
    """Replace a node; nodes among the pieces are holes."""
    return Edit(module.span(node), _pieces(module, pieces))


def wrap(module: Module, node: ast.AST, before: tuple[Piece, ...], after: str | tuple[Piece, ...]) -> list[Edit]:
    """Put text around a node and leave the node itself to other edits."""
    start, end = module.span(node)
    closing = (after,) if isinstance(after, str) else after
    return [Edit(Span(start, start), before), Edit(Span(end, end), closing)]


def insert_before(module: Module, node: ast.AST, *pieces: Piece | ast.AST) -> Edit:
    """Put text right before a node."""
    start = module.span(node).start
    return Edit(Span(start, start), _pieces(module, pieces))


def insert_after(module: Module, node: ast.AST, *pieces: Piece | ast.AST) -> Edit:
    """Put text right after a node."""
    end = module.span(node).end
    return Edit(Span(end, end), _pieces(module, pieces))


def nested(module: Module, node: ast.AST, *openings: tuple[Piece, ...]) -> tuple[tuple[Piece, ...], list[Edit]]:
    """What goes before and after a node of which another edit replaces the start, to put it into calls that open so."""
    before = tuple(piece for opening in openings for piece in opening)
    return before, [insert_after(module, node, ")" * len(openings))] if openings else []


def rename_attribute(module: Module, node: ast.Attribute, name: str) -> Edit:
    """Rename the last part of `a.b`."""
    end = module.span(node).end
    return Edit(Span(end - len(node.attr), end), (name,))


def rename_function(module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> Edit:
    """Rename a `def`."""
    start = module.span(node).start
    at = module.find(node.name, module.find("def", start, module.span(node).end) + 3, module.span(node).end)
    return Edit(Span(at, at + len(node.name)), (name,))


def rename_keyword(module: Module, keyword: ast.keyword, name: str) -> Edit:
    """Rename `name=` of an argument."""
    assert keyword.arg is not None
    start = module.span(keyword).start
    return Edit(Span(start, start + len(keyword.arg)), (name,))


def replace_text(span: Span, *pieces: Piece) -> Edit:
    """Replace any span."""
    return Edit(span, pieces)


def call_without_arguments(module: Module, call: ast.Call) -> Edit:
    """Drop the parentheses of a call without arguments: `e.code()` becomes `e.code`."""
    return Edit(Span(arguments_of(module, call).start, module.span(call).end), ())


def arguments_of(module: Module, call: ast.Call) -> Span:
    """The arguments of a call with their parentheses; what is called may stand in some of its own: `(f)(x)`."""
    end = module.span(call).end
    return Span(module.find("(", module.span(call.func).end, end), end)


def in_parentheses(module: Module, node: ast.expr, within: Span) -> Span:
    """A node's span with the parentheses around it that lie in a span; none beyond a comment."""
    start, end = module.span(node)
    while True:
        before = len(module.text[within.start : start].rstrip()) + within.start - 1
        after = within.end - len(module.text[end : within.end].lstrip())
        if before < within.start or after >= within.end or module.text[before] + module.text[after] != "()":
            return Span(start, end)
        start, end = before, after + 1


def delete_argument(module: Module, call: ast.Call, argument: ast.expr | ast.keyword) -> Edit:
    """Drop an argument with the comma before it (or after it, if it is the first); comments in the gap are kept."""
    order = sorted([*call.args, *call.keywords], key=lambda item: module.span(item).start)
    index = order.index(argument)
    opened, closed = arguments_of(module, call)
    spans = [
        in_parentheses(module, one, Span(opened + 1, closed - 1)) if isinstance(one, ast.expr) else module.span(one)
        for one in order
    ]
    start, end = spans[index]
    if index:
        previous = spans[index - 1].end
        if not module.comment_in(Span(previous, start)):
            return Edit(Span(previous, end), ())
    following = module.find(",", end, module.span(call).end)
    if following >= 0:
        end = following + 1
        while end < len(module.text) and module.text[end] == " ":
            end += 1
    return Edit(Span(start, end), ())


def append_argument(module: Module, call: ast.Call, *pieces: Piece) -> Edit:
    """Put an argument after the others: on a line of its own where the last one is, with a comma as that one has."""
    opened, closed = arguments_of(module, call)
    arguments = [*call.args, *call.keywords]
    if not arguments:
        return Edit(Span(opened + 1, opened + 1), pieces)
    last = max(arguments, key=lambda argument: module.span(argument).end)
    inside = Span(opened + 1, closed - 1)
    if isinstance(last, ast.keyword):
        begin, end = module.span(last).start, in_parentheses(module, last.value, inside).end
    else:
        assert isinstance(last, ast.expr)
        begin, end = in_parentheses(module, last, inside)
    comma = module.find(",", end, closed - 1)
    line = module.text.rfind("\n", 0, begin) + 1
    indent = module.text[line:begin]
    ending = module.text.find(module.newline, comma, closed)
    if comma < 0 or ending < 0 or indent.strip() or line <= opened:
        return Edit(Span(end, end), (", ", *pieces))
    return Edit(Span(ending, ending), (f"{module.newline}{indent}", *pieces, ","))


def put_after(module: Module, statement: ast.stmt, text: str) -> Edit | None:
    """Put a statement after another one of a class, in its layout; None if that is on the line of the `class`."""
    first = module.span(statement).start
    line = module.line_span(module.line_of(first))
    indent = module.text[line.start : first]
    if indent.strip():
        return None
    end = module.end_of_line(module.span(statement).end)
    apart = module.newline if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) else ""
    return Edit(Span(end, end), (f"{apart}{module.newline}{indent}{text}",))


def delete_statement(module: Module, node: ast.stmt) -> Edit:
    """Drop a statement: its whole lines if nothing else is on them; its block must not become empty."""
    start, end = module.span(node)
    first, last = module.line_span(module.line_of(start)), module.line_span(module.line_of(end))
    alone = not module.text[first.start : start].strip() and not module.text[end : last.end].strip()
    if alone:
        return Edit(Span(first.start, last.end), ())
    comment = next((c for c in module.comments if end <= c.span.start < last.end), None)
    if comment is not None and not module.text[end : comment.span.start].strip():
        return Edit(Span(start, comment.span.start), ())
    following = module.find(";", end, last.end)
    if following >= 0 and not module.text[end:following].strip():
        end = following + 1
        while module.text[end : end + 1] == " ":
            end += 1
        return Edit(Span(start, end), ())
    return Edit(Span(start, end), ("pass",))


def _pieces(module: Module, pieces: tuple[Piece | ast.AST, ...]) -> tuple[Piece, ...]:
    return tuple(module.span(piece) if isinstance(piece, ast.AST) else piece for piece in pieces)


def moved(module: Module, node: ast.expr) -> tuple[Piece, ...]:
    """A hole that takes a node's text elsewhere; in parentheses unless it is an atom."""
    atoms = ast.Name | ast.Attribute | ast.Call | ast.Subscript
    hole = Moved(module.span(node))
    return (hole,) if isinstance(node, atoms) else ("(", hole, ")")


def operand(module: Module, node: ast.expr) -> tuple[Piece, ...]:
    """A hole that can stand before `.name` or an operator: in parentheses unless it is an atom."""
    atoms = ast.Name | ast.Attribute | ast.Call | ast.Subscript
    if isinstance(node, atoms):
        return (module.span(node),)
    return ("(", module.span(node), ")")
