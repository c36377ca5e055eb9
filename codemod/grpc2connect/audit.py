"""The second, independent counter: tokens, not facts. What it finds must be explained by a reference.

Facts define the ledger's total, so a reference that facts never saw would not be missed there. Here every token that
is spelled `grpc`, or like a generated stub, servicer or registration, must lie in a reference or be something else
for a reason that can be named.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator

from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import is_grpc
from grpc2connect.facts.reference import Reference
from grpc2connect.syntax import Module, Span

_WORD = re.compile(r"\w+")


def unexplained(facts: Facts, module: Module, references: Iterable[Reference]) -> list[str]:
    """The places (as text) of a module's gRPC-looking tokens that no reference covers and nothing else explains."""
    tokens = list(_tokens(module, facts.generated_names | {"grpc"}))
    if not tokens:
        return []
    covered = [module.span(reference.node) for reference in references]
    covered += [module.span(node) for node in module.nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    uncovered = [(span, text) for span, text in tokens if not any(start <= span.start < end for start, end in covered)]
    others = _other_things(facts, module) if uncovered else frozenset()
    return [f"{module.place_at(span.start)} {text}" for span, text in uncovered if span.start not in others]


def _tokens(module: Module, names: frozenset[str]) -> Iterator[tuple[Span, str]]:
    if names.isdisjoint(_WORD.findall(module.text)):
        return
    text = module.text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME and token.string in names:
                start = module.line_span(token.start[0]).start + token.start[1]
                yield Span(start, start + len(token.string)), token.string
    except (tokenize.TokenError, IndentationError):
        return


def _other_things(facts: Facts, module: Module) -> frozenset[int]:
    """Offsets of names that are the program's own: bound by no import, or by one that is not gRPC's."""
    found: set[int] = set()
    for node in module.nodes:
        match node:
            case ast.Name():
                if not facts.importers(module, node) or not _is_grpc(facts, node):
                    found.add(module.span(node).start)
            case ast.Attribute(attr=attr):
                if not _is_grpc(facts, node):
                    found.add(module.span(node).end - len(attr))
            case ast.keyword() | ast.arg():
                found.add(module.span(node).start)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                start, end = module.span(node)
                found.add(module.text.find(name, start, end))
    return frozenset(found)


def _is_grpc(facts: Facts, node: ast.expr) -> bool:
    return any(is_grpc(value) for value in facts.values(node))
