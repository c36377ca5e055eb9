"""What the inference has learned so far: a set of monotone tables, and whether a round changed any."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from grpc2connect.facts.kinds import NOTHING, Class, Function, Value, Values, is_grpc
from grpc2connect.schema import Method, Service
from grpc2connect.syntax import Module

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


MANY = 48
"""Above this size a set of values keeps only what is gRPC's: code that can be any of so many functions of the program
(a registry of callbacks, a plugin table) says nothing about gRPC, and costs the square of its size."""


FEW = 8
"""The same for what subclasses put in the place of a method of their base: more than so many say nothing about gRPC."""


@dataclass(frozen=True)
class Handler:
    """A function that implements an RPC; `direct` is False for a wrapper that a decorator put in its place."""

    module: Module
    node: FunctionNode
    service: Service
    method: Method
    direct: bool


@dataclass(frozen=True)
class Registration:
    """One `add_XServicer_to_server(servicer, server)`."""

    module: Module
    node: ast.Call
    service: Service


Key = TypeVar("Key", bound=Hashable)


class Table(dict[Key, Values]):
    """What is known under some key; whoever reads a key while it runs is run again when that key changes.

    It only grows, but for a key that gets more than `many` values: that keeps what is gRPC's, and from then on takes
    nothing else. If it went on to fill up again, each time everything that reads it would run again.
    """

    many = MANY

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work
        self._readers: defaultdict[Key, set[ast.AST]] = defaultdict(set)
        self._crowded: set[Key] = set()

    def read(self, key: Key) -> Values:
        """The values under a key, for the running unit."""
        if self._work.running is not None:
            self._readers[key].add(self._work.running)
        return self.get(key, NOTHING)

    def grow(self, key: Key, values: Values) -> bool:
        """Add values; whether any of them was new."""
        old = self.get(key, NOTHING)
        new = values - old
        if new and key in self._crowded:
            new = frozenset(filter(is_grpc, new))
        if not new:
            return False
        more = old | new
        if len(more) > self.many and key not in self._crowded:
            self._crowded.add(key)
            more = frozenset(filter(is_grpc, more))
            if more == old:
                return False
        self[key] = more
        if key in self._readers:
            self._work.due |= self._readers[key]
        if key in self._work.bases:
            self._work.families.clear()
        return True


@dataclass
class Family:
    """A class and its bases in the program; `read` are the expressions that say so, `readers` the units that asked."""

    members: list[Class]
    read: list[ast.expr]
    readers: set[ast.AST | None]


@dataclass
class Work:
    """Which units (modules' trees and functions) have to be run again, and which one is running.

    `families` are those of classes, as long as none of the `bases` that they were found by turns out to be more.
    """

    due: set[ast.AST] = field(default_factory=set)
    running: ast.AST | None = None
    families: dict[ast.AST, Family] = field(default_factory=dict)
    bases: set[object] = field(default_factory=set)


Names = dict[str, Values]


class State:
    """Tables that only ever grow. Keys are `ast` nodes, which compare by identity.

    `cells`: what a name of a scope can hold, whenever. `attributes`: what an instance attribute can hold.
    `below`: what a class's subclasses have under a name, which `self` in a method of the class can be asked for.
    `parameters`: what flows into a parameter. `returns`, `yields`: what comes out of a function.
    `own`: what an attribute holds that the program gave to gRPC's own objects of a type; `assigned`: all such.
    `values`: what an expression evaluated to. `calls`: which call nodes may call a function. `imports`: which module
    imports which module of the program, or which generated one. `work` is what remains to be done.
    `servicers`: the services that classes implement; `moved`: those that they implement as Connect has it. `derived`:
    the stubs that objects of the program's own classes are, which derive from those of stubs.
    `unsettled`: what makes stubs on channels that are not known so far; once all else is known (`settled`), they never
    will be.
    """

    def __init__(self) -> None:
        self.work = Work()
        self.cells: Table[tuple[ast.AST, str]] = self._table("cells")
        self.attributes: Table[tuple[ast.AST, str]] = self._table("attributes")
        self.below: Table[tuple[ast.AST, str]] = self._table("below")
        self.below.many = FEW
        self.parameters: Table[tuple[ast.AST, str]] = self._table("parameters")
        self.returns: Table[ast.AST] = self._table("returns")
        self.yields: Table[ast.AST] = self._table("yields")
        self.values: Table[ast.AST] = self._table("values")
        self.calls: dict[ast.AST, set[ast.Call]] = {}
        self.functions: dict[ast.AST, Function] = {}
        self.classes: dict[ast.AST, Class] = {}
        self.handlers: dict[tuple[ast.AST, str], Handler] = {}
        self.servicers: dict[Class, set[Service]] = {}
        self.moved: dict[Class, set[Service]] = {}
        self.derived: set[Value] = set()
        self.intercepted: set[Value] = set()
        self.own: Table[tuple[type, str]] = self._table("own")
        self.assigned: set[tuple[type, str]] = set()
        self.registrations: dict[ast.AST, set[Registration]] = {}
        self.links: set[tuple[Value, Value]] = set()
        self.settled = False
        self.unsettled: set[ast.AST] = set()
        self.globals: dict[ast.AST, frozenset[str]] = {}
        self.strings: dict[ast.AST, ast.expr] = {}
        self.fixtures: dict[str, set[Function]] = {}
        self.imports: set[tuple[object, object]] = set()
        self.active: set[ast.AST] = set()
        self.dormant: set[ast.AST] = set()
        self._names: dict[ast.AST, Names] = {}
        self._star_readers: dict[ast.AST, set[ast.AST]] = {}
        self._askers: dict[str, set[ast.AST]] = {}

    def _table(self, name: str) -> Table[Any]:
        return Table(self.work)

    def bind(self, scope: ast.AST, name: str, values: Values) -> None:
        """Add to what a name of a scope can hold."""
        if self.cells.grow((scope, name), values) and scope in self._star_readers:
            self.work.due |= self._star_readers[scope]
        if isinstance(scope, ast.Module):
            self._names.setdefault(scope, {})[name] = self.cells.get((scope, name), NOTHING)

    def names_of(self, tree: ast.Module) -> Names:
        """All names of a module, for the running unit (a star import)."""
        if self.work.running is not None:
            self._star_readers.setdefault(tree, set()).add(self.work.running)
        return self._names.get(tree, {})

    def receive(self, function: FunctionNode, name: str, values: Values) -> None:
        """Add to what flows into a parameter."""
        if self.parameters.grow((function, name), values):
            self.work.due.add(function)

    def remember(self, node: ast.AST, values: Values) -> None:
        """Note what an expression, target or alias was."""
        if values:
            self.values.grow(node, values)

    def define(self, function: Function) -> None:
        """Note a function, to be run."""
        if function.node not in self.functions:
            self.functions[function.node] = function
            self.work.due.add(function.node)

    def offer(self, name: str, fixture: Function) -> None:
        """Note a pytest fixture."""
        known = self.fixtures.setdefault(name, set())
        if fixture not in known:
            known.add(fixture)
            self.work.due |= self._askers.get(name, set())

    def asked(self, name: str) -> set[Function]:
        """The fixtures of a name, for the running unit."""
        if self.work.running is not None:
            self._askers.setdefault(name, set()).add(self.work.running)
        return self.fixtures.get(name, set())

    def link(self, one: Value, other: Value) -> None:
        """Note that two objects belong together: a stub and its channel, a service and its server."""
        self.links.add((one, other))

    def serve(self, cls: Class, service: Service) -> None:
        """Note that a class implements a service."""
        (self.moved if service.moved else self.servicers).setdefault(cls, set()).add(service)
