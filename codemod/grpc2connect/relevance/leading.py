"""Which values lead to gRPC, by any number of steps: the classes, functions and modules through which it can be had."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from grpc2connect.facts.classes import bases
from grpc2connect.facts.kinds import (
    Class,
    Function,
    Instance,
    Package,
    Partial,
    ProgramModule,
    Super,
    Value,
    Wrapped,
    has_moved,
    is_grpc,
)
from grpc2connect.facts.state import MANY, State
from grpc2connect.schema import CONNECT_SUFFIX
from grpc2connect.syntax import Module
from grpc2connect.syntax.walking import walk


class Leading:
    """A fixpoint over the tables of a run. Wider than what decides which files are parsed: nothing may be missed."""

    def __init__(self, state: State, modules: Iterable[Module], folders: frozenset[str]) -> None:
        """`folders` are the names of all folders with files of the program."""
        self.state = state
        self.folders = folders
        self.modules = list(modules)
        self.nodes: set[ast.AST] = {cls.node for cls in state.servicers}
        self.nodes.update(self._promising())
        self.nodes.update(self._moved())
        self.grow()

    def add(self, nodes: Iterable[ast.AST]) -> None:
        """Let more functions lead to gRPC, and what leads to them."""
        self.nodes.update(nodes)
        self.grow()

    def any(self, values: Iterable[Value]) -> bool:
        """Whether one of some values leads to gRPC."""
        return any(map(self._one, values))

    def at(self, node: ast.AST) -> bool:
        """Whether an expression was found to be something that leads to gRPC."""
        values = self.state.values.get(node)
        return values is not None and self.any(values)

    def grow(self) -> None:
        """Until nothing is new."""
        before = -1
        while len(self.nodes) > before:
            before = len(self.nodes)
            self._step()

    def _step(self) -> None:
        state = self.state
        for table in (state.cells, state.attributes, state.below):
            for (node, _), values in table.items():
                if isinstance(node, ast.ClassDef | ast.Module) and node not in self.nodes and self.any(values):
                    self.nodes.add(node)
        for flow in (state.returns, state.yields):
            for node, values in flow.items():
                if node not in self.nodes and self.any(values):
                    self.nodes.add(node)
        for (node, _), values in state.parameters.items():
            # One more, and the table may let go what leads to gRPC.
            if len(values) > MANY // 2 and node not in self.nodes and self.any(values):
                self.nodes.add(node)
        for cls in state.classes.values():
            if cls.node not in self.nodes and self.any(bases(state, cls)):
                self.nodes.add(cls.node)
        for node, values in state.values.items():
            if isinstance(node, ast.Call) and self.any(values):
                called = state.values.get(node.func, frozenset())
                self.nodes.update(value.node for value in called if isinstance(value, Function))

    def _promising(self) -> Iterator[ast.AST]:
        """The functions whose annotation promises something of gRPC's."""
        for module in self.modules:
            for node in module.nodes:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
                    parts = list(walk(node.returns))
                    parts += [
                        part for one in parts if one in self.state.strings for part in walk(self.state.strings[one])
                    ]
                    if any(is_grpc(value) for part in parts for value in self.state.values.get(part, ())):
                        yield node

    def _moved(self) -> Iterator[ast.AST]:
        """The classes of Connect modules: what has moved counts for what stays beside it."""
        for module in self.modules:
            if module.path.name.endswith(CONNECT_SUFFIX):
                yield from (node for node in module.tree.body if isinstance(node, ast.ClassDef))

    def _one(self, value: Value) -> bool:
        match value:
            case Wrapped(_, inner):
                return self._one(inner)
            case Function(_, node, _) | Class(_, node):
                return node in self.nodes
            case Instance(cls) | Super(cls):
                return cls.node in self.nodes
            case Partial(callee, _):
                return self._one(callee)
            case ProgramModule(module):
                return module.path.name == "__init__.py" or module.tree in self.nodes
            case Package(dotted, _):
                return not self.folders.isdisjoint(dotted.split("."))
        return is_grpc(value) or has_moved(value)
