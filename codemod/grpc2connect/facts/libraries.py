"""What a project says of itself: whether an import that could be of a module near it surely is of a library.

That is one that is required, or installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path

from grpc2connect.sources.required import Declared, declared, distributions, home, installed, normal

_OF_ALL = frozenset({"google", "grpc", "connectrpc", "pyqwest", "pytest", "setuptools", "pkg-resources"})
"""Names that are imported beside gRPC, or by any project, without a requirement of that name."""


class Libraries:
    """Knows what the files of a project require, and what its environment has; looks when it is first asked."""

    def __init__(self, lists: Callable[[], Iterable[Path]] = list, environment: Iterable[Path] = ()) -> None:
        """`lists` gives the files that may require something, `environment` folders that imports are searched in."""
        self._lists = lists
        self._environment = list(environment)
        self._brought: dict[tuple[Path, str], bool] = {}
        self._declared_above: dict[Path, list[Declared]] = {}
        self._roots_above: dict[Path, list[frozenset[str]]] = {}

    @cached_property
    def _declared(self) -> dict[Path, list[Declared]]:
        found: dict[Path, list[Declared]] = {}
        for path in self._lists():
            found.setdefault(home(path), []).append(declared(path))
        return found

    @cached_property
    def roots(self) -> frozenset[str]:
        """The folders that files of the project say imports start from."""
        return frozenset().union(*map(self._roots_of, self._declared))

    def roots_for(self, importer: Path) -> Sequence[frozenset[str]]:
        """Those that files in each folder above an importer name, the nearest first."""
        if importer.parent not in self._roots_above:
            found = (self._roots_of(folder) for folder in importer.parents if folder in self._declared)
            self._roots_above[importer.parent] = list(filter(None, found))
        return self._roots_above[importer.parent]

    def _roots_of(self, folder: Path) -> frozenset[str]:
        return frozenset(os.path.normpath(folder / root) for one in self._declared[folder] for root in one.own.roots)

    @cached_property
    def modules(self) -> frozenset[str]:
        """The modules that entry points of the project name."""
        return frozenset(name for found in self._declared.values() for one in found for name in one.own.modules)

    def _above(self, path: Path) -> Sequence[Declared]:
        if path.parent not in self._declared_above:
            found = [one for folder in path.parents for one in self._declared.get(folder, ())]
            self._declared_above[path.parent] = found
        return self._declared_above[path.parent]

    def asks_for_type_arguments(self, path: Path) -> bool:
        """Whether the type checker of a file's project wants those of generic classes."""
        return any(one.type_arguments for one in self._above(path))

    def bring(self, importer: Path, dotted: str, module: Path) -> bool:
        """Whether an import of `dotted` is of a library, and not of the module of that name at a path of the project.

        A distribution of the project may well be required, or installed, by its name.
        """
        name = normal(dotted.partition(".")[0])
        mine = {one.name for one in self._above(module)} - {""}
        if any(name in one.required and name not in mine for one in self._above(importer)):
            return True
        return any(
            installed(site, dotted.split(".")) and not (mine & distributions(site))
            for site in self._environment
            if not self._is_of_project(site)
        )

    def may_bring(self, importer: Path, dotted: str) -> bool:
        """Whether an import of `dotted`, which no file of the project is, is of a library that is known.

        It may be required by another name than it is imported by: `pyyaml`, `protobuf`.
        """
        key = (importer.parent, dotted.partition(".")[0])
        if key not in self._brought:
            self._brought[key] = self._may_bring(importer, dotted)
        return self._brought[key]

    def _may_bring(self, importer: Path, dotted: str) -> bool:
        top = normal(dotted.partition(".")[0])
        if top in _OF_ALL:
            return True
        required = (name for one in self._above(importer) for name in one.required)
        if any(top in name.split("-") or name in (f"py{top}", f"{top}py") or name.startswith(f"{top}-")
               for name in required):  # fmt: skip
            return True
        parts = dotted.split(".")[:1]
        return any(installed(site, parts) for site in self._environment if not self._is_of_project(site))

    def _is_of_project(self, site: Path) -> bool:
        """Whether a folder of the import path is one that the project's own code is in, by a `.pth` file."""
        return site.name not in ("site-packages", "dist-packages")
