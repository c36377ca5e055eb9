"""The modules of the program and what an import statement in one of them means."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from grpc2connect.facts import api
from grpc2connect.facts.connect_modules import ConnectModules
from grpc2connect.facts.elsewhere import Elsewhere
from grpc2connect.facts.hiding import Hides, Hiding, folders_up
from grpc2connect.facts.kinds import NOTHING, Api, MessagesModule, Package, ProgramModule, StubsModule, Values
from grpc2connect.facts.libraries import Libraries
from grpc2connect.schema import CONNECT_SUFFIX, Schema
from grpc2connect.sources import is_notebook
from grpc2connect.syntax import Module

MODELLED = frozenset({"contextlib", "functools", "typing", "typing_extensions", "abc"})
"""Standard library modules of which `inference` models some names."""

_PASSED_ON = 4
"""How many packages a name goes through at most."""


class Program:
    """The files of a run, parsed on demand, and the schema of the generated code they import.

    `load` parses a file of the run (None if it is not of the run, or does not parse); `libraries` are those that its
    code may import. `asking` is the module that is being run, if its imports are not followed: it sees more once other
    files are there (`seen_anew`).
    """

    def __init__(
        self,
        files: Iterable[Path],
        schema: Schema,
        load: Callable[[Path], Module | None],
        top: Path,
        libraries: Libraries | None = None,
    ) -> None:
        self.schema = schema
        self.connect = ConnectModules(schema)
        self._files = {str(path) for path in files}
        self._folders = {parent for path in self._files for parent in _parents(path, str(top))}
        self._load = load
        self._top = str(top)
        self._loaded: dict[str, Module | None] = {}
        self._resolved: dict[tuple[str, str], Values] = {}
        self._found_at: dict[str, set[str]] = {}
        self._root_of: dict[tuple[str, str], str] = {}
        self._said_at: dict[str, set[str]] = {}
        self._package_roots: dict[str, str] = {}
        self._imported_from: dict[str, set[str]] = {}
        self._active: set[str] = set()
        self._missed: dict[str, set[Module]] = {}
        self._come: list[str] = []
        self.asking: Module | None = None
        self._libraries = libraries or Libraries()
        self._hiding = Hiding(self._files, self._top, self._libraries)
        self._elsewhere = Elsewhere(self._files, self._top, self._libraries)

    @property
    def top(self) -> str:
        """The folder of the project."""
        return self._top

    def asks_for_type_arguments(self, module: Module) -> bool:
        """Whether the type checker of a module's project wants those of generic classes."""
        return self._libraries.asks_for_type_arguments(module.path)

    def module(self, path: Path) -> Module | None:
        """The parsed module at a path of the run."""
        key = str(path)
        if key not in self._loaded:
            self._loaded[key] = self._load(path) if key in self._files else None
            self._come.append(key)
        return self._loaded[key]

    def activate(self, path: Path) -> Module | None:
        """Parse a file of the run, and follow its imports from now on."""
        if str(path) not in self._active:
            self._active.add(str(path))
            self._come.append(str(path))
        return self.module(path)

    def is_active(self, module: Module) -> bool:
        """Whether a module's imports are followed."""
        return str(module.path) in self._active

    @property
    def size(self) -> tuple[int, int]:
        """How many files are parsed, and how many are active; grows while there is more to learn."""
        return len(self._loaded), len(self._active)

    def seen_anew(self) -> set[Module]:
        """The modules that asked for a file while it was not followed, and would now be told more; each time once."""
        found = {module for path in self._come for module in self._missed.pop(path, ())}
        self._come.clear()
        return found

    def modules(self) -> list[Module]:
        """Every module parsed so far, in the order of their paths."""
        return [module for _, module in sorted(self._loaded.items()) if module is not None]

    def looked_at(self) -> frozenset[Path]:
        """Every file that was asked for, whether it could be parsed or not."""
        return frozenset(map(Path, self._loaded))

    def import_roots(self, importer: Module) -> list[str]:
        """Folders that absolute imports of a module can start from, likeliest first."""
        said = self._said_at.get(str(importer.path.parent), ())
        own, roots = self._root_of_package(importer), self.roots_at(importer.path)
        return list(dict.fromkeys([own, *roots, *sorted({*self.proven_roots(importer), *said})]))

    def _root_of_package(self, importer: Module) -> str:
        """The folder above the package that a module is in: relative imports show one without `__init__.py`, too."""
        key = str(importer.path)
        if key not in self._package_roots:  # each relative import asks, each time that it is looked at
            self._package_roots[key] = self._find_root(importer)
        return self._package_roots[key]

    def _find_root(self, importer: Module) -> str:
        root = self.roots_at(importer.path)[0]
        levels = [node.level for node in importer.tree.body if isinstance(node, ast.ImportFrom)]
        above = self.absolute(importer, max(levels, default=0) + 1, None) or root
        if not os.path.join(root, "").startswith(os.path.join(above, "")) or len(above) < len(self._top):
            return root
        return above if above == root else self.roots_at(Path(above, "module.py"))[0]

    def roots_at(self, path: Path) -> list[str]:
        """Folders that absolute imports of the file at `path` can start from, likeliest first."""
        folder = str(path.parent)
        root = folder
        while not is_notebook(path) and os.path.join(root, "__init__.py") in self._files and root != self._top:
            root = os.path.dirname(root)
        roots = [root, folder]
        while len(root) > len(self._top):
            root = os.path.dirname(root)
            roots.append(root)
        roots.append(self._top)
        roots.extend(os.path.join(parent, "src") for parent in tuple(roots))
        return list(dict.fromkeys(roots))

    def reachable_roots(self, importer: Module) -> frozenset[str]:
        """Folders that are surely on the import path of a module: its own root, and where its imports were found.

        One of these that has a `setup.py` goes before a root that only shows by the `__init__.py` in it. What is no
        script and is imported from folders further up only has those for its own root: it is in a namespace package.
        """
        own, proven = self.import_roots(importer)[0], self.proven_roots(importer)
        imported_from = self._imported_from.get(str(importer.path), set())
        above = {root for root in imported_from if own.startswith(os.path.join(root, ""))}
        if above and above == imported_from and own not in proven and "__main__" not in importer.text:
            return proven | above
        installed = any(
            os.path.join(root, "setup.py") in self._files for root in proven if self._hiding.is_package(root)
        )
        return proven if installed and own not in proven else proven | {own}

    def is_imported(self, module: Module) -> bool:
        """Whether another module of the program imports this one."""
        return str(module.path) in self._imported_from

    def root_of(self, importer: Module, dotted: str) -> str:
        """Where an absolute import of a module's folder was found; "" if it was not."""
        return self._root_of.get((str(importer.path.parent), dotted), "")

    def modules_seen(self, importer: Module, dotted: str) -> list[Module]:
        """What an absolute import was found to be so far."""
        keys = ((str(path), dotted) for path in (importer.path.parent, importer.path))
        values = (value for key in keys for value in self._resolved.get(key, NOTHING))
        return [value.module for value in values if isinstance(value, ProgramModule)]

    def loaded(self, path: str) -> Module | None:
        """The module at a path, if it is parsed."""
        return self._loaded.get(path)

    def proven_roots(self, importer: Module) -> frozenset[str]:
        """Folders where absolute imports of a module's folder were found."""
        return frozenset(self._found_at.get(str(importer.path.parent), ()))

    def all_proven_roots(self) -> frozenset[str]:
        """Folders where absolute imports of any module were found."""
        return frozenset().union(*self._found_at.values(), *self._said_at.values())

    def absolute(self, importer: Module, level: int, dotted: str | None) -> str | None:
        """The path prefix that a relative import names (`from ..a import b`), as `/folder/a`."""
        folder = importer.path.parent
        for _ in range(level - 1):
            folder = folder.parent
        return os.path.join(str(folder), *(dotted.split(".") if dotted else ()))

    def resolve(self, importer: Module, dotted: str) -> Values:
        """What an absolute dotted name imports, seen from a module."""
        path, active = str(importer.path), self.is_active(importer)
        key = (os.path.dirname(path) if active else path, dotted)
        if key not in self._resolved or not active:
            self._resolved[key] = self._resolve(importer, dotted)
        return self._resolved[key]

    def _resolve(self, importer: Module, dotted: str) -> Values:
        top = dotted.partition(".")[0]
        roots = self.roots_at(importer.path) if top not in api.ROOTS else self.roots_before_grpc(importer, top)
        for root in roots:
            found = self.at(os.path.join(root, *dotted.split(".")), dotted, str(importer.path))
            # A folder without `__init__.py` is no package where any other entry of the import path has a module.
            hidden = top in sys.stdlib_module_names and not self._hiding.has(root, top)
            if found and not hidden:
                self._note_root(importer, dotted, root)
                self._note_origin(found, root)
                return found
        last = dotted.rpartition(".")[2]
        if last.endswith(("_pb2", "_pb2_grpc")) and (found := self._declared(importer, dotted)):
            return found
        if last.endswith("_pb2_grpc") and (stubs := self.schema.by_import(dotted, importer.path)):
            if stubs.path is not None:
                self._found_around(importer, dotted, stubs.path.with_suffix(""))
            return frozenset({StubsModule(stubs)})
        if last.endswith("_pb2_grpc") and dotted.partition(".")[0] not in api.ROOTS:
            return frozenset({Api(f"{api.UNKNOWN_STUBS}{dotted}")})
        if api.is_grpc_module(dotted):
            return frozenset({Api(api.normalise(dotted))})
        if last.endswith("_pb2"):
            return frozenset({MessagesModule(dotted)})
        other = self.elsewhere(importer.path, dotted)
        values = self.at(str(other), dotted, str(importer.path)) if other is not None else NOTHING
        if values and other is not None:
            self._found_around(importer, dotted, other)
        return values or frozenset({Package(dotted, str(importer.path))})

    def _declared(self, importer: Module, dotted: str) -> Values:
        """Generated code in a folder that the project says imports start from: see `Elsewhere.declared`."""
        module = self._elsewhere.declared(importer.path, dotted)
        found = self.at(str(module), dotted, str(importer.path)) if module is not None else NOTHING
        if found and module is not None:
            root = module.parents[dotted.count(".")]
            self._said_at.setdefault(str(importer.path.parent), set()).add(str(root))
        return found

    def whole_name(self, importer: Module, prefix: str) -> str:
        """The dotted name, as absolute imports have it, of what a relative one finds; "" if it lies further out."""
        inside = os.path.relpath(prefix, self._root_of_package(importer))
        return "" if inside.startswith(os.curdir) else inside.replace(os.sep, ".")

    def came_relatively(self, importer: Module, found: Values) -> None:
        """Note that what a relative import finds lies in the package of the module that imports it."""
        self._note_origin(found, self._root_of_package(importer))

    def _note_origin(self, found: Values, root: str) -> None:
        for value in found:
            if isinstance(value, ProgramModule):
                self._imported_from.setdefault(str(value.module.path), set()).add(root)

    def _found_around(self, importer: Module, dotted: str, module: Path) -> None:
        """Note the root where a module was found, if the importer is below it."""
        parts = dotted.split(".")
        root = module.parents[len(parts) - 1]
        if module.parts[-len(parts) :] == tuple(parts) and importer.path.is_relative_to(root):
            self._note_root(importer, dotted, str(root))

    def _note_root(self, importer: Module, dotted: str, root: str) -> None:
        """Note where an import of a module's folder was found."""
        folder = str(importer.path.parent)
        self._found_at.setdefault(folder, set()).add(root)
        self._root_of[folder, dotted] = root

    def elsewhere(self, importer: Path, dotted: str) -> Path | None:
        """The module (as a path without suffix) that an import must mean which no root of its file has.

        See `Elsewhere`: it is another distribution of the repository, or a file that is copied beside the importer.
        """
        return self._elsewhere.find(importer, dotted)

    def package(self, importer: Module, names: Sequence[str]) -> str:
        """The folder of the package that an import names, if the program has it, and one only; else nothing."""
        folders = {os.path.join(root, *names) for root in self.import_roots(importer)}
        found = sorted(filter(self._hiding.is_package, folders))
        if not found and (other := self.elsewhere(importer.path, ".".join(names))) is not None:
            found = [str(other)] if self._hiding.is_package(str(other)) else []
        return found[0] if len(found) == 1 else ""

    def is_unseen(self, importer: Path, dotted: str) -> bool:
        """Whether an import that finds nothing in the program is of no library that is known either."""
        return not self._libraries.may_bring(importer, dotted)

    def roots_before_grpc(self, importer: Module, name: str) -> list[str]:
        """The roots where a package of the program's own hides an installed one of gRPC's: see `Hiding`."""
        own, *others = self.roots_at(importer.path)
        return [root for root in (own, *others) if self._hides(importer, own, root, name) is Hides.YES]

    def may_hide(self, importer: Module, name: str) -> bool:
        """Whether a package of the program's own may be what an import of gRPC's `name` finds, or may not."""
        own, *others = self.import_roots(importer)
        return any(self._hides(importer, own, root, name) is Hides.OPEN for root in (own, *others))

    def _hides(self, importer: Module, own: str, root: str, name: str) -> Hides:
        return self._hiding.verdict(importer.path, own, root, name)

    def at(self, prefix: str, dotted: str, importer: str) -> Values:
        """What stands at a path prefix: a module, a package or generated code; nothing if no such file."""
        for candidate in (prefix + ".py", os.path.join(prefix, "__init__.py")):
            if candidate not in self._files:
                continue
            path = Path(candidate)
            if stubs := self.schema.by_path(path):
                return frozenset({StubsModule(stubs)})
            if self.schema.is_pb2_path(path):
                return frozenset({MessagesModule(dotted, str(path))})
            followed = importer in self._active or candidate.endswith(CONNECT_SUFFIX)
            if not followed and candidate not in self._loaded:
                if self.asking is not None:
                    for awaited in (importer, candidate):
                        self._missed.setdefault(awaited, set()).add(self.asking)
                return NOTHING
            module = self.module(path)
            return frozenset({ProgramModule(module)}) if module else NOTHING
        return frozenset({Package(dotted, importer)}) if prefix in self._folders else NOTHING

    def bring(self, asking: Module, package: Module, name: str) -> None:
        """Load what a package that is not followed passes on by a name, if a module that is followed asks for that.

        `from shop.storage import Storage` finds the class of `shop/storage/stock.py` so; the package sees it then.
        """
        for _ in range(_PASSED_ON if self.is_active(asking) else 0):
            if package.path.name != "__init__.py" or self.is_active(package):
                return
            found = next(_bound_by(package, name), None)
            path = self._source_of(package, found[0]) if found is not None else None
            module = self.module(path) if path is not None else None
            if found is None or module is None:
                return
            package, name = module, found[1]

    def _source_of(self, importer: Module, node: ast.ImportFrom) -> Path | None:
        """The file of the program that a `from` import names, but for generated ones."""
        parts = (node.module or "").split(".")
        prefix = self.absolute(importer, node.level, node.module) if node.level else None
        prefixes = [prefix] if prefix else [os.path.join(root, *parts) for root in self.roots_at(importer.path)]
        candidates = (path for one in prefixes for path in (f"{one}.py", os.path.join(one, "__init__.py")))
        path = next((Path(path) for path in candidates if path in self._files), None)
        return None if path is None or self.schema.by_path(path) or self.schema.is_pb2_path(path) else path

    def is_folder(self, importer: Module, name: str) -> bool:
        """Whether a folder of the program may be what an absolute import of `name` finds."""
        return any(os.path.join(root, name) in self._folders for root in self.import_roots(importer))

    def submodule(self, package: ProgramModule | Package, name: str) -> Values:
        """The submodule `name` of a package."""
        if isinstance(package, ProgramModule):
            folder, file = os.path.split(str(package.module.path))
            if file != "__init__.py":
                return NOTHING
            return self.at(os.path.join(folder, name), f"{package.module.name}.{name}", str(package.module.path))
        importer = self._loaded.get(package.importer) or self.module(Path(package.importer))
        return self.resolve(importer, f"{package.dotted}.{name}") if importer else NOTHING


def _bound_by(module: Module, name: str) -> Iterator[tuple[ast.ImportFrom, str]]:
    """The imports at the top of a module that bind a name, and what it is called where they take it from."""
    for node in module.tree.body:
        if isinstance(node, ast.ImportFrom):
            yield from ((node, alias.name) for alias in node.names if (alias.asname or alias.name) == name)


def _parents(path: str, top: str) -> tuple[str, ...]:
    return folders_up(os.path.dirname(path), top)
