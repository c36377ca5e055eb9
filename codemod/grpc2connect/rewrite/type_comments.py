"""Comments for type checkers that are of no use any more, of which a strict one complains.

grpcio has no types, so a class that derives from its classes says `# type: ignore[misc]`, or `# type: ignore`, in the
words of mypy ("Class cannot subclass X (has type Any)"). The runtime's and the generated classes have types.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from grpc2connect.rules_api.edits import Edit
from grpc2connect.syntax import Module, Span

_OF_A_BASE = re.compile(r"#\s*type:\s*ignore(\[misc\])?\s*$")


def retired(module: Module, edits: Iterable[Edit]) -> list[Edit]:
    """The edits that take such a comment from each class all of whose bases other edits replace."""
    replaced = {edit.span for edit in edits}
    comments = {module.line_of(one.span.start): one for one in module.comments if _OF_A_BASE.match(one.text)}
    found = []
    for node in module.nodes if comments else ():
        if not isinstance(node, ast.ClassDef) or not node.bases or node.keywords:
            continue
        bases = [module.span(base) for base in node.bases]
        comment = comments.get(module.line_of(bases[-1].start))
        if comment is not None and replaced.issuperset(bases):
            before = module.text[: comment.span.start]
            found.append(Edit(Span(len(before.rstrip(" \t")), comment.span.end), ()))
    return found
