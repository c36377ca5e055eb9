"""How imports are written, and what names are there: helpers of the imports of one file."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from grpc2connect.facts.scopes import bindings
from grpc2connect.syntax import Module

_ALL = "*"


def by_module(names: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Names by the module that has them, each once, in order."""
    found: dict[str, set[str]] = {}
    for dotted, name in names:
        found.setdefault(dotted, set()).add(name)
    return {dotted: sorted(every) for dotted, every in sorted(found.items())}


def from_line(dotted: str, names: list[str], indent: str = "") -> str:
    """The statement that imports names of a module; of none, modules that lie in no package."""
    if not dotted:  # modules that lie in no package
        return "\n".join(f"import {name}" for name in names)
    line = f"from {dotted} import {', '.join(names)}"
    if names == [_ALL]:
        return f"{line}  # noqa: F401, F403"
    if len(indent) + len(line) <= 100:
        return line
    start = f"\n{indent}    "
    return f"from {dotted} import ({start}" + f",{start}".join(names) + f",\n{indent})"


def twin_binding(alias: ast.alias, base: str, plain: bool) -> str:
    """The name that the import of a Connect module binds in the place of a generated module's."""
    if alias.asname:
        return alias.asname.replace("_pb2_grpc", "_connect") if "_pb2_grpc" in alias.asname else base
    if plain:
        prefix = alias.name.rpartition(".")[0]
        return f"{prefix}.{base}" if prefix else base
    return base


def indent_of(module: Module, statement: ast.stmt) -> str:
    """The white space before a statement."""
    start = module.span(statement).start
    line = module.line_span(module.line_of(start))
    before = module.text[line.start : start]
    return before[: len(before) - len(before.lstrip())]


def names_in(node: ast.AST) -> list[str]:
    """The names that a node uses or binds by itself."""
    if isinstance(node, ast.Name):
        return [node.id]
    return [node.arg] if isinstance(node, ast.arg) else bindings(node)


def is_absolute(node: ast.stmt | None) -> bool:
    """Whether a statement is an import of another package, or of this one by its whole name."""
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and node.module != "__future__"
    return isinstance(node, ast.Import)
