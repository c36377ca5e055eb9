"""What migrated code still owes: every use of a name of the bundled runtime, by file and place.

A migrated file has no reference to gRPC any more, so the ledger does not know it; what runs through the runtime there
is correct, and can become native. Found by imports alone: no other name leads to the runtime.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from grpc2connect.options import Options
from grpc2connect.results import Entry, Place, State
from grpc2connect.sources import Code, find, is_python, python_of
from grpc2connect.vendor import PACKAGE

CODE = "G2C022"


def uses(options: Options) -> tuple[Entry, ...]:
    """Every use of a runtime's name in the Python files of a run; a file that cannot be parsed has none."""
    paths, _ = find(options)
    found: list[Entry] = []
    for path in paths:
        if is_python(path) and PACKAGE not in path.parts:
            found.extend(_in_file(path))
    return tuple(found)


def _in_file(path: Path) -> Iterator[Entry]:
    try:
        code = python_of(path)
        if PACKAGE.encode() not in code.data:
            return
        tree = ast.parse(code.data)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return  # reported where it is read for the run itself
    names = dict(_bound(tree))
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if name in names and isinstance(node.ctx, ast.Load):
                yield _entry(path, code, node, names[name])
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if names.get(name) == PACKAGE:
                yield _entry(path, code, node, f"{PACKAGE}.{attribute}")


def _bound(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names of the file and what of the runtime they are; vendored in a package, it is imported from there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and PACKAGE in (node.module or "").split("."):
            yield from ((alias.asname or alias.name, f"{PACKAGE}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, PACKAGE) for alias in node.names if alias.name == PACKAGE)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == PACKAGE:
                    yield alias.asname or alias.name, PACKAGE


def _entry(path: Path, code: Code, node: ast.expr, name: str) -> Entry:
    place = Place(path, *code.place(node.lineno, node.col_offset + 1))
    text = code.cell(node.lineno) + name
    return Entry(place, "RuntimeUse", CODE, State.BRIDGED, text, why="the runtime's; its docstring has the native form")
