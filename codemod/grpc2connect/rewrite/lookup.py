"""Every import that an edit brings is looked up: the module where the import will find it, and the name in it.

Looked up are the project's own modules (those that the run generates among them), the runtime and connectrpc. What
other packages hold is for the environment of the project to say, and is not judged.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from grpc2connect.facts import api
from grpc2connect.facts.scopes import bindings
from grpc2connect.generate import connect_module
from grpc2connect.rewrite.connectrpc_names import NAMES as CONNECTRPC
from grpc2connect.rewrite.place import Places
from grpc2connect.schema import GrpcModule
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import dotted_text
from grpc2connect.vendor import PACKAGE
from grpc2connect.vendor import files as runtime_files

_ALL = "*"
_CONNECT = "_connect"
_MODULE_ATTRIBUTES = frozenset({"__name__", "__file__", "__doc__", "__dict__", "__path__", "__package__", "__spec__"})


@dataclass(frozen=True)
class Brought:
    """What an edited file imports that it did not import before: `name` of `module`, or `module` itself (name "").

    `level` counts the dots before `module`; `attributes` are those that the file asks of what it imports, as far as
    nothing else has that name; of imports with the same `choice` (in a `try` or an `if`) one is enough.
    """

    level: int
    module: str
    name: str
    attributes: frozenset[str]
    choice: tuple[int, str]

    def __str__(self) -> str:
        dotted = "." * self.level + self.module
        return f"from {dotted} import {self.name}" if self.name else f"import {dotted}"


def brought(before: Module, after: Module) -> tuple[Brought, ...]:
    """The imports of `after` that `before` does not have."""
    old = {(node_level, dotted, name) for _, _, node_level, dotted, name in _imports(before)}
    new = [one for one in _imports(after) if one[2:] not in old]
    if not new:
        return ()
    asked, otherwise = _uses(after)
    found = []
    for statement, alias, level, dotted, name in new:
        local = alias.asname or alias.name
        attributes = asked.get(local, set()) if local.partition(".")[0] not in otherwise else set()
        found.append(Brought(level, dotted, name, frozenset(attributes), (_choice(after, statement), local)))
    return tuple(found)


def _imports(module: Module) -> Iterator[tuple[ast.stmt, ast.alias, int, str, str]]:
    for node in module.nodes:
        if isinstance(node, ast.Import):
            yield from ((node, alias, 0, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, alias, node.level, node.module or "", alias.name) for alias in node.names)


def _uses(module: Module) -> tuple[dict[str, set[str]], set[str]]:
    """The attributes asked of each dotted name, and the names that something else than an import binds."""
    asked: dict[str, set[str]] = {}
    otherwise: set[str] = set()
    for node in module.nodes:
        if isinstance(node, ast.Attribute):
            asked.setdefault(dotted_text(node.value), set()).add(node.attr)
        elif isinstance(node, ast.arg):
            otherwise.add(node.arg)
        elif not isinstance(node, ast.Import | ast.ImportFrom):
            otherwise.update(bindings(node))
    return asked, otherwise


def _choice(module: Module, statement: ast.stmt) -> int:
    """The line of the outermost `try` or `if` around an import; its own where there is none."""
    lines = [parent.lineno for parent in module.ancestors(statement) if isinstance(parent, ast.Try | ast.If)]
    return min(lines, default=statement.lineno)


class Lookup:
    """Looks up imports in what the project will be: `written` are the contents by path that the run gives to files.

    `generated` are the modules of stubs whose Connect modules the edits need.
    """

    def __init__(self, places: Places, generated: Iterable[GrpcModule], written: Mapping[Path, bytes]) -> None:
        self._places, self._program = places, places.program
        self._written = {str(path): data for path, data in written.items()}
        self._folders = {parent for path in written for parent in map(str, path.parents)}
        twins = [connect_module(stubs, places.options) for stubs in generated]
        self._twins = {dotted: str(path) for path, dotted in twins}
        self._twin_names = {path.stem for path, _ in twins}
        self._names: dict[str, frozenset[str] | None] = {}

    def missing(self, path: Path, imports: Iterable[Brought]) -> str:
        """The first of the imports of the file at `path` that would not be found, in words; empty if there is none."""
        importer = self._program.module(path)
        assert importer is not None
        choices: dict[tuple[int, str], list[tuple[Brought, str]]] = {}
        for one in imports:
            choices.setdefault(one.choice, []).append((one, self._fault(importer, one)))
        for options in choices.values():
            if all(fault for _, fault in options):
                one, fault = options[0]
                return f"`{one}` would fail: {fault}"
        return ""

    def _fault(self, importer: Module, one: Brought) -> str:
        top = one.module.partition(".")[0]
        if not one.level and top == PACKAGE:
            return self._runtime_fault(importer, one)
        if not one.level and top == "connectrpc":
            return _fault_of_table(one, CONNECTRPC)
        for prefix in self._prefixes(importer, one):
            names = self._at(prefix)
            if names is None:
                continue
            if not one.name:
                return _absent(one.attributes, names)
            if (inner := self._at(os.path.join(prefix, one.name))) is not None and one.name not in names:
                return _absent(one.attributes, inner)
            return _absent({one.name}, names)
        return f"there is no module {one.module} where it looks" if self._is_ours(importer, one) else ""

    def _runtime_fault(self, importer: Module, one: Brought) -> str:
        fault = _fault_of_table(one, _Runtime())
        if fault or not self._places.is_vendored:
            return fault
        roots = self._program.reachable_roots(importer)
        marks = [os.path.join(root, PACKAGE, "__init__.py") for root in roots]
        return "" if any(map(self._exists, marks)) else f"the vendored {PACKAGE} is out of its reach"

    def _prefixes(self, importer: Module, one: Brought) -> list[str]:
        """The paths, without an ending, where an import looks for its module."""
        if one.level:
            return [self._program.absolute(importer, one.level, one.module) or ""]
        sure = self._program.reachable_roots(importer) | self._program.all_proven_roots()
        roots = [root for root in self._program.import_roots(importer) if root in sure]
        if (top := one.module.partition(".")[0]) in api.ROOTS:
            roots = self._program.roots_before_grpc(importer, top)
        found = [os.path.join(root, *one.module.split(".")) for root in roots]
        for dotted in (one.module, f"{one.module}.{one.name}"):
            if dotted in self._twins:  # as the settings say, or as stubs that are made at run time are found
                twin = self._twins[dotted].removesuffix(".py")
                found.append(twin if dotted == one.module else os.path.dirname(twin))
            elif dotted.endswith(_CONNECT) and (twin := self._beside_stubs(importer, dotted)):
                found.append(twin if dotted == one.module else os.path.dirname(twin))
        return found

    def _beside_stubs(self, importer: Module, dotted: str) -> str:
        """Where a generated module is whose stubs the importer finds by such a name, wherever their root is."""
        stubs = self._program.schema.by_import(f"{dotted.removesuffix(_CONNECT)}_pb2_grpc", importer.path)
        if stubs is None or stubs.path is None or not self._places.is_beside(stubs):
            return ""
        return str(connect_module(stubs, self._places.options)[0].with_suffix(""))

    def _is_ours(self, importer: Module, one: Brought) -> bool:
        """Whether an import that is found nowhere can only be of the project, and not of another package."""
        if one.level or {one.module.rpartition(".")[2], one.name} & self._twin_names:
            return True
        top = one.module.partition(".")[0]
        if top in api.ROOTS:
            return bool(self._program.roots_before_grpc(importer, top))
        places = [os.path.join(root, top) for root in self._program.reachable_roots(importer)]
        return any(self._at(place) is not None for place in places)

    def _at(self, prefix: str) -> frozenset[str] | None:
        """The names of the module at a path prefix; None where no module and no package is."""
        for path in (os.path.join(prefix, "__init__.py"), f"{prefix}.py"):
            if self._exists(path):
                return self._names_of(path)
        if prefix in self._folders or os.path.isdir(prefix):
            return frozenset()
        linked = self._by_real_path.get(os.path.realpath(f"{prefix}.py"))
        return None if linked is None else self._names_of(linked)

    @cached_property
    def _by_real_path(self) -> dict[str, str]:
        """What the run writes, by where it really is: a link in the project may lead to it."""
        return {os.path.realpath(path): path for path in self._written}

    def _exists(self, path: str) -> bool:
        return path in self._written or os.path.isfile(path)

    def _names_of(self, path: str) -> frozenset[str]:
        if path not in self._names:
            data = self._written.get(path)
            try:
                self._names[path] = _bound(Path(path).read_bytes() if data is None else data)
            except (OSError, SyntaxError, ValueError):
                self._names[path] = frozenset({_ALL})  # what cannot be read was so before, and is not judged
        return self._names[path] or frozenset()


class _Runtime(Mapping[str, frozenset[str]]):
    """The names of the runtime's modules by their dotted names, read from the source that is shipped."""

    def __getitem__(self, dotted: str) -> frozenset[str]:
        return _runtime_names(dotted)

    def __contains__(self, dotted: object) -> bool:
        return dotted in _runtime_sources()

    def __iter__(self) -> Iterator[str]:
        return iter(_runtime_sources())

    def __len__(self) -> int:
        return len(_runtime_sources())


