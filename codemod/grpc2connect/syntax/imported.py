"""What the imports of a module name."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.syntax.walking import walk

__all__ = ["imported_names"]


def imported_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The dotted names that may be modules, with the level of their import (0: absolute).

    Names imported from a module may be modules too.
    """
    for node in walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module:
                yield node.module, node.level
            prefix = f"{node.module}." if node.module else ""
            yield from ((f"{prefix}{alias.name}", node.level) for alias in node.names)
