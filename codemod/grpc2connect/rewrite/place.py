"""Where the runtime and the generated modules are, as import statements name them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from grpc2connect.facts.program import Program
from grpc2connect.generate import connect_module
from grpc2connect.options import Options, RuntimeMode
from grpc2connect.rules_api.names import RUNTIME
from grpc2connect.schema import GrpcModule
from grpc2connect.syntax import Module


@dataclass
class Places:
    """Answers import questions for one run, and notes the import roots that need a vendored runtime."""

    program: Program
    options: Options

    def __post_init__(self) -> None:
        self.runtime_roots: set[Path] = set()

    def runtime(self, module: Module) -> str:
        """The dotted name of the runtime as a module imports it."""
        if self.options.runtime is RuntimeMode.VENDOR:
            self.runtime_roots.add(self.root(module))
        return RUNTIME

    def root(self, module: Module) -> Path:
        """The import root of a module: the nearest folder above it that is no package."""
        return Path(self.program.import_roots(module)[0])

    def basename(self, stubs: GrpcModule) -> str:
        """The last part of a generated module's dotted name."""
        return connect_module(stubs, self.options)[1].rpartition(".")[2]

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
        for root in self.program.import_roots(importer):
            if path.is_relative_to(root):
                parts = path.relative_to(root).with_suffix("").parts
                return ".".join(parts)
        return dotted
