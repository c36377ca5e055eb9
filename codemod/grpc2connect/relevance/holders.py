"""What a module holds of gRPC that others can get from it, by name: objects, factories, servicers, fixtures."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from grpc2connect.facts.classes import bases, fixture_name
from grpc2connect.facts.kinds import (
    Api,
    Class,
    Function,
    Instance,
    MessagesModule,
    Package,
    ProgramModule,
    StubsModule,
    Super,
    Value,
    Wrapped,
    is_grpc,
)
from grpc2connect.facts.state import State
from grpc2connect.syntax import Module

_MODULES = Api | StubsModule | MessagesModule


class _Holding:
    """The classes and functions of a program through which something of gRPC can be had; a fixpoint."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.nodes: set[ast.AST] = {cls.node for cls in state.servicers}
        while self._grow():
            pass

    def _grow(self) -> bool:
        before = len(self.nodes)
        for table in (self.state.cells, self.state.attributes):
            for (node, _), values in table.items():
                if isinstance(node, ast.ClassDef) and node not in self.nodes and self.any(values):
                    self.nodes.add(node)
        for flow in (self.state.returns, self.state.yields):
            for node, values in flow.items():
                if node not in self.nodes and self.any(values):
                    self.nodes.add(node)
        for cls in self.state.classes.values():
            if cls.node not in self.nodes and self.any(bases(self.state, cls)):
                self.nodes.add(cls.node)
        return len(self.nodes) > before

    def any(self, values: Iterable[Value], package: bool = False) -> bool:
        """Whether one of some values is gRPC's, or leads to it.

        gRPC's own modules and names count only where a `package` passes them on: others import them themselves.
        """
        return any(self.one(value, package) for value in values)

    def one(self, value: Value, package: bool) -> bool:
        match value:
            case Wrapped(_, inner):
                return self.one(inner, package)
            case Function():
                return value.node in self.nodes
            case Class():
                return value.node in self.nodes
            case Instance(cls) | Super(cls):
                return cls.node in self.nodes
            case ProgramModule() | Package():
                return package
        return is_grpc(value) and (package or not isinstance(value, _MODULES))


def held(
    state: State, modules: Iterable[Module]
) -> tuple[tuple[Mapping[Module, frozenset[str]], Mapping[Module, frozenset[str]]], frozenset[Module]]:
    """The names in each module that hold something of gRPC, and the fixtures (by the names asked for) that do.

    Packages hold all modules and names of which nothing is known. The last are the modules that surely hold something.
    """
    holding = _Holding(state)
    of_tree = {module.tree: module for module in modules}
    names: dict[Module, set[str]] = {}
    sure: set[Module] = set()
    for (node, name), values in state.cells.items():
        module = of_tree.get(node) if isinstance(node, ast.Module) else None
        if module is not None and holding.any(values, package=module.path.name == "__init__.py"):
            names.setdefault(module, set()).add(name)
            if module not in sure and holding.any(values):
                sure.add(module)
    fixtures: dict[Module, set[str]] = {}
    for node in holding.nodes:
        function = state.functions.get(node)
        if function is not None and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            asked = fixture_name(node)
            if asked is not None and function.module.path.name == "conftest.py":
                fixtures.setdefault(function.module, set()).add(asked)
    return (
        {module: frozenset(found) for module, found in names.items()},
        {module: frozenset(found) for module, found in fixtures.items()},
    ), frozenset(sure)
