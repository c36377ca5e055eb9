"""Where each fact of the inference comes from; recorded in runs that are to explain something, and in no others.

A fact is a value under a key of one of the state's tables. Its source is the fact that it was first made of: what had
been read or evaluated last, in the same expression or statement, that is the value or holds it. So nothing here knows
the forms of statements and expressions, and what the inference learns to follow is followed here as well. A source is
known before what is made of it: chains end. Units run in the order of paths: chains are the same in every run.
"""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from grpc2connect.facts.kinds import (
    Api,
    Channel,
    Context,
    Credentials,
    Error,
    Member,
    Raises,
    Server,
    Status,
    Stub,
    StubClass,
    StubsModule,
    Value,
    Values,
    Wrapped,
    is_grpc,
)
from grpc2connect.facts.program import Program
from grpc2connect.facts.scopes import Scope
from grpc2connect.facts.state import Key, Names, State, Table, Work
from grpc2connect.syntax import Module

WINDOW = 200
"""How many of the latest evaluations are looked at for the source of a value."""
_MADE_BY_GRPC = Api | Channel | Server | Context | Credentials | Error | Raises | Status
_PROMISED = Channel | Server | Credentials | Context | Error | Status


class Fact(NamedTuple):
    """A value under a key of the state's `cells`, `attributes`, `parameters`, `returns`, `yields` or `values`."""

    table: str
    key: Any
    value: Value


@dataclass(frozen=True)
class _Event:
    """Something that was read from a table, or (table `values`) an expression that was evaluated."""

    table: str
    key: Hashable
    values: Values
    statement: ast.stmt | None = None
    promise: bool = False
    """Whether the expression is what the annotation of a function says that it returns."""

    def fact(self, value: Value) -> Fact:
        return Fact(self.table, self.key, value)


class Trace:
    """The sources of facts, and what the running unit did lately."""

    def __init__(self, program: Program, state: State) -> None:
        self._program = program
        self._state = state
        self._unit: ast.AST | None = None
        self._module: Module | None = None
        self._log: list[_Event] = []
        self._put: tuple[str, Any] = ("", None)
        self._sources: dict[Fact, Fact | None] = {}
        self._modules: dict[ast.AST, Module] = {}

    def chain(self, fact: Fact) -> list[Fact]:
        """A fact, what it was made of, and so on back to what was made of nothing."""
        found = [fact]
        while (source := self._sources.get(found[-1])) is not None:
            found.append(source)
        return found

    def module(self, node: ast.AST) -> Module:
        """The module of an expression, alias or parameter that a fact of a chain is about."""
        return self._modules[node]

    def saw(self, table: str, key: Hashable, values: Values) -> None:
        """Note that the running unit read a table."""
        if values and table != "values" and self._running() is not None:
            self._log.append(_Event(table, key, values))

    def wrote(self, table: str, key: Any, values: Values) -> None:
        """Find the sources of values that are new under a key, which is about to hold them."""
        module = self._running()
        if table == "values" and module is not None:
            self._evaluated(module, key, values)
            return
        for value in values:
            fact = Fact(table, key, value)
            if is_grpc(value) and fact not in self._sources:
                self._sources[fact] = self._latest(table, key, value) if module is not None else None
        self._put = (table, key)
        while table == "cells" and self._log and self._log[-1].table in ("parameters", "returns", "yields"):
            self._log.pop()  # what a statement itself read is bound now

    def _running(self) -> Module | None:
        unit = self._state.work.running
        if unit is not self._unit:
            self._unit, self._module = unit, None
            self._log.clear()
            if unit in self._state.functions:
                self._module = self._state.functions[unit].module
            elif unit is not None:
                self._module = next(module for module in self._program.modules() if module.tree is unit)
        return self._module

    def _evaluated(self, module: Module, node: ast.AST, values: Values) -> None:
        home = self._home(node, module)
        inner: list[_Event] = []
        while self._log and self._is_inside(home, node, self._log[-1]):
            inner.append(self._log.pop())
        inner.sort(key=lambda event: self._order(event.key))
        for value in values:
            fact = Fact("values", node, value)
            if is_grpc(value) and fact not in self._sources:
                self._sources[fact] = self._within(home, node, value, inner)
        if not isinstance(getattr(node, "ctx", None), ast.Store):
            self._log.append(_Event("values", node, values, home.statement(node), _is_promise(home, node)))

    def _is_inside(self, home: Module, node: ast.AST, event: _Event) -> bool:
        """Whether a reading or an evaluation was one of an expression's, which has just ended."""
        if event.table in ("returns", "yields"):
            return isinstance(node, ast.Call | ast.Attribute) and not _is_promise(home, node)
        if event.table != "values":
            return event.table != "parameters"  # those are read where a function begins, in no expression
        if node in home.ancestors(event.key):  # type: ignore[arg-type]
            return True
        return event.promise and isinstance(node, ast.Call)

    def _home(self, node: ast.AST, running: Module) -> Module:
        """The module that a node stands in: the one that runs, or that of a function called there (its annotations)."""
        if node not in self._modules:
            others = (module for module in self._program.modules() if node in module.parents)
            self._modules[node] = running if node in running.parents else next(others, running)
        return self._modules[node]

    def _within(self, module: Module, node: ast.AST, value: Value, inner: list[_Event]) -> Fact | None:
        """The source of an expression's value: what it read, the name that it is, or what its parts are."""
        read = [event for event in inner if event.table != "values"]
        parts = [event for event in inner if event.table == "values"]
        parts.sort(key=lambda event: node not in module.ancestors(event.key))  # type: ignore[arg-type]
        for event in read:
            if value in event.values:
                return event.fact(value)
        if isinstance(getattr(node, "ctx", None), ast.Store) and Fact(*self._put, value) in self._sources:
            return Fact(*self._put, value)
        if isinstance(node, ast.Name):
            for scope in module.ancestors(node):
                bound = Fact("cells", (scope, node.id), value)
                if isinstance(scope, Scope) and bound in self._sources:
                    return bound
        for event in parts:
            if value in event.values:
                return event.fact(value)
        for event in [*read, *parts]:
            for other in sorted(event.values, key=repr):
                if _made_of(value, other):
                    return event.fact(other)
        return None

    def _latest(self, table: str, key: Any, value: Value) -> Fact | None:
        """The source of a value that a statement puts somewhere: the latest that it evaluated to it or to a holder."""
        held: Fact | None = None
        statement: ast.stmt | None = None
        left = WINDOW
        for event in reversed(self._log):
            left -= event.statement is not None
            if not left:
                break
            if event.promise or (event.statement is None and table == "parameters"):
                continue  # arguments are expressions; what was read between is what other callees return
            if event.statement is not None and event.statement is not statement:
                if held is not None and statement is not None:
                    return held
                statement = event.statement
            if event.table == "cells" and table == "cells" and event.key[1] != key[1]:  # type: ignore[index]
                continue  # a star import reads all the names of a module
            if value in event.values:
                return event.fact(value)
            if held is None:
                other = next((other for other in sorted(event.values, key=repr) if _held_in(value, other)), None)
                held = event.fact(other) if other is not None else None
        return held

    def _order(self, key: Any) -> tuple[int, int, str]:
        node, name = key if isinstance(key, tuple) else (key, "")
        return getattr(node, "lineno", 0), getattr(node, "col_offset", 0), name


