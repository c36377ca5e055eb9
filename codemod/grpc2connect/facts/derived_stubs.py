"""Classes of the program that derive from a stub's class: `class Greeting(greeting_pb2_grpc.GreeterStub)`.

Objects of such a class are stubs that the program makes by its own class, with methods beside the RPCs, which may be
called as Connect's client calls its own. So they go on answering to the names of the RPCs, and to no others; and a call
that may be of one of them, or of a stub, goes on by that name as well.
"""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from grpc2connect.facts import classes
from grpc2connect.facts.environment import Environment
from grpc2connect.facts.kinds import (
    NOTHING,
    Channel,
    Class,
    Instance,
    Package,
    Site,
    Stub,
    StubClass,
    Super,
    Value,
    Values,
)
from grpc2connect.facts.moved import name_in_runtime
from grpc2connect.syntax.names import last_name
from grpc2connect.syntax.walking import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grpc2connect.facts.facts import Facts
    from grpc2connect.schema import Service
    from grpc2connect.syntax import Module

MOVED_BASE = "StubOf"
"""What of the runtime takes the place of a stub's class among the bases of a class."""
_CHECKS = frozenset({"isinstance", "issubclass"})


def make_stub(base: StubClass, given: list[Values], site: Site, env: Environment) -> Values:
    """The stub that is made of a class, or of one that derives from it, with some arguments."""
    channels = [value for values in given for value in values if isinstance(value, Channel)]
    kinds = {channel.aio for channel in channels}
    if base.aio is None and not kinds and not env.state.settled:
        # Not known yet, or never: a guess now would stay in the tables.
        if env.state.work.running is not None:
            env.state.unsettled.add(env.state.work.running)
        return NOTHING
    aio = base.aio if base.aio is not None else kinds.pop() if len(kinds) == 1 else None
    stub = Stub(base.service, aio, site)
    for channel in channels:
        env.state.link(stub, channel)
    return frozenset({stub})


def initialise(cls: Class, given: list[Values], site: Site, env: Environment) -> None:
    """Note the stub that an object is whose `__init__` is that of the stub's class, which its class derives from."""
    for base in classes.stub_bases(env.state, cls)[:1]:
        env.state.derived.update(make_stub(base, given, site, env))


def is_bare(module: Module, node: ast.expr) -> bool:
    """Whether a class is named to make an object without a channel: `GreeterStub.__new__(GreeterStub)`."""
    above = module.parents[node]
    call = module.parents[above] if isinstance(above, ast.Attribute) else above
    match call:
        case ast.Call(func=ast.Attribute(value=cls, attr="__new__"), args=[given], keywords=[]):
            return node in (cls, given) and ast.dump(cls) == ast.dump(given)
    return False


def is_base(module: Module, node: ast.expr) -> bool:
    """Whether a class derives from what an expression names, or a method of its own asks for its `__init__`."""
    parent = module.parents[node]
    if isinstance(parent, ast.Subscript) and parent.value is node:
        node, parent = parent, module.parents[parent]
    match parent:
        case ast.ClassDef(bases=bases):
            return node in bases
        case ast.Attribute(attr="__init__", ctx=ast.Load()):
            call = module.parents[parent]
            return isinstance(call, ast.Call) and call.func is parent
        case ast.Call(func=ast.Name(id="super"), args=[first, *_]):
            return first is node
    return False


class DerivedStubs:
    """Knows the services whose stubs the program may make by a class of its own, by the part of the program."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    @cached_property
    def _services(self) -> frozenset[tuple[object, Service]]:
        found = self._facts.state.classes.values()
        return frozenset(
            (self._facts.component(cls.module), base.service)
            for cls in found
            for base in classes.stub_bases(self._facts.state, cls)
        )

    def may_be(self, module: Module, services: frozenset[Service]) -> bool:
        """Whether what a module takes for a stub of some services may be an object of such a class."""
        part = self._facts.component(module)
        return any((part, service) in self._services for service in services)

    def is_one(self, node: ast.expr) -> bool:
        """Whether an expression is an object of such a class, and no other stub."""
        values = self._facts.values(node)
        return bool(values) and all(self._derives(value) for value in values)

    def _derives(self, value: Value) -> bool:
        cls = value.cls if isinstance(value, Instance | Super) else value
        return isinstance(cls, Class) and bool(classes.stub_bases(self._facts.state, cls))

    def is_checked(self, module: Module, node: ast.expr, service: Service) -> bool:
        """Whether something is asked whether it is a stub of a service, which an object of such a class is too."""
        call = module.parents[node]
        call = module.parents[call] if isinstance(call, ast.Tuple) else call
        asks = isinstance(call, ast.Call) and last_name(call.func) in _CHECKS
        return asks and self.may_be(module, frozenset({service}))


def moved_bases(facts: Facts, cls: Class) -> Iterator[Service]:
    """The services of whose stubs objects of a class are, where an earlier run has changed what it derives from."""
    for ancestor in classes.ancestry(facts.state, cls):
        for base in ancestor.node.bases:
            if isinstance(base, ast.Subscript) and _is_moved(facts, base.value):
                named = {one for node in walk(base.slice) for one in facts.values(node) if isinstance(one, Class)}
                known = (facts.program.connect.of(one) for one in named)
                yield from (found[0] for found in known if found is not None)


def _is_moved(facts: Facts, node: ast.expr) -> bool:
    return any(
        isinstance(value, Package) and name_in_runtime(value.dotted) == MOVED_BASE for value in facts.values(node)
    )
