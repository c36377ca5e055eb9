"""Where a package of the program's own is what `import grpc` finds, because it is called so.

`grpc` in a folder hides the installed one where that folder is on the import path: it is a script's own, or the
project's root. It hides nothing where it is a part of a larger package, be that one without an `__init__.py` (PEP 420):
`opentelemetry/instrumentation/grpc`, which others import by that name. What says so are import statements, the entry
points that a project declares, and relative imports that lead out of the folder.

Only files that have the word in them are looked at: any other is nothing to a run, and may change unseen.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from enum import Enum
from functools import cache, cached_property
from pathlib import Path

from grpc2connect.facts import api
from grpc2connect.facts.libraries import Libraries
from grpc2connect.scan import Imported, imports
from grpc2connect.sources import code_of

_WORD = b"grpc"  # a part of each of `api.ROOTS`
_SCRIPT = re.compile(rb"""\b__name__\s*==\s*["']__main__["']""")


class Hides(Enum):
    """Whether a package of the program's own is what an import of gRPC's finds."""

    NO = "it is a part of another package, or not where the import looks"
    OPEN = "it may be"
    YES = "it is"


class Hiding:
    """Says which packages of the program hide gRPC's. Looks into files only where there is one to ask about."""

    def __init__(self, files: Collection[str], top: str, libraries: Libraries) -> None:
        self._files = files
        self._top = top
        self._libraries = libraries
        self._named: dict[tuple[str, str], bool] = {}

    def verdict(self, importer: Path, own: str, root: str, name: str) -> Hides:
        """Whether `root`, one that the importer's imports may start from, has what an import of `name` finds there.

        `own` is the nearest folder above the importer that has no `__init__.py`. What lies in a package is not on the
        import path, be it in a folder of the package that has no `__init__.py` (`acme/ext/grpc` of `acme`); and a
        folder without `__init__.py` hides none.
        """
        if not self.has(root, name) or self._is_in_a_package(own, root):
            return Hides.NO
        started = self.is_root(root, name)
        if self.is_in_namespace(root, name):
            run = str(importer.parent) == root and self._runs(importer)
            return Hides.OPEN if started or run else Hides.NO
        if root in (self._top, os.path.join(self._top, "src")):
            return Hides.YES
        if root != own:
            return Hides.OPEN
        inside = f"{importer.with_suffix('')}{os.sep}".startswith(os.path.join(root, name, ""))
        if not inside or started:
            return Hides.YES
        return Hides.NO if self._is_below_a_declared_root(root) else Hides.OPEN

    def has(self, root: str, name: str) -> bool:
        """Whether a folder of the program has a module or a package of that name."""
        return os.path.join(root, f"{name}.py") in self._files or self.is_package(os.path.join(root, name))

    def is_package(self, folder: str) -> bool:
        """Whether a folder of the program is a package with an `__init__.py`."""
        return os.path.join(folder, "__init__.py") in self._files

    def _is_in_a_package(self, own: str, root: str) -> bool:
        if root != own:
            return self.is_package(root)
        return any(self.is_package(folder) for folder in folders_up(own, self._top)[1:])

    def is_in_namespace(self, root: str, name: str) -> bool:
        """Whether `name` in `root` is a part of a package that `root` is a folder of."""
        key = (root, name)
        if key not in self._named:
            self._named[key] = any(self._by_its_place(root, name, one) for one in self._dotted) or any(
                self._leads_out(root, name, path, one) for path, found in self._imports.items() for one in found
            )
        return self._named[key]

    def _by_its_place(self, root: str, name: str, dotted: str) -> bool:
        """Whether a dotted name has `name` in it, and the folders before that are those of `root`."""
        before, found, _ = f".{dotted}.".partition(f".{name}.")
        return bool(found and before) and root.endswith(os.sep + before.strip(".").replace(".", os.sep))

    def _leads_out(self, root: str, name: str, path: str, imported: Imported) -> bool:
        """Whether a relative import of a file in `root` or below asks for `root` to be a package."""
        if not imported.level or not path.startswith(os.path.join(root, "")):
            return False
        folder = os.path.dirname(path)
        if folder != root and not f"{folder}{os.sep}".startswith(os.path.join(root, name, "")):
            return False
        for _ in range(imported.level - 1):
            folder = os.path.dirname(folder)
        return len(folder) <= len(root)

    def is_root(self, root: str, name: str) -> bool:
        """Whether a folder is said to be on the import path: by the project's settings, or by imports below `name`."""
        if root in self._libraries.roots:
            return True
        return any(self._is_below(root, name, one) for one in self._dotted)

    def _is_below(self, root: str, name: str, dotted: str) -> bool:
        """Whether a dotted name is that of a module in `name`, and not of one that gRPC has as well."""
        top, _, rest = dotted.partition(".")
        if top != name or not rest or (name == "grpc" and rest.partition(".")[0] in api.MODULES):
            return False
        inner = os.path.join(root, name, rest.partition(".")[0])
        return f"{inner}.py" in self._files or self.is_package(inner)

    def _is_below_a_declared_root(self, root: str) -> bool:
        return any(folder in self._libraries.roots for folder in folders_up(root, self._top)[1:])

    @cached_property
    def _dotted(self) -> frozenset[str]:
        """The absolute names of modules that import statements and entry points have, what is taken from them too."""
        found = {name for one in self._imports.values() for imported in one for name in _absolute(imported)}
        return frozenset(name for name in (*found, *self._libraries.modules) if _WORD.decode() in name)

    @cached_property
    def _imports(self) -> dict[str, list[Imported]]:
        """The imports of each file that has the word in it."""
        found = ((path, _read(path)) for path in sorted(self._files))
        return {path: list(imports(data)) for path, data in found if _WORD in data}

    @staticmethod
    def _runs(path: Path) -> bool:
        return _SCRIPT.search(_read(str(path))) is not None


def _absolute(imported: Imported) -> Iterator[str]:
    if not imported.level and imported.dotted:
        yield imported.dotted
        yield from (f"{imported.dotted}.{name}" for name in imported.names)


def _read(path: str) -> bytes:
    try:
        return code_of(Path(path))
    except OSError:
        return b""


@cache
def folders_up(folder: str, top: str) -> tuple[str, ...]:
    """A folder and those above it, up to `top`."""
    chain = [folder]
    while len(folder) > len(top):
        folder = os.path.dirname(folder)
        chain.append(folder)
    return tuple(chain)
