"""Whether anything of gRPC's can come by what a package imports, by any number of steps: told by the imports alone.

A package (`__init__.py`) passes on what it imports, and that may not be parsed. So everything that it imports may be
gRPC's, and whoever imports the package has to be looked at; unless gRPC stands nowhere on the ways from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from grpc2connect.scan import Imported


class Ways:
    """Follows imports from file to file: too far perhaps, never too little."""

    def __init__(
        self,
        imports: Callable[[], Mapping[str, list[Imported]]],
        roots: Callable[[Path], Iterable[str]],
        elsewhere: Callable[[Path, str], Path | None],
        grpc: Iterable[Path],
    ) -> None:
        """`imports` gives the imports of each file of the run, `grpc` are the files that hold gRPC's names.

        `roots` and `elsewhere` are those of `Relevance`.
        """
        self._imports = imports
        self._roots = roots
        self._elsewhere = elsewhere
        self._grpc = frozenset(map(str, grpc))
        self._around = frozenset(str(parent) for path in grpc for parent in path.parents)
        self._leads: dict[str, bool] = dict.fromkeys(self._grpc, True)

    def lead(self, package: Path) -> bool:
        """Whether something of gRPC's lies in a package's folder, or where its import statements may lead.

        Of modules that are imported by texts no inference learns anything.
        """
        return str(package.parent) in self._around or self._reaches(str(package))

    def between(self, starts: Iterable[Path]) -> set[Path]:
        """The files on the ways from some that import gRPC's, by any number of steps, to where those lead."""
        seen = set(map(str, starts))
        stack = list(seen)
        while stack:
            found = set(self._targets(stack.pop())) - seen
            seen |= found
            stack.extend(found)
        return {Path(path) for path in seen if self._reaches(path)}

    def _reaches(self, start: str) -> bool:
        seen, stack = {start}, [start]
        while stack:
            path = stack.pop()
            known = self._leads.get(path)
            if known:
                self._leads[start] = True
                return True
            if known is None:
                found = set(self._targets(path)) - seen
                seen |= found
                stack.extend(found)
        self._leads.update(dict.fromkeys(seen, False))
        return False

    def _targets(self, path: str) -> Iterator[str]:
        """The files that the imports in a file can run, the packages around them too."""
        for imported in self._imports().get(path, ()):
            yield from self._files(Path(path), imported)

    def _files(self, importer: Path, imported: Imported) -> Iterator[str]:
        parts = imported.dotted.split(".") if imported.dotted else []
        if imported.level:
            folder = str(importer.parent)
            for _ in range(imported.level - 1):
                folder = os.path.dirname(folder)
            yield from self._below(folder, parts, imported)
            return
        anything = False
        for root in self._roots(importer):
            for file in self._below(root, parts, imported):
                anything = True
                yield file
        if not anything and (other := self._elsewhere(importer, imported.dotted)) is not None:
            yield from self._below(str(other.parents[len(parts) - 1]), parts, imported)

    def _below(self, folder: str, parts: list[str], imported: Imported) -> Iterator[str]:
        prefix = folder
        if not parts:
            yield from self._module(prefix)
        for part in parts:
            prefix = os.path.join(prefix, part)
            yield from self._module(prefix)
        for name in imported.names:
            yield from self._module(os.path.join(prefix, name))

    def _module(self, prefix: str) -> Iterator[str]:
        known = self._imports()
        for path in (f"{prefix}.py", os.path.join(prefix, "__init__.py")):
            if path in known or path in self._grpc:
                yield path
