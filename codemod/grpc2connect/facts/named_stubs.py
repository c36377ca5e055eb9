"""Services whose stubs go on answering to the names of their RPCs, as clients of Connect that have both.

Where something else may stand in a stub's place (a fake, a mock, an object of which nothing is known), a call has to go
on by the name that that has. If all stubs of the service get the names of their RPCs where they are made, such calls
stay as they are written; if some stub may be made where that does not show, each call has to find out when it runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grpc2connect.facts.annotations import is_type
from grpc2connect.facts.derived_stubs import MOVED_BASE
from grpc2connect.facts.kinds import Stub
from grpc2connect.facts.moved import GIVES_NAMES, imports_runtime
from grpc2connect.facts.references import (
    CalledValue,
    GeneratedUse,
    NamedByText,
    PluginFixture,
    RpcUse,
    StubConstruction,
    UnknownRpc,
)
from grpc2connect.syntax.names import last_name

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.facts.reference import Reference
    from grpc2connect.schema import Service
    from grpc2connect.syntax import Module


@dataclass(frozen=True)
class NamedStubs:
    """The services whose stubs keep the names of their RPCs."""

    services: frozenset[Service] = frozenset()

    def makes(self, units: Iterable[Service]) -> bool:
        """Whether a stub that is made, of one of these services, has to be given the names."""
        return any(service in self.services for service in units)

    def have_names(self, units: frozenset[Service]) -> bool:
        """Whether all stubs of these services have the names."""
        return bool(units) and units <= self.services

    def keeps(self, use: RpcUse | UnknownRpc | NamedByText, receiver: ast.expr) -> bool:
        """Whether an RPC may go on being asked of an object by its name, as it is written.

        Not where the object's type is written down: a type checker looks for the name in the client's class, then.
        """
        if isinstance(use, UnknownRpc):
            spelled = _spelled(use)
            return bool(spelled) and spelled <= self.services
        typed = any(isinstance(one, Stub) and one.site is None for one in use.facts.values(receiver))
        return self.have_names(use.units) and not typed


def named_stubs(facts: Facts, references: Iterable[Reference]) -> NamedStubs:
    """What the references of a program, all of them, say of its stubs."""
    known = list(references)
    made = frozenset(_made_before(facts))
    wanted = {service for one in known for service in _wanted(one)} | {service for service, named in made if named}
    if not wanted:
        return NamedStubs()
    unsure = {service for one in known for service in _unsure(one)} | {service for service, named in made if not named}
    return NamedStubs(frozenset(wanted - unsure))


def _wanted(reference: Reference) -> Iterable[Service]:
    """The services that something may stand in for the stubs of, by a reference."""
    match reference:
        case RpcUse(other="fake") | RpcUse(mock="mock" | "part"):
            return reference.units
        case NamedByText(stub=ast.expr(), looks=False):
            return reference.units
        case UnknownRpc(methods=methods, called=called, mock=False):
            kinds = {(method.python_name, method.kind) for method in methods}
            if not called or len(kinds) > 1:
                return _spelled(reference)
    return ()


def _spelled(use: UnknownRpc) -> frozenset[Service]:
    """The services that an RPC may be of, by its name."""
    return use.facts.unseen.services(use.name) if use.outside else use.facts.spelled_by(use.module, use.name)


def _unsure(reference: Reference) -> Iterable[Service]:
    """The services of which a stub may be made, or replaced, in a way that does not show here."""
    match reference:
        case PluginFixture():
            return reference.units
        case StubConstruction() | CalledValue(value="stub") if reference.facts.shown.keeps(reference):
            return reference.units
        case GeneratedUse(value="static" | "module" | "", spec=False):
            return reference.units
        case GeneratedUse(escape=escape) if escape:
            return reference.units
    return ()


def _made_before(facts: Facts) -> Iterator[tuple[Service, bool]]:
    """The services whose clients an earlier run has made, and whether it has given them the names."""
    by_name: dict[str, set[Service]] = {}
    for service in facts.stubs_of:
        for name in (service.connect_client, service.connect_client_sync):
            by_name.setdefault(name, set()).add(service)
    for module in facts.program.modules():
        if not imports_runtime(module):
            continue
        for node in module.nodes:
            name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
            if name in by_name and isinstance(node, ast.expr) and not is_type(module, node):
                yield from ((service, _gives_names(module, node)) for service in by_name[name])


def _gives_names(module: Module, node: ast.expr) -> bool:
    """Whether a client's class is named in a call that gives what it makes the names of its RPCs."""
    above: ast.AST | None = module.parents.get(node)
    while isinstance(above, ast.expr | ast.keyword):
        if isinstance(above, ast.Call) and last_name(above.func) in GIVES_NAMES:
            return True
        if isinstance(above, ast.Subscript) and last_name(above.value) == MOVED_BASE:
            return True
        above = module.parents.get(above)
    return False
