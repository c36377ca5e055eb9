"""What the imports of a module name."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

__all__ = ["imported_names"]


def imported_names(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    """The dotted names that may be modules, with the level of their import (0: absolute), of the imports among nodes.

    Names imported from a module may be modules too.
    """
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module:
                yield node.module, node.level
            prefix = f"{node.module}." if node.module else ""
            yield from ((f"{prefix}{alias.name}", node.level) for alias in node.names)
