"""From the bytes of a repository to the files that matter."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from grpc2connect.relevance.ways import Ways
from grpc2connect.results import Reach
from grpc2connect.scan import Imported, imports
from grpc2connect.schema import Schema
from grpc2connect.sources import calls_any, code_of, imports_grpc, is_generated, mentions, mentions_any
from grpc2connect.syntax import Module

Roots = Callable[[Path], Iterable[str]]
Elsewhere = Callable[[Path, str], Path | None]
Names = Mapping[Module, frozenset[str]]


class Relevance:
    """Which of a run's files to parse next, by their bytes."""

    def __init__(
        self,
        paths: Iterable[Path],
        schema: Schema,
        roots: Roots,
        elsewhere: Elsewhere = lambda *_: None,
        scan: Callable[[Sequence[Path]], Iterable[Iterable[Imported]]] = lambda paths: map(imports_at, paths),
    ) -> None:
        """`roots` gives the folders that the absolute imports of a file can start from, `scan` the imports of files.

        `elsewhere` gives the module that an import of a file means which none of those has.
        """
        self._elsewhere = elsewhere
        self._scan = scan
        self._paths: list[Path] = []
        self._roots = roots
        self._roots_of: dict[Path, frozenset[str]] = {}
        self._imports: dict[str, list[Imported]] = {}
        self._index: dict[str, list[tuple[Path, Imported]]] | None = None
        self._generated: list[Path] = []
        for path in paths:
            of_schema = schema.by_path(path) or schema.is_pb2_path(path) or path.name.endswith("_connect.py")
            # A copy under another name stays as the stubs themselves do, unless something imports it.
            of_schema = of_schema or ("_pb2_grpc" in path.name and is_generated(path.name, _read(path)))
            (self._generated if of_schema else self._paths).append(path)
        self._seeds: set[Path] | None = None
        services = [service for module in schema.grpc_modules for service in module.services]
        self._names = frozenset(name.encode() for s in services for name in (s.stub_class, s.servicer_class, s.adder))
        self._rpcs = frozenset(name.encode() for name in _telling(schema))

    def seeds(self) -> set[Path]:
        """Files that import gRPC or generated stubs, or that name a generated class."""
        if self._seeds is None:
            found = (path for path, data in self._contents() if imports_grpc(data) or self._names_generated(data))
            self._seeds = set(found)
        return self._seeds

    def callers(self) -> set[Path]:
        """The other files that call something spelled like an RPC: of what object shows only when they are parsed.

        It may come from a module that no file of the run is, and so by no way that leads from one that holds it.
        """
        seeds = self.seeds()
        return {path for path, data in self._contents() if path not in seeds and calls_any(data, self._rpcs)}

    @cached_property
    def _ways(self) -> Ways:
        grpc = [*self._generated, *self.seeds()]
        return Ways(self._all_imports, self._roots_for, self._elsewhere, grpc, _read)

    def _contents(self) -> Iterator[tuple[Path, bytes]]:
        """Every file and its bytes, which are not kept: a repository may be larger than the memory."""
        return ((path, _read(path)) for path in self._paths)

    def _names_generated(self, data: bytes) -> bool:
        # Every generated name has one of these in it, and to look for them is far cheaper.
        return (b"Stub" in data or b"Servicer" in data) and mentions_any(data, self._names)

    def users(self, names: Names, fixtures: Names, sure: Container[Module]) -> set[Path]:
        """Files that can get at what modules hold: they import it, or ask for a fixture of that name.

        Those not `sure` to hold anything are packages that pass on what nothing is known of. Where no way from one
        leads to gRPC, only something that got there as a value can come from it: whoever uses that has one of gRPC's
        words in it, or the name of an RPC.
        """
        found: set[Path] = set()
        for module, held in names.items():
            users = self._importers(module.path, held)
            if module not in sure and not self._ways.lead(module.path):
                users = filter(self._speaks_of_grpc, users)
            found.update(users)
        for module, held in fixtures.items():
            words = frozenset(name.encode() for name in held)
            for path in self._paths:
                if path.is_relative_to(module.path.parent) and mentions_any(_read(path), words):
                    found.add(path)
        return found

    def _speaks_of_grpc(self, path: Path) -> bool:
        data = _read(path)
        return mentions(data) or mentions_any(data, self._rpcs)

    def _importers(self, path: Path, held: frozenset[str]) -> Iterable[Path]:
        """The files that import the module at `path`, or one of the names it holds from it.

        A file that imports another name counts if an RPC's name stands in it: the other name may lead there in a way
        that the inference does not follow, and that must be seen.
        """
        module = _module(path)
        for key in _lasts(module):
            for importer, imported in self._imports_of(key):
                target = self._leads_to(importer, imported, module)
                if target == module:
                    wanted = not imported.names or "*" in imported.names or not imported.names.isdisjoint(held)
                    wanted = wanted or mentions_any(_read(importer), self._rpcs)
                else:
                    wanted = target == module.parent and module.name in imported.names
                if wanted:
                    yield importer

    def _leads_to(self, importer: Path, imported: Imported, module: Path) -> Path | None:
        """The module that an import names, as a path without suffix, if it is `module` or the package around it."""
        parts = imported.dotted.split(".") if imported.dotted else []
        if imported.level:
            folder = importer.parent
            for _ in range(imported.level - 1):
                folder = folder.parent
            target = folder.joinpath(*parts)
            return target if target in (module, module.parent) else None
        for target in (module, module.parent):
            if target.parts[-len(parts) :] == tuple(parts):
                root = str(target.parents[len(parts) - 1])
                if root in self._roots_for(importer) or self._elsewhere(importer, imported.dotted) == target:
                    return target
        return None

    def _roots_for(self, importer: Path) -> frozenset[str]:
        folder = importer.parent
        if folder not in self._roots_of:
            self._roots_of[folder] = frozenset(map(str, self._roots(importer)))
        return self._roots_of[folder]

    def _imports_of(self, name: str) -> list[tuple[Path, Imported]]:
        """The imports whose module has `name` as its last part."""
        if self._index is None:
            self._index = {}
            for path, found in zip(self._paths, self._all_imports().values(), strict=True):
                for imported in found:
                    self._index.setdefault(imported.last(str(path)), []).append((path, imported))
        return self._index.get(name, [])

    def _all_imports(self) -> Mapping[str, list[Imported]]:
        """The imports of each file, in the order of the paths."""
        if not self._imports:
            found = zip(self._paths, self._scan(self._paths), strict=True)
            self._imports = {str(path): list(imported) for path, imported in found}
        return self._imports


def imports_at(path: Path) -> list[Imported]:
    """The imports in the file at a path."""
    return list(imports(_read(path)))


def reach(parsed: Iterable[Path], names: Names, fixtures: Names, schema: Schema) -> Reach:
    """What a later look at one file need know of a run: see `Reach`."""
    holders = {last for module, held in names.items() if held for last in _lasts(_module(module.path))}
    asked = {name for held in fixtures.values() for name in held}
    return Reach(frozenset(parsed), frozenset(holders), frozenset(asked), _telling(schema))


def _telling(schema: Schema) -> frozenset[str]:
    """The names of RPCs that little else is called."""
    services = (service for module in schema.grpc_modules for service in module.services)
    return frozenset(m.name for service in services for m in service.methods if not m.name.islower())


def _module(path: Path) -> Path:
    return path.parent if path.name == "__init__.py" else path.with_suffix("")


def _lasts(module: Path) -> tuple[str, str]:
    """The last parts of the imports that may lead to a module."""
    return module.name, module.parent.name


def _read(path: Path) -> bytes:
    try:
        return code_of(path)
    except OSError:
        return b"import grpc"  # unreadable: to be reported where it is read again