@cache
def _runtime_sources() -> dict[str, bytes]:
    sources = {path.with_suffix(""): data for path, data in runtime_files() if path.suffix == ".py"}
    return {".".join(part for part in path.parts if part != "__init__"): data for path, data in sources.items()}


@cache
def _runtime_names(dotted: str) -> frozenset[str]:
    return _bound(_runtime_sources()[dotted])


def _fault_of_table(one: Brought, table: Mapping[str, frozenset[str]]) -> str:
    if one.module not in table:
        return f"there is no module {one.module}"
    if not one.name:
        inner = {dotted.rpartition(".")[2] for dotted in table if dotted.rpartition(".")[0] == one.module}
        return _absent(one.attributes - inner, table[one.module])
    return "" if f"{one.module}.{one.name}" in table else _absent({one.name}, table[one.module])


def _absent(wanted: Iterable[str], names: frozenset[str]) -> str:
    """Which of the wanted names is not among a module's, in words; empty if all are."""
    absent = sorted(set(wanted) - names - _MODULE_ATTRIBUTES - {_ALL})
    return f"there is no {absent[0]} in it" if absent and _ALL not in names else ""


def _bound(data: bytes) -> frozenset[str]:
    """The names that a module's source binds anywhere; `*` among them if it takes in those of another module."""
    tree = ast.parse(data)
    names = {name for node in ast.walk(tree) for name in bindings(node)}
    stars = any(isinstance(node, ast.ImportFrom) and node.names[0].name == _ALL for node in ast.walk(tree))
    dynamic = any(isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in tree.body)
    return frozenset(names | ({_ALL} if stars or dynamic else set()))


__all__ = ["Brought", "Lookup", "brought"]
