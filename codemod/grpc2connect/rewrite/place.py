"""Where the runtime and the generated modules are, as import statements name them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from grpc2connect.facts.program import Program
from grpc2connect.facts.script_roots import roots_when_run, used_roots
from grpc2connect.generate import connect_module, is_beside
from grpc2connect.options import Options, RuntimeMode
from grpc2connect.rules_api.names import RUNTIME
from grpc2connect.schema import GrpcModule
from grpc2connect.syntax import Module

_Key = TypeVar("_Key", bound=Hashable)
Noted = Mapping[Path, tuple[frozenset[str], frozenset[str], frozenset[str]]]


def fewest(
    wanting: Mapping[_Key, frozenset[str]],
    worth: Callable[[str, Iterable[_Key]], tuple[int, ...]] = lambda place, keys: (-len(place),),
) -> list[str]:
    """The fewest places of which each that wants one has one; of places that do equally well the one of more worth."""
    left = dict(wanting)
    chosen: list[str] = []
    while left:
        reached = {
            place: [key for key, places in left.items() if place in places]
            for place in sorted({place for places in left.values() for place in places})
        }
        best = max(reached, key=lambda place: (len(reached[place]), *worth(place, reached[place])))
        chosen.append(best)
        left = {key: places for key, places in left.items() if best not in places}
    return sorted(chosen)


@dataclass
class Places:
    """Answers import questions for one run, and notes which files need a vendored runtime."""

    program: Program
    options: Options

    def __post_init__(self) -> None:
        self._wanting: dict[Path, frozenset[str]] = {}
        self._proven: dict[Path, frozenset[str]] = {}
        self._used: dict[Path, frozenset[str]] = {}

    def noted(self) -> Noted:
        """Which files need a vendored runtime, so far: the folders in reach, those proven to be, and those it uses."""
        return {path: (roots, self._proven[path], self._used[path]) for path, roots in self._wanting.items()}

    def note(self, noted: Noted) -> None:
        """Add what was noted elsewhere."""
        for path, (roots, proven, used) in noted.items():
            self._wanting[path], self._proven[path], self._used[path] = roots, proven, used

    @property
    def is_vendored(self) -> bool:
        """Whether the runtime is written into the project."""
        return self.options.runtime is RuntimeMode.VENDOR

    def runtime(self, module: Module) -> str:
        """The dotted name of the runtime as a module imports it."""
        if self.is_vendored:
            self._wanting[module.path] = roots_when_run(self.program, module)
            self._proven[module.path] = self.program.proven_roots(module)
            self._used[module.path] = used_roots(self.program, module)
        return RUNTIME

    def runtime_roots(self) -> list[Path]:
        """The fewest folders where a vendored runtime is in reach of every file that imports it.

        Of folders that do equally well it is the one where imports of such files were found: a folder with an
        `__init__.py` may be run as scripts all the same. Imports of the file itself go first: a script beside it may
        have put another folder on its path.
        """
        return [Path(root) for root in fewest(self._wanting, self._worth)]

    def _worth(self, root: str, wanting: Iterable[Path]) -> tuple[int, ...]:
        paths = list(wanting)
        used, proven = (sum(root in of[path] for path in paths) for of in (self._used, self._proven))
        return used, proven, -len(root)

    def basename(self, stubs: GrpcModule) -> str:
        """The last part of a generated module's dotted name."""
        return connect_module(stubs, self.options)[1].rpartition(".")[2]

    def is_beside(self, stubs: GrpcModule) -> bool:
        """Whether a generated module stands beside its stubs; else its import has another package than theirs."""
        return is_beside(stubs, self.options)

    def twin_basename(self, dotted: str, statement: ast.Import | ast.ImportFrom) -> str:
        """`greet_connect` for an import that names `greet_pb2_grpc`."""
        names = [dotted.rpartition(".")[2]]
        if isinstance(statement, ast.ImportFrom) and statement.module:
            names.append(statement.module.rpartition(".")[2])
        old = next((name for name in names if name.endswith("_pb2_grpc")), names[0])
        return old.removesuffix("_pb2_grpc") + "_connect"

    def absolute(self, stubs: GrpcModule, importer: Module) -> str:
        """The absolute dotted name of a generated module, seen from an importer."""
        path, dotted = connect_module(stubs, self.options)
        if stubs.made_of is not None or (stubs.path is None and self.is_beside(stubs)):
            return dotted
        if not self.is_beside(stubs) and self.options.generated is not None and self.options.generated.package:
            return dotted  # as the configuration says
        proven = self.program.proven_roots(importer)
        # Where the importer's own imports were found goes before where they might be.
        for root in sorted(self.program.import_roots(importer), key=lambda root: root not in proven):
            if path.is_relative_to(root):
                parts = path.relative_to(root).with_suffix("").parts
                return ".".join(parts)
        return dotted
