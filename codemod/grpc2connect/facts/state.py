"""What the inference has learned so far: a set of monotone tables, and whether a round changed any."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from grpc2connect.facts.kinds import NOTHING, Class, Function, Value, Values, is_grpc
from grpc2connect.schema import Method, Service
from grpc2connect.syntax import Module

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


MANY = 48
"""Above this size a set of values keeps only what is gRPC's: code that can be any of so many functions of the program
(a registry of callbacks, a plugin table) says nothing about gRPC, and costs the square of its size."""


def _bounded(values: Values) -> Values:
    return values if len(values) <= MANY else frozenset(value for value in values if is_grpc(value))


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


@dataclass
class State:
    """Tables that only ever grow. Keys are `ast` nodes, which compare by identity.

    `cells`: what a name of a scope can hold, whenever. `attributes`: what an instance attribute can hold.
    `parameters`: what flows into a parameter. `returns`, `yields`: what comes out of a function.
    `values`: what an expression evaluated to. `calls`: which call nodes may call a function. `imports`: which module
    imports which module of the program, or which generated one.
    """

    cells: dict[tuple[ast.AST, str], Values] = field(default_factory=dict)
    attributes: dict[tuple[ast.AST, str], Values] = field(default_factory=dict)
    parameters: dict[tuple[ast.AST, str], Values] = field(default_factory=dict)
    returns: dict[ast.AST, Values] = field(default_factory=dict)
    yields: dict[ast.AST, Values] = field(default_factory=dict)
    values: dict[ast.AST, Values] = field(default_factory=dict)
    calls: dict[ast.AST, set[ast.Call]] = field(default_factory=dict)
    functions: dict[ast.AST, Function] = field(default_factory=dict)
    classes: dict[ast.AST, Class] = field(default_factory=dict)
    handlers: dict[tuple[ast.AST, str], Handler] = field(default_factory=dict)
    servicers: dict[Class, set[Service]] = field(default_factory=dict)
    registrations: dict[ast.AST, set[Registration]] = field(default_factory=dict)
    links: set[tuple[Value, Value]] = field(default_factory=set)
    modules_of: dict[ast.AST, Module] = field(default_factory=dict)
    globals: dict[ast.AST, frozenset[str]] = field(default_factory=dict)
    strings: dict[ast.AST, ast.expr] = field(default_factory=dict)
    fixtures: dict[str, set[Function]] = field(default_factory=dict)
    imports: set[tuple[object, object]] = field(default_factory=set)
    changed: bool = False

    def grow(self, table: dict[tuple[ast.AST, str], Values], key: tuple[ast.AST, str], values: Values) -> None:
        """Add values to one of the two-part tables."""
        old = table.get(key, NOTHING)
        if not values <= old and (more := _bounded(old | values)) != old:
            table[key] = more
            self.changed = True

    def grow_flow(self, table: dict[ast.AST, Values], node: ast.AST, values: Values) -> None:
        """Add values to `returns` or `yields`."""
        old = table.get(node, NOTHING)
        if not values <= old and (more := _bounded(old | values)) != old:
            table[node] = more
            self.changed = True

    def link(self, one: Value, other: Value) -> None:
        """Note that two objects belong together: a stub and its channel, a service and its server."""
        if (one, other) not in self.links:
            self.links.add((one, other))
            self.changed = True

    def serve(self, cls: Class, service: Service) -> None:
        """Note that a class implements a service."""
        services = self.servicers.setdefault(cls, set())
        if service not in services:
            services.add(service)
            self.changed = True
