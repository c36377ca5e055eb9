"""Imports of modules that no import root above the importer has: of another distribution of the repository, say.

`services/orders/app.py` imports `clients.stock`, which is `libs/clients/src/clients/stock.py`: a requirement by path
puts it on the import path, or a Dockerfile beside the file. What is asked for is that only one module near the importer
can be meant: the nearest folder above it that holds any of that name holds one, and no library of that name is required
in a folder above the importer, or installed in the environment that is read. Where files above the importer say where
imports start (`PYTHONPATH`, pytest's `pythonpath`), what is there is meant. Where no such folder has it, a package
around the importer may: the folder of a `setup.py`, or of a script, that has an `__init__.py` which it does not need.

Without it code is not seen that calls a client which moves; so a module is rather taken for one that is imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from grpc2connect.facts.libraries import Libraries

_ASIDE = frozenset(
    {"test", "tests", "testing", "mock", "mocks", "fixtures", "stubs", "typings", "third_party", "vendor"}
)
"""Folders whose modules may have the names of libraries, and are not what others import."""


class Elsewhere:
    """Finds the one module near a file that an import can mean."""

    def __init__(self, files: Iterable[str], top: str, libraries: Libraries | None = None) -> None:
        self._files = files
        self._top = top
        self._libraries = libraries or Libraries()
        self._named: dict[str, dict[str, list[str]]] = {}

    @cached_property
    def _roots(self) -> dict[str, list[str]]:
        """The folders below which a top-level module or package of a name stands; one in a package is none.

        The folder of a `setup.py` is no package of what is built there.
        """
        found: dict[str, set[str]] = {}
        packages = self._folders_with("__init__.py") - self._folders_with("setup.py")
        below: dict[str, set[str]] = {}  # what is imported by name from a folder: its modules, and the folders in it
        for path in self._files:
            folder, name = os.path.split(path)
            if name != "__init__.py":
                below.setdefault(folder, set()).add(name.removesuffix(".py"))
            while folder != self._top and len(folder) > len(self._top):
                folder, name = os.path.split(folder)
                names = below.setdefault(folder, set())
                if name in names:
                    break
                names.add(name)
        for folder, names in below.items():
            if folder not in packages and not _ASIDE.intersection(os.path.relpath(folder, self._top).split(os.sep)):
                for name in names:
                    found.setdefault(name, set()).add(folder)
        return {name: sorted(folders) for name, folders in found.items()}

    def _folders_with(self, name: str) -> set[str]:
        return {os.path.dirname(path) for path in self._files if os.path.basename(path) == name}

    def find(self, importer: Path, dotted: str) -> Path | None:
        """The module that an absolute import of `dotted` in the file at `importer` must mean; None if that is open."""
        parts = dotted.split(".")
        if parts[0] in sys.stdlib_module_names:
            return None
        modules = self._below(dotted)
        if not modules:
            return self._in_a_package(importer, dotted)
        if (said := self.declared(importer, dotted)) is not None and not self._libraries.bring(importer, dotted, said):
            return said
        folder = str(importer.parent)
        while True:
            if near := modules.get(folder):
                known = len(near) == 1 and not self._libraries.bring(importer, dotted, Path(near[0]))
                return Path(near[0]) if known else None
            if folder == self._top or len(folder) <= len(self._top):
                return None
            folder = os.path.dirname(folder)

    def declared(self, importer: Path, dotted: str) -> Path | None:
        """The one module of a name in the folders that files above the importer say its imports start from."""
        for roots in self._libraries.roots_for(importer):
            found = {module for root in roots if (module := self._module(os.path.join(root, *dotted.split("."))))}
            if found:
                return Path(found.pop()) if len(found) == 1 else None
        return None

    def _below(self, dotted: str) -> dict[str, list[str]]:
        """The modules of a dotted name, by every folder above them."""
        if dotted not in self._named:
            parts = dotted.split(".")
            found = self._named[dotted] = {}
            for root in self._roots.get(parts[0], ()):
                if module := self._module(os.path.join(root, *parts)):
                    for folder in Path(module).parents:
                        found.setdefault(str(folder), []).append(module)
        return self._named[dotted]

    def _in_a_package(self, importer: Path, dotted: str) -> Path | None:
        """The module below the nearest package around the importer that has it."""
        folder = str(importer.parent)
        while len(folder) >= len(self._top) and os.path.join(folder, "__init__.py") in self._files:
            if module := self._module(os.path.join(folder, *dotted.split("."))):
                return None if self._libraries.bring(importer, dotted, Path(module)) else Path(module)
            folder = os.path.dirname(folder)
        return None

    def _module(self, prefix: str) -> str:
        files = (f"{prefix}.py", os.path.join(prefix, "__init__.py"))
        return prefix if any(path in self._files for path in files) else ""
