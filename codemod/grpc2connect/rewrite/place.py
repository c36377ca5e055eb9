"""Where the runtime and the generated modules are, as import statements name them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from grpc2connect.facts.program import Program
from grpc2connect.generate import connect_module, is_beside
from grpc2connect.options import Options, RuntimeMode
from grpc2connect.rules_api.names import RUNTIME
from grpc2connect.schema import GrpcModule
from grpc2connect.syntax import Module


@dataclass
class Places:
    """Answers import questions for one run, and notes which files need a vendored runtime."""

    program: Program
    options: Options

    def __post_init__(self) -> None:
        self._wanting: dict[Path, frozenset[str]] = {}
        self._proven: dict[Path, frozenset[str]] = {}

    @property
    def is_vendored(self) -> bool:
        """Whether the runtime is written into the project."""
        return self.options.runtime is RuntimeMode.VENDOR

    def runtime(self, module: Module) -> str:
        """The dotted name of the runtime as a module imports it."""
        if self.is_vendored:
            self._wanting[module.path] = self.program.reachable_roots(module)
            self._proven[module.path] = self.program.proven_roots(module)
        return RUNTIME

    def runtime_roots(self) -> list[Path]:
        """The fewest folders where a vendored runtime is in reach of every file that imports it.

        Of folders that do equally well it is the one where imports of such files were found: a folder with an
        `__init__.py` may be run as scripts all the same.
        """
        wanting = dict(self._wanting)
        chosen: list[Path] = []
        while wanting:
            candidates = sorted({root for roots in wanting.values() for root in roots})
            best = max(candidates, key=lambda root: self._worth(root, wanting))
            chosen.append(Path(best))
            wanting = {path: roots for path, roots in wanting.items() if best not in roots}
        return sorted(chosen)

    def _worth(self, root: str, wanting: dict[Path, frozenset[str]]) -> tuple[int, int, int]:
        reached = [path for path, roots in wanting.items() if root in roots]
        return len(reached), sum(root in self._proven[path] for path in reached), -len(root)

    def basename(self, stubs: GrpcModule) -> str:
        """The last part of a generated module's dotted name."""
        return connect_module(stubs, self.options)[1].rpartition(".")[2]

    def is_beside(self, stubs: GrpcModule) -> bool:
        """Whether a generated module stands beside its stubs; else its import has another package than theirs."""
        return is_beside(stubs)

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
        if stubs.made_of is not None:
            return dotted
        if not is_beside(stubs) and self.options.generated is not None and self.options.generated.package:
            return dotted  # as the configuration says
        proven = self.program.proven_roots(importer)
        # Where the importer's own imports were found goes before where they might be.
        for root in sorted(self.program.import_roots(importer), key=lambda root: root not in proven):
            if path.is_relative_to(root):
                parts = path.relative_to(root).with_suffix("").parts
                return ".".join(parts)
        return dotted