def _is_promise(module: Module, node: ast.AST) -> bool:
    child = node
    for parent in module.ancestors(node):
        if isinstance(parent, ast.stmt):
            return isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and parent.returns is child
        child = parent
    return False


def _held_in(value: Value, other: Value) -> bool:
    """Whether a value is what another holds, holds it, or is an instance of what it names."""
    match value, other:
        case Wrapped(_, inner), _ if inner == other or _held_in(inner, other):
            return True
        case _, Wrapped(_, inner) if value == inner or _held_in(value, inner):
            return True
        case Stub(service, _, None), StubClass(named, _):
            return service == named
    return isinstance(value, _PROMISED) and isinstance(other, Api)


def _made_of(value: Value, other: Value) -> bool:
    """Whether a value can be made of another: by a call of it, as an attribute of it, by taking it out."""
    if other in (getattr(value, "owner", None), getattr(value, "rpc", None)) or _held_in(value, other):
        return True
    if isinstance(value, Wrapped):
        return _made_of(value.value, other)
    service = getattr(value, "service", None)
    named = getattr(getattr(other, "rpc", other), "service", None)  # `stub.SayHello.future` names its RPC's
    match other:
        case Api():
            return isinstance(value, _MADE_BY_GRPC)
        case StubsModule(module):
            return service in module.services
        case Raises():
            return isinstance(value, Error)
        case Member():
            return isinstance(value, Status)
    return service is not None and service == named


class _TracedTable(Table[Key]):
    def __init__(self, work: Work, name: str, trace: Trace) -> None:
        super().__init__(work)
        self._name = name
        self._trace = trace

    def read(self, key: Key) -> Values:
        values = super().read(key)
        self._trace.saw(self._name, key, values)
        return values

    def grow(self, key: Key, values: Values) -> bool:
        self._trace.wrote(self._name, key, values)
        return super().grow(key, values)


class TracedState(State):
    """A state that keeps where its facts come from; what it learns is what a plain one learns."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._trace: Trace | None = None
        super().__init__()

    @property
    def trace(self) -> Trace:
        """The sources of facts."""
        if self._trace is None:
            self._trace = Trace(self._program, self)
        return self._trace

    def _table(self, name: str) -> Table[Any]:
        return _TracedTable(self.work, name, self.trace)

    def names_of(self, tree: ast.Module) -> Names:
        """See `State.names_of`: each name is read."""
        names = super().names_of(tree)
        for name, values in names.items():
            self.trace.saw("cells", (tree, name), values)
        return names


def first(values: Iterable[Value]) -> list[Value]:
    """Values of gRPC in the order in which they are explained: what is known best first."""
    return sorted(filter(is_grpc, values), key=lambda value: ("site=None" in repr(value), repr(value)))
