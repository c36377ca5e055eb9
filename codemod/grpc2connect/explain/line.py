"""Everything that is to be said of one line."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from grpc2connect.explain import wording
from grpc2connect.explain.absent import absent
from grpc2connect.explain.chains import Chains
from grpc2connect.explain.errors import Tried, raisers, tried
from grpc2connect.explain.reasons import Reasons
from grpc2connect.facts import references as refs
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import (
    Adder,
    Channel,
    Class,
    Credentials,
    Instance,
    Member,
    Rpc,
    Server,
    ServicerBase,
    StubClass,
    Value,
)
from grpc2connect.facts.provenance import TracedState, first
from grpc2connect.facts.reference import Reference
from grpc2connect.plan import Decision, Plan
from grpc2connect.results import Entry, Explained, Step

_KINDS: Mapping[type[Reference], type[Value]] = {
    refs.RpcUse: Rpc,
    refs.ContextUse: Member,
    refs.ServerUse: Member,
    refs.ChannelUse: Member,
    refs.CallUse: Member,
    refs.ErrorUse: Member,
    refs.Servicer: ServicerBase,
    refs.StubConstruction: StubClass,
    refs.Registration: Adder,
}
"""Which of the values at a reference make it one of its kind."""


def explain(
    facts: Facts, plan: Plan, told: Iterable[tuple[Decision, Entry]], path: Path, line: int
) -> tuple[Explained, ...]:
    """What is on a line (0: on any line of the file), in the order of the text; empty where nothing is.

    `facts` are those of a `TracedState`; `told` are the decisions that the ledger tells, with their lines of it.
    """
    teller = _Teller(facts)
    reasons = Reasons(plan, teller.because)
    found = [
        teller.explained(reasons, decision, entry)
        for decision, entry in told
        if entry.place.path == path and line in (0, entry.place.line)
    ]
    module = next((module for module in facts.program.modules() if module.path == path), None)
    if module is not None and not found and line:
        found.extend(absent(teller.chains, module, line))
    return tuple(sorted(found, key=lambda one: one.place))


class _Teller:
    def __init__(self, facts: Facts) -> None:
        assert isinstance(facts.state, TracedState)
        self.facts = facts
        self.chains = Chains(facts, facts.state.trace)

    def explained(self, reasons: Reasons, decision: Decision, entry: Entry) -> Explained:
        """A reference and what became of it."""
        why, held, better = reasons.of(decision, entry)
        because = tuple(self.because(decision.reference))
        if isinstance(decision.reference, refs.Import):
            because = because[1:]  # the import itself
        return Explained(
            entry.place, entry.text, wording.reference(decision.reference), entry, because, why, held, better
        )

    def because(self, reference: Reference) -> Iterator[Step]:
        """The chain of facts behind a reference, its own line left out."""
        seen: set[Step] = set()
        for step in self._because(reference):
            if step not in seen:
                seen.add(step)
                yield step

    def _because(self, reference: Reference) -> Iterator[Step]:
        facts, module, node = self.facts, reference.module, reference.node
        if isinstance(reference, refs.HandlerDefinition):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                steps = list(self.chains.handler(node, reference.service))
                yield from steps[1:]
            else:
                yield from self.chains.servicer(Class(module, reference.cls), reference.service)
            return
        if isinstance(reference, refs.HandlerUse):
            yield from self._owner_serves(reference)
            return
        subject = _subject(reference)
        kind = _KINDS.get(type(reference), Value)
        values = [value for value in first(facts.values(subject)) if isinstance(value, kind)]
        for value in _distinct(values):
            yield from self.chains.of(subject, value)
            yield from self._belongs(value)
        made = getattr(reference, "call", None)
        if isinstance(reference, refs.ChannelConstruction | refs.ServerConstruction | refs.ApiUse) and made is not None:
            for value in first(facts.values(made)):
                yield from self._belongs(value)
        clause = (
            tried(module, node)
            if isinstance(reference, refs.ErrorClass) and reference.role in ("except", "value")
            else _clause(reference)
        )
        if clause is not None:
            yield from raisers(facts, module, clause)

    def _belongs(self, value: Value) -> Iterator[Step]:
        owner = value.owner if isinstance(value, Member) else value
        if isinstance(owner, Channel | Server | Credentials):
            yield from self.chains.linked(owner)

    def _owner_serves(self, reference: refs.HandlerUse) -> Iterator[Step]:
        node = reference.node
        owners = self.facts.values(node.value) if isinstance(node, ast.Attribute) else frozenset()
        for owner in sorted(owners, key=repr):
            if isinstance(owner, Instance | Class):
                cls = owner.cls if isinstance(owner, Instance) else owner
                for service in sorted(reference.units, key=lambda service: service.full_name):
                    yield from self.chains.servicer(cls, service)


def _subject(reference: Reference) -> ast.AST:
    """The expression whose value makes a reference what it is."""
    node = reference.node
    if isinstance(node, ast.Call):
        by_name = isinstance(reference, refs.NamedByText)
        return node.args[0] if by_name and node.args else node.func
    return node


def _distinct(values: list[Value]) -> list[Value]:
    """One value for each RPC or service; of channels and other objects the first."""
    found: dict[object, Value] = {}
    for value in values:
        method = (value.service, value.method) if isinstance(value, Rpc) else getattr(value, "service", type(value))
        found.setdefault(method, value)
    return list(found.values())


def _clause(reference: Reference) -> Tried | None:
    """The `try` whose error a reference asks something of."""
    if not isinstance(reference, refs.ErrorUse) or not isinstance(reference.node.value, ast.Name):
        return None
    name = reference.node.value.id
    for parent in reference.module.ancestors(reference.node):
        if isinstance(parent, ast.ExceptHandler) and parent.name == name:
            found = reference.module.parents[parent]
            return found if isinstance(found, ast.Try | ast.TryStar) else None
    return None
