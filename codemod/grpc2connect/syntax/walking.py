"""Ways through a syntax tree, many times as fast as those of `ast`: most of a run on a large program is walking.

What tells how a name or an attribute is used (`ast.Load` and its kin) and the operators are left out. CPython has one
object for all of a kind; they stand in the fields `ctx`, `op` and `ops`, and nobody looks for them anywhere else.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_HOLD_NO_NODES = frozenset(
    {
        "arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "kwd_attrs", "level", "lineno",
        "module", "name", "op", "ops", "rest", "simple", "str", "tag", "type_comment",
    }
)  # fmt: skip
_LEAVES = frozenset({"Constant", "Global", "MatchSingleton", "MatchStar", "Nonlocal", "alias"})
_NODE_NAMES = frozenset({"TypeAlias"})
"""Kinds of which the field `name` is a node."""


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    if kind.__name__ in _LEAVES:
        return ()
    named = ("name",) if kind.__name__ in _NODE_NAMES else ()
    return tuple(field for field in kind._fields if field not in _HOLD_NO_NODES or field in named)


_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {
    kind: _fields(kind) for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)
}


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below one, in the order of `ast.iter_child_nodes`."""
    found: list[ast.AST] = []
    for field in _FIELDS[node.__class__]:
        value = getattr(node, field, None)
        if value.__class__ is list:
            found += value
        elif value is not None:
            found.append(value)
    if None in found:  # the keys of `{**other}`, and parameters without a default
        return [child for child in found if child is not None]
    return found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, in the order of `ast.walk`."""
    found = [node]
    for one in found:
        yield one
        found += children(one)
