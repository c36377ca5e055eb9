"""Whether a file may be left as it is between two commits: it parses, and every name in it is bound."""

from __future__ import annotations

import ast
import builtins
import warnings
from collections.abc import Iterator
from functools import lru_cache

from grpc2connect.sources import notebook

_KNOWN = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__spec__", "__class__"}


def is_sound(state: bytes, before: bytes | None, after: bytes, *, in_cells: bool = False) -> bool:
    """Whether a state between `before` and `after` parses and uses no name that is unbound in neither of them.

    `in_cells` says that they are notebooks.
    """
    unbound = _unbound(state, in_cells)
    if unbound is None:
        return False
    known = [_unbound(data, in_cells) for data in (before or b"", after)]
    return unbound <= frozenset().union(*(one for one in known if one is not None))


@lru_cache(maxsize=512)
def _unbound(data: bytes, in_cells: bool) -> frozenset[str] | None:
    """The names that a file uses and binds nowhere; None if it does not parse."""
    try:
        with warnings.catch_warnings(action="ignore"):
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if in_cells else 0
            texts = notebook.read(data.decode("utf-8-sig")).texts if in_cells else []
            for text in texts if in_cells else [data]:
                compile(text, "<state>", "exec", flags, dont_inherit=True)
            tree = ast.parse("\n".join(texts) if in_cells else data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    used: set[str] = set()
    bound: set[str] = set(_KNOWN)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            used.add(node.id)
        else:
            bound.update(_bound(node))
    return frozenset() if "*" in bound else frozenset(used - bound)


def _bound(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=asname):
            yield asname or name.partition(".")[0]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
        case _ if hasattr(node, "name") and type(node).__name__ in ("TypeVar", "ParamSpec", "TypeVarTuple"):
            yield node.name
