"""gRPC in notebooks: found by cell, and left as it is. A notebook is not edited; what it calls goes on being served.

Cells are one program, in their order. What they import of gRPC or of generated code is followed through plain
assignments: `stub = GreeterStub(channel)`, `stub.SayHello(...)`. Magics and shell lines are no Python, and are skipped.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grpc2connect.facts import api
from grpc2connect.options import Options
from grpc2connect.results import Entry, Finding, Place, RunResult, Severity, State
from grpc2connect.sources import bytes_of, mentions
from grpc2connect.sources.files import SKIPPED, wanted
from grpc2connect.sources.git import tracked_and_new

CODE = "G2C024"
_MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


@dataclass(frozen=True)
class _Cell:
    """A code cell: its number (from 1, among all cells), its Python, and the file's line of each of its lines."""

    number: int
    text: str
    lines: tuple[int, ...]


def report(result: RunResult, options: Options) -> RunResult:
    """`result` with an entry for each reference in the notebooks of a run, and a finding for each of these."""
    entries: list[Entry] = []
    findings: list[Finding] = []
    for path in _notebooks(options):
        data = bytes_of(path)
        if not mentions(data):
            continue
        found = list(_references(path, data))
        entries += found
        if found:
            cells = ", ".join(dict.fromkeys(entry.text.partition(":")[0].removeprefix("cell ") for entry in found))
            message = f"this notebook refers to gRPC in cells {cells}, and is not edited"
            advice = "its stubs stay, and a migrated server still serves it; move its cells by hand"
            findings.append(Finding(CODE, found[0].place, message, advice, Severity.WARNING))
    if not entries:
        return result
    return replace(result.with_entries(entries), findings=(*result.findings, *findings))


def _notebooks(options: Options) -> Iterator[Path]:
    """The notebooks below the given paths, as `find` would choose them."""
    test = wanted(options)
    for given in options.paths:
        path = Path(os.path.abspath(given))
        if path.is_file() and path.suffix == ".ipynb":
            yield path
        elif path.is_dir():
            yield from (one for one in sorted(_below(path)) if test(one, path))


def _below(folder: Path) -> Iterator[Path]:
    names = tracked_and_new(folder)
    if names is not None:
        yield from (folder / name for name in names if name.endswith(".ipynb") and os.path.isfile(folder / name))
        return
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in SKIPPED and name != ".ipynb_checkpoints"]
        yield from (Path(place, name) for name in files if name.endswith(".ipynb"))


def _cells(data: bytes) -> Iterator[_Cell]:
    """The code cells; none if the file is no notebook."""
    try:
        content: Any = json.loads(data)
        cells = content["cells"] if "cells" in content else content["worksheets"][0]["cells"]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return
    rows = data.decode("utf-8", "replace").splitlines()
    at = 0
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", cell.get("input", ""))
        parts = source if isinstance(source, list) else str(source).splitlines(keepends=True)
        lines = []
        for part in parts:
            there = _line_of(rows, json.dumps(part), json.dumps(part, ensure_ascii=False), at)
            at = there if there is not None else at
            lines.append(at + 1)
        text = "".join(map(str, parts))
        if not text.lstrip().startswith("%%"):
            yield _Cell(number, _MAGIC.sub(r"\1pass", text), tuple(lines))


def _line_of(rows: list[str], escaped: str, plain: str, start: int) -> int | None:
    return next((row for row in range(start, len(rows)) if escaped in rows[row] or plain in rows[row]), None)


def _references(path: Path, data: bytes) -> Iterator[Entry]:
    names: dict[str, str] = {}
    for cell in _cells(data):
        try:
            tree = ast.parse(cell.text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            names.update(_bound(node, names))
        for node in _outermost(tree, names):
            line = cell.lines[min(node.lineno, len(cell.lines)) - 1] if cell.lines else 1
            text = f"cell {cell.number}: {ast.unparse(node)}"
            why = f"cell {cell.number}, line {node.lineno} of a notebook, which is not edited"
            yield Entry(Place(path, line, node.col_offset + 1), "Notebook", CODE, State.LEFT, text, why=why)


def _bound(node: ast.AST, names: dict[str, str]) -> dict[str, str]:
    """The names that a statement binds to something of gRPC, and what that is."""
    match node:
        case ast.Import():
            found = {(one.asname or one.name.partition(".")[0]): one.name for one in node.names}
            return {name: dotted for name, dotted in found.items() if _is_grpc(dotted)}
        case ast.ImportFrom(module=str(module)):
            found = {(one.asname or one.name): f"{module}.{one.name}" for one in node.names}
            return {name: dotted for name, dotted in found.items() if _is_grpc(module) or _is_grpc(dotted)}
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=value)
        ):
            return {name: name} if value is not None and _root(value) in names else {}
        case ast.withitem(context_expr=value, optional_vars=ast.Name(id=name)):
            return {name: name} if _root(value) in names else {}
    return {}


def _is_grpc(dotted: str) -> bool:
    return dotted.partition(".")[0] in api.ROOTS or any(part.endswith("_pb2_grpc") for part in dotted.split("."))


def _root(node: ast.expr) -> str:
    """The name that an attribute or a call begins with."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Await | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _outermost(tree: ast.AST, names: dict[str, str]) -> Iterator[ast.Attribute | ast.Name]:
    """Each use of gRPC: the longest `a.b.c`, without calls in it, that begins with one of the names."""
    inner: set[ast.AST] = set()
    for node in ast.walk(tree):
        chain = list(_chain(node))
        first = chain[-1] if chain else None
        if node in inner or not isinstance(first, ast.Name) or first.id not in names:
            continue
        inner.update(chain[1:])
        if isinstance(node, ast.Attribute) or (isinstance(first.ctx, ast.Load) and names[first.id] != first.id):
            yield node if isinstance(node, ast.Attribute) else first


def _chain(node: ast.AST) -> Iterator[ast.AST]:
    """A name, or an attribute and what stands before its dots."""
    while isinstance(node, ast.Attribute):
        yield node
        node = node.value
    if isinstance(node, ast.Name):
        yield node
