"""What is kept for the callers of a library: which services' channels, stubs, servicers and servers they see.

Where something is seen to call by that belongs to no known service (a channel, an interceptor), it may be any of its
part of the program; what is there to serve by is kept where it belongs to no service. All calls of that part have
errors that are gRPC's, and all clauses stay as they are.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable

from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import Site
from grpc2connect.facts.reference import Reference
from grpc2connect.facts.references import (
    ApiUse,
    GeneratedUse,
    NamedByText,
    PluginFixture,
    StubConstruction,
)
from grpc2connect.facts.shown import Shown, is_behind_bridge
from grpc2connect.public_api.contracts import CLIENTS, SERVERS, SERVICERS, Contract
from grpc2connect.public_api.names import public_names, public_values
from grpc2connect.schema import Service
from grpc2connect.syntax.names import last_name

_OF_CHANNELS = (
    "grpc.channel_ready_future",
    "grpc.ChannelConnectivity",
    "grpc.FutureTimeoutError",
    "grpc.FutureCancelledError",
)
_ONE_SIDE = frozenset({"stub", "base", "static", "registration", "servicer"})
_BOTH_SIDES = (GeneratedUse, NamedByText, PluginFixture)
"""What can be about a service's clients and its servicers at once: if one side is seen, the other is kept with it."""


def shown(facts: Facts, references: Iterable[Reference], found: Iterable[Contract], public: tuple[str, ...]) -> Shown:
    """What the callers of a library with these contracts see; `public` are its public modules."""
    known = list(references)
    sides: dict[str, set[Service]] = {CLIENTS: set(), SERVICERS: set(), SERVERS: set()}
    near: set[object] = set()
    loose: dict[str, set[object]] = {CLIENTS: set(), SERVICERS: set(), SERVERS: set()}
    for contract in found:
        component = facts.component(contract.module)
        near.add(component)
        for side in contract.sides:
            sides[side] |= contract.services
            if not contract.services:
                loose[side].add(component)
    for one in known:
        if is_behind_bridge(one):
            near.add(facts.component(one.module))
            sides[CLIENTS] |= one.units
            sides[SERVICERS] |= one.units
    loose[CLIENTS] |= near & _waiting_for_others(facts, known, sides[CLIENTS])
    for one in known:
        if facts.component(one.module) in loose[CLIENTS]:  # any service may be called by what is seen
            sides[CLIENTS].update(service for service in one.units if service.name)
    seen = frozenset(service for services in sides.values() for service in services)
    for one in known:
        if isinstance(one, _BOTH_SIDES) and one.units & seen and getattr(one, "value", "") not in _ONE_SIDE:
            for services in sides.values():
                services |= one.units & seen
    stubs = _public_stubs(facts, known, near)
    values = public_values(facts, public, public_names(facts, public))
    return Shown(
        frozenset(sides[CLIENTS]),
        frozenset(sides[SERVICERS]),
        frozenset(sides[SERVERS]),
        frozenset(near),
        frozenset(loose[CLIENTS]),
        frozenset(loose[SERVICERS] | loose[SERVERS]),
        frozenset(stubs.values()),
        _only(facts, stubs),
        frozenset(value.name.rpartition(".")[2] for value in values if "." in value.name),
    )


def _waiting_for_others(facts: Facts, references: Iterable[Reference], clients: Container[Service]) -> set[object]:
    """The parts of the program that wait for channels which are not surely kept: what they get must be of one kind."""
    return {
        facts.component(one.module)
        for one in references
        if isinstance(one, ApiUse)
        and one.path.startswith(_OF_CHANNELS)
        and not (one.units and all(service in clients for service in one.units))
    }


def _public_stubs(facts: Facts, references: Iterable[Reference], near: Container[object]) -> dict[ast.AST, Site]:
    """The stubs that are made where no test puts anything in the place of their class."""
    return {
        one.node: Site(str(one.module.path), one.module.span(one.node).start)
        for one in references
        if isinstance(one, StubConstruction)
        and facts.component(one.module) in near
        and not (one.looked_up or one.service in facts.patches.classes)
    }


def _only(facts: Facts, stubs: Container[ast.AST]) -> frozenset[str]:
    """The names of private attributes that nothing is assigned to but some stubs, as they are or under `cast`."""
    found: set[str] = set()
    others: set[str] = set()
    for module in facts.program.modules():
        for node in module.nodes:
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load) and node.attr.startswith("_"):
                parent = module.parents[node]
                value = parent.value if isinstance(parent, ast.Assign | ast.AnnAssign) else None
                if isinstance(value, ast.Call) and last_name(value.func) == "cast" and len(value.args) == 2:
                    value = value.args[1]
                (found if value in stubs else others).add(node.attr)
    return frozenset(found - others)
