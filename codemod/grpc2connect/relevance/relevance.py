"""From the bytes of a repository to the files that matter."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from grpc2connect.relevance.speaking import speaks_of
from grpc2connect.relevance.ways import Ways
from grpc2connect.results import Reach
from grpc2connect.scan import Imported, imports
from grpc2connect.schema import CONNECT_SUFFIX, Schema
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
        self._imports_found: dict[Path, list[tuple[Path, Imported]]] = {}
        self._generated: list[Path] = []
        self._mentioning: dict[Path, bool] = {}
        self._speaking: dict[Path, bool] = {}
        for path in paths:
            of_schema = schema.by_path(path) or schema.is_pb2_path(path) or path.name.endswith(CONNECT_SUFFIX)
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

    def others(self) -> set[Path]:
        """The other files that call something spelled like an RPC, or name a generated Connect module.

        Of what object an RPC is shows only when they are parsed: it may come from a module that no file of the run is,
        and so by no way that leads from one that holds it. Connect modules are named by code that has moved.
        """
        seeds = self.seeds()
        made = frozenset(path.stem.encode() for path in self._generated if path.name.endswith(CONNECT_SUFFIX))
        found = set()
        for path, data in self._contents():
            if path in seeds:
                continue
            # Not those that have an RPC's name in their prose only.
            if mentions_any(data, made) or (calls_any(data, self._rpcs) and self._speaks_of_rpcs(path)):
                found.add(path)
        return found

    def between(self, others: Iterable[Path], given: Iterable[Path]) -> set[Path]:
        """Those of the others to which errors of what is `given` can come, and the files that these come by."""
        return Ways(self._all_imports, self._roots_for, self._elsewhere, given).between(others)

    @cached_property
    def _ways(self) -> Ways:
        grpc = [*self._generated, *self.seeds()]
        return Ways(self._all_imports, self._roots_for, self._elsewhere, grpc)

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
        found.update(self._askers({str(module.path.parent): held for module, held in fixtures.items()}))
        return found

    def _askers(self, fixtures: Mapping[str, frozenset[str]]) -> Iterator[Path]:
        """Files that ask for a fixture of a folder that they are in."""
        around: dict[str, frozenset[bytes]] = {}  # by folder

        def words(folder: str) -> frozenset[bytes]:
            if folder not in around:
                above = os.path.dirname(folder)
                own = frozenset(name.encode() for name in fixtures.get(folder, ()))
                around[folder] = own | (words(above) if above != folder else frozenset())
            return around[folder]

        for path in self._paths if fixtures else ():
            if (asked := words(str(path.parent))) and mentions_any(_read(path), asked):
                yield path

    def _speaks_of_grpc(self, path: Path) -> bool:
        """Whether a file has one of gRPC's words in it, or speaks of RPCs."""
        if path not in self._mentioning:
            self._mentioning[path] = mentions(_read(path))
        return self._mentioning[path] or self._speaks_of_rpcs(path)

    def _speaks_of_rpcs(self, path: Path) -> bool:
        """Whether a file speaks of RPCs: found out once, for every module that it imports asks."""
        if path not in self._speaking:
            self._speaking[path] = speaks_of(_read(path), self._rpcs)
        return self._speaking[path]

    def _importers(self, path: Path, held: frozenset[str]) -> Iterable[Path]:
        """The files that import the module at `path`, or one of the names it holds from it.

        A file that imports another name counts if an RPC's name stands in it: the other name may lead there in a way
        that the inference does not follow, and that must be seen.
        """
        module = _module(path)
        for target in (module, module.parent):
            for importer, imported in self._imports_of(target):
                if target == module:
                    wanted = not imported.names or "*" in imported.names or not imported.names.isdisjoint(held)
                    wanted = wanted or self._speaks_of_rpcs(importer)
                else:
                    wanted = module.name in imported.names
                if wanted:
                    yield importer

    def _imports_of(self, target: Path) -> Sequence[tuple[Path, Imported]]:
        """The imports of a module, or of a package: a path without suffix.

        Looked up once: each time that more is known, those of all modules that hold something are asked for.
        """
        if target not in self._imports_found:
            self._imports_found[target] = list(self._find_imports_of(target))
        return self._imports_found[target]

    def _find_imports_of(self, target: Path) -> Iterator[tuple[Path, Imported]]:
        relative, absolute = self._index
        yield from relative.get(str(target), ())
        parts = target.parts
        for root, count in zip(target.parents, range(1, len(parts)), strict=False):
            for importer, imported in absolute.get(".".join(parts[-count:]), ()):
                if str(root) in self._roots_for(importer) or self._elsewhere(importer, imported.dotted) == target:
                    yield importer, imported

    def _roots_for(self, importer: Path) -> frozenset[str]:
        folder = importer.parent
        if folder not in self._roots_of:
            self._roots_of[folder] = frozenset(map(str, self._roots(importer)))
        return self._roots_of[folder]

    @cached_property
    def _index(self) -> tuple[dict[str, list[tuple[Path, Imported]]], dict[str, list[tuple[Path, Imported]]]]:
        """Relative imports by the path that they name, and absolute ones by the dotted name."""
        relative: dict[str, list[tuple[Path, Imported]]] = {}
        absolute: dict[str, list[tuple[Path, Imported]]] = {}
        for path, found in zip(self._paths, self._all_imports().values(), strict=True):
            for imported in found:
                if imported.level:
                    folder = str(path.parents[min(imported.level, len(path.parents)) - 1])
                    target = os.path.join(folder, *filter(None, imported.dotted.split(".")))
                    relative.setdefault(target, []).append((path, imported))
                elif imported.dotted:
                    absolute.setdefault(imported.dotted, []).append((path, imported))
        return relative, absolute

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
