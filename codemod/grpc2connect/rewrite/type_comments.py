"""Comments for type checkers that are of no use any more, of which a strict one complains.

grpcio has no types, so a class that derives from its classes says `# type: ignore[misc]`, or `# type: ignore`, in the
words of mypy ("Class cannot subclass X (has type Any)"); with type stubs of gRPC's, `# type: ignore[type-arg]`. A call
of a generated function, which has no types either, says `# type: ignore[no-untyped-call]`, one whose response is
returned `# type: ignore[no-any-return]`, and what is asked of an error `# type: ignore[attr-defined]`. The runtime and
the generated classes have types. A comment goes if edits replace all that it can be about.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Collection, Iterable

from grpc2connect.rules_api.edits import Edit
from grpc2connect.rules_api.names import RUNTIME, Symbol
from grpc2connect.syntax import Module, Span

_COMMENT = re.compile(r"#\s*type:\s*ignore(?:\[([\w\s,-]*)\])?\s*$")
_AS_BEFORE = frozenset({"Call", "ClientCallDetails", "Future", "HandlerCallDetails", "RpcMethodHandler"})
"""What type checkers see as grpcio's own class still."""
_WITHOUT_TYPES = frozenset({"by_rpc_names", "stub_method", "stub_on", "call_at", "rpcs_by_name"})
"""What returns anything."""


def retired(module: Module, edits: Iterable[Edit]) -> list[Edit]:
    """The edits that take away such comments."""
    known = [(match, one) for one in module.comments if (match := _COMMENT.match(one.text))]
    if not known:
        return []
    lines = _Lines(module, list(edits))
    found = []
    for match, comment in known:
        codes = frozenset(code.strip() for code in (match[1] or "").split(",")) - {""}
        if lines.are_done(module.line_of(comment.span.start), codes):
            before = module.text[: comment.span.start]
            found.append(Edit(Span(len(before.rstrip(" \t")), comment.span.end), ()))
    return found


class _Lines:
    """What type checkers may have to say of each line of a module, and whether edits replace that."""

    def __init__(self, module: Module, edits: list[Edit]) -> None:
        self._module = module
        self._edits = edits
        self._bases: dict[int, ast.ClassDef] = {}
        self._returns: dict[int, ast.Return] = {}
        self._calls: dict[int, list[ast.Call]] = defaultdict(list)
        self._attributes: dict[int, list[ast.Attribute]] = defaultdict(list)
        self._classes = {node.name for node in module.tree.body if isinstance(node, ast.ClassDef)}
        for node in module.nodes:
            match node:
                case ast.ClassDef(bases=[*_, last]):
                    self._bases[last.end_lineno or 0] = node
                case ast.Return():
                    self._returns[node.lineno] = node
                case ast.Call():
                    self._calls[node.lineno].append(node)
                case ast.Attribute():
                    self._attributes[node.end_lineno or 0].append(node)

    def are_done(self, line: int, codes: frozenset[str]) -> bool:
        """Whether nothing is left of what a comment with these codes (none: with any) is about."""
        if line in self._bases and codes <= {"misc", "type-arg"}:
            return self._derives_anew(self._bases[line], known=self._classes if codes else frozenset())
        calls = [self._replaces(call.func) or self._renames(call.func) for call in self._calls[line]]
        asks = [self._replaces(one) or self._is_of_caught(one) for one in self._attributes[line]]
        answers = {"no-untyped-call": calls, "no-any-return": [self._returns_typed(line)], "attr-defined": asks}
        if not codes <= answers.keys():
            return False
        chosen = [answers[code] for code in codes] or [calls, asks, [bool(calls or asks)]]
        return all(one and all(one) for one in chosen if one or codes)

    def _derives_anew(self, node: ast.ClassDef, known: Collection[str]) -> bool:
        """Whether all bases of a class are new, but for those of names that are known to have types."""
        bases = [self._module.span(base) for base in node.bases]
        new = {edit.span: edit.pieces for edit in self._edits if edit.span in bases}
        pieces = [piece for span in new for piece in new[span] if isinstance(piece, Symbol)]
        kept = any(piece.module == RUNTIME and piece.name in _AS_BEFORE for piece in pieces)
        own = {self._module.span(base) for base in node.bases if isinstance(base, ast.Name) and base.id in known}
        plain = all(keyword.arg == "metaclass" for keyword in node.keywords)
        return plain and bool(new) and new.keys() | own == set(bases) and not kept

    def _replaces(self, node: ast.expr) -> bool:
        """Whether an edit replaces what is called, or asked for, or puts it, or what has it, in a call."""
        start, end = self._module.span(node)
        new = (edit for edit in self._edits if edit.span.start <= start and end <= edit.span.end)
        if any(not _keeps(edit, start, end) for edit in new):
            return True
        around = {edit.span for edit in self._edits if edit.pieces} >= {Span(one, one) for one in (start, end)}
        return around or (isinstance(node, ast.Attribute) and self._replaces(node.value))

    def _renames(self, node: ast.expr) -> bool:
        """Whether an edit changes the name of an attribute."""
        if not isinstance(node, ast.Attribute):
            return False
        start, end = self._module.span(node.value).end, self._module.span(node).end
        return any(start <= edit.span.start < edit.span.end <= end for edit in self._edits)

    def _is_of_caught(self, node: ast.Attribute) -> bool:
        """Whether it is asked of an error that a clause catches as Connect's."""
        handler = self._module.enclosing(node, ast.ExceptHandler)
        if not isinstance(handler, ast.ExceptHandler) or handler.type is None:
            return False
        return isinstance(node.value, ast.Name) and node.value.id == handler.name and self._replaces(handler.type)

    def _returns_typed(self, line: int) -> bool:
        """Whether what is returned there comes of a client's method, or of what edits put there, and has types."""
        node: ast.AST | None = self._returns.get(line)
        while isinstance(node, ast.Return | ast.Await | ast.Attribute | ast.Subscript):
            node = node.value
        there = [edit for edit in self._edits if self._module.line_of(edit.span.start) == line]
        names = {piece.name for edit in there for piece in edit.pieces if isinstance(piece, Symbol)}
        if not isinstance(node, ast.Call) or names & _WITHOUT_TYPES:
            return False
        return self._replaces(node.func) or self._renames(node.func)


def _keeps(edit: Edit, start: int, end: int) -> bool:
    """Whether an edit puts the text of a span, which it replaces, into the new one."""
    return any(isinstance(piece, Span) and piece.start <= start and end <= piece.end for piece in edit.pieces)
