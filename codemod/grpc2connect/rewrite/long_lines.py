"""Lines that an edit has made too long: the runtime's longer calls are wrapped there, as formatters do it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from grpc2connect.rewrite.import_lines import indent_of
from grpc2connect.rewrite.render import Renderer
from grpc2connect.rules_api.edits import Edit, arguments_of
from grpc2connect.syntax import Module, Span
from grpc2connect.syntax.names import last_name

_WRAPPED = frozenset({"stub_method"})
_SHORTEST, _LONGEST = 100, 120


def wrapped(before: Module, after: Module) -> str:
    """The text of a module after its edits, without new lines that are longer than the longest one before."""
    old = frozenset(before.text.splitlines())
    limit = min(max(_SHORTEST, *map(len, old or {""})), _LONGEST)
    edits = [edit for call in _calls(after, old, limit) for edit in _edits(after, call, limit)]
    return Renderer(after.text, edits, str).all() if edits else after.text


def _calls(module: Module, old: frozenset[str], limit: int) -> Iterator[ast.Call]:
    """The outermost call to be wrapped of each line that is new and too long."""
    seen: set[int] = set()
    for node in module.nodes:
        if not isinstance(node, ast.Call) or last_name(node.func) not in _WRAPPED or node.lineno in seen:
            continue
        opened, closed = arguments_of(module, node)
        line = module.line_span(module.line_of(opened))
        text = module.text[line.start : line.end].rstrip("\r\n")
        alone = closed <= line.end and text not in old and "\n" not in module.source(node)
        alone = alone and not module.comment_in(line)  # which may be for a checker, that looks at the first line
        if (
            alone
            and len(text) > limit
            and not module.enclosing(node, ast.JoinedStr)
            and _begins(module, node, line.start)
        ):
            seen.add(node.lineno)
            yield node


def _begins(module: Module, node: ast.AST, start: int) -> bool:
    """Whether the statement that a node stands in begins on the line that begins at an offset."""
    statement = module.statement(node)
    return not module.text[start : module.span(statement).start].strip() and start <= module.span(statement).start


def _edits(module: Module, call: ast.Call, limit: int) -> Iterator[Edit]:
    opened, closed = arguments_of(module, call)
    outer = indent_of(module, module.statement(call))
    inner = outer + ("\t" if "\t" in outer else "    ")
    spans = sorted(module.span(one) for one in (*call.args, *call.keywords))
    fits = len(inner) + closed - opened - 2 <= limit
    yield Edit(Span(opened + 1, opened + 1), (f"{module.newline}{inner}",))
    for one, following in pairwise(spans):
        if not fits:
            yield Edit(Span(one.end, following.start), (f",{module.newline}{inner}",))
    yield Edit(Span(closed - 1, closed - 1), (f"{'' if fits else ','}{module.newline}{outer}",))
