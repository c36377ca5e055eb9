"""The services that an earlier run has moved in a module, beside what stays there on gRPC.

A run that plans what is left must know of these: code for both is no debt that nobody pays, but what goes on until the
other service moves too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grpc2connect.facts import classes
from grpc2connect.facts.derived_stubs import moved_bases
from grpc2connect.facts.kinds import (
    Class,
    Instance,
    Member,
    MovedChannel,
    MovedContext,
    MovedServer,
    MovedStub,
    Value,
    unwrapped,
)
from grpc2connect.facts.moved import imports_runtime
from grpc2connect.schema import CONNECT_SUFFIX
from grpc2connect.syntax.names import last_name

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.schema import Service
    from grpc2connect.syntax import Module


_EITHER = "stub_method"


@dataclass(frozen=True)
class MovedUse:
    """That a module has something of a service that has moved: of its server's side (`serving`), or of its clients.

    `part` is the part of the program that the module is in. An `open` one may as well be what stays on gRPC: it comes
    from a module that is not seen.
    """

    module: Module
    part: object
    service: Service
    serving: bool
    open: bool = False


def moved_services(facts: Facts) -> frozenset[MovedUse]:
    """All that modules have of services that have moved; nothing where no Connect module is imported."""
    if not any(module.path.name.endswith(CONNECT_SUFFIX) for module in facts.program.modules()):
        return frozenset()
    known: dict[Value, tuple[tuple[Service, bool], ...]] = {}
    found: set[MovedUse] = set()
    for module in facts.program.modules():
        if module.path.name.endswith(CONNECT_SUFFIX):
            continue
        for node in module.nodes:
            if not isinstance(node, ast.expr | ast.alias | ast.arg):
                continue
            for value in map(unwrapped, facts.values(node)):
                if value not in known:
                    known[value] = tuple(_of(facts, value))
                found.update(MovedUse(module, facts.component(module), *one) for one in known[value])
    found.update(_unseen(facts, {use.service for use in found}))
    return frozenset(found)


def _unseen(facts: Facts, moved: Iterable[Service]) -> Iterator[MovedUse]:
    """Calls for which the runtime finds out whether they are of a client that has moved, or of a stub."""
    for module in facts.program.modules():
        for node in module.nodes if imports_runtime(module) else ():
            match node:
                case ast.Call(func=function, args=[_, ast.Constant(value=str(name)), *_]) if (
                    last_name(function) == _EITHER
                ):
                    unseen = facts.unseen.is_asked_by(module) and not facts.spelled(module, name)
                    for service in moved:
                        if service.method(name):
                            yield MovedUse(module, facts.component(module), service, serving=False, open=unseen)


def _of(facts: Facts, value: Value) -> Iterator[tuple[Service, bool]]:
    match value.owner if isinstance(value, Member) else value:
        case MovedContext(service=service) if service is not None:
            yield service, True
        case MovedStub(service=service) if service is not None:
            yield service, False
        case (MovedChannel() | MovedServer()) as shared:
            serving = isinstance(shared, MovedServer)
            yield from ((service, serving) for service in facts.services(shared) if service.moved)
        case Class() as cls:
            yield from _of_class(facts, cls)
        case Instance(cls):
            yield from _of_class(facts, cls)


def _of_class(facts: Facts, cls: Class) -> Iterator[tuple[Service, bool]]:
    for ancestor in classes.ancestry(facts.state, cls):
        if (found := facts.program.connect.of(ancestor)) is not None:
            yield found[0], found[1] != "client"
    yield from ((service, False) for service in moved_bases(facts, cls))
    yield from ((service, True) for service in facts.state.moved.get(cls, ()))
