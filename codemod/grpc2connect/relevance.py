"""Which files need be parsed: those that import gRPC, and, step by step, those that import what turned out to hold it.

A file that is only imported by a relevant one is parsed, but its own imports are followed only once something of gRPC
flows into it (`Program.activate`), so that one service does not pull in a whole monorepo.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable
from pathlib import Path

from grpc2connect.facts.kinds import Api, MessagesModule, StubsModule, Values, is_grpc
from grpc2connect.facts.state import State
from grpc2connect.schema import Schema
from grpc2connect.sources import imports_grpc, mentions_any
from grpc2connect.syntax import Module


class Relevance:
    """The bytes of a run's files, and which of them to parse next."""

    def __init__(self, paths: Iterable[Path], schema: Schema) -> None:
        self._bytes: dict[Path, bytes] = {}
        self._imports: dict[Path, frozenset[str]] = {}
        for path in paths:
            if schema.by_path(path) or schema.is_pb2_path(path) or path.name.endswith("_connect.py"):
                continue
            try:
                self._bytes[path] = path.read_bytes()
            except OSError:
                self._bytes[path] = b"import grpc"  # unreadable: to be reported where it is read again
        services = [service for module in schema.grpc_modules for service in module.services]
        self._names = frozenset(name.encode() for s in services for name in (s.stub_class, s.servicer_class, s.adder))

    def seeds(self) -> set[Path]:
        """Files that import gRPC or generated stubs, or that name a generated class."""
        return {path for path, data in self._bytes.items() if imports_grpc(data) or mentions_any(data, self._names)}

    def importers(self, modules: Iterable[Module]) -> set[Path]:
        """Files that import one of some modules, by the last part of its name."""
        names = frozenset(_basename(module.path) for module in modules)
        words = frozenset(name.encode() for name in names)
        return {
            path
            for path, data in self._bytes.items()
            if mentions_any(data, words) and self._imported(path, data) & names
        }

    def _imported(self, path: Path, data: bytes) -> frozenset[str]:
        """The last parts of everything that a file imports (modules and names alike)."""
        if path not in self._imports:
            self._imports[path] = frozenset(_imported(data))
        return self._imports[path]


def _imported(data: bytes) -> Iterable[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.name.rpartition(".")[2] for alias in node.names)
            if isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.rpartition(".")[2]
            elif isinstance(node, ast.ImportFrom):
                yield "."  # `from . import x`: the package's own `__init__`


def _basename(path: Path) -> str:
    return path.parent.name if path.name == "__init__.py" else path.stem


def holders(state: State, modules: Iterable[Module]) -> list[Module]:
    """Modules that hold something of gRPC that others can get from them: objects, factories, servicers, fixtures."""
    trees = {module.tree: module for module in modules}
    found = {cls.module for cls in state.servicers}
    for table in (state.cells, state.attributes):
        for (node, _), values in table.items():
            module = trees.get(node) if isinstance(node, ast.Module) else _module_of(state, node)
            if module is not None and _is_held(values, module):
                found.add(module)
    for flow in (state.returns, state.yields):
        for node, values in flow.items():
            if node in state.functions and _is_held(values, state.functions[node].module):
                found.add(state.functions[node].module)
    return sorted(found, key=lambda module: module.path)


def _module_of(state: State, node: ast.AST) -> Module | None:
    holder = state.classes.get(node) if isinstance(node, ast.ClassDef) else None
    return holder.module if holder is not None else None


def _is_held(values: Values, module: Module) -> bool:
    """Whether values hold something of gRPC; its own modules and names count only where a package passes them on."""
    package = module.path.name == "__init__.py"
    return any(
        is_grpc(value) and (package or not isinstance(value, Api | StubsModule | MessagesModule)) for value in values
    )
