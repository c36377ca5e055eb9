"""From rules' possible outcomes to one decision per reference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grpc2connect.expendable import expendable
from grpc2connect.facts.moved_services import MovedUse
from grpc2connect.facts.reference import Reference
from grpc2connect.facts.references import Import, UnknownRpc
from grpc2connect.options import Refusal
from grpc2connect.plan.groups import Half
from grpc2connect.plan.kept import for_callers
from grpc2connect.plan.sides import Side
from grpc2connect.plan.states import leave_states
from grpc2connect.plan.units import Units
from grpc2connect.results import State
from grpc2connect.rules_api import Left, Outcome, Registry
from grpc2connect.schema import by_name

UNCLAIMED = "G2C001"
UNKNOWN_OBJECT = "G2C501"


@dataclass(frozen=True)
class Decision:
    """How one reference ends, by which rule; `possible` are the outcomes that it chose from, best first."""

    reference: Reference
    code: str
    outcome: Outcome
    possible: tuple[Outcome, ...] = ()


@dataclass
class Plan:
    """The decisions of a run, in the order of files and places, and the units behind them."""

    decisions: list[Decision]
    units: Units

    def without(self, paths: Container[Path]) -> Plan:
        """The plan without the decisions in some files, which stay as they are."""
        return Plan([one for one in self.decisions if one.reference.module.path not in paths], self.units)


Offer = tuple[Reference, str, Sequence[Outcome]]
"""A reference, the code of the rule that claims it, and what that offers, best first."""


def offer(
    reference: Reference,
    rules: Registry,
    wanted: Callable[[Reference, str], bool] = lambda reference, code: True,
    *,
    unsafe: bool = False,
    native: bool = False,
) -> Offer:
    """Ask the rules.

    `wanted` says which rules are switched on for a reference; what the others claim stays on gRPC. Outcomes that change
    what the program does today count only where `unsafe` lets them, those that give up what the runtime does where
    `native` asks for them.
    """
    claimed = rules.claim(reference)
    if claimed is None:
        unknown = Left(f"no rule knows this {reference.kind}", advice="move it by hand, or report it")
        return reference, UNCLAIMED, [unknown]
    if not wanted(reference, claimed.code):
        off = Left(f"rule {claimed.code} is switched off", advice="select it, then run again")
        return reference, claimed.code, [off]
    with expendable(reference.module.path):
        possible = rules.outcomes(claimed, reference)
        offered = [one for one in possible if (unsafe or not one.unsafe) and (native or not one.asked)]
        return reference, claimed.code, for_callers(reference, offered)


def make(
    offers: Iterable[Offer],
    stay: Mapping[str, str] | None = None,
    refused: Iterable[Refusal] = (),
    only: Side | None = None,
    closed: Mapping[Path, str] | None = None,
    moved: Iterable[MovedUse] = (),
) -> Plan:
    """Settle what is offered.

    `stay` names files (paths as text) and services (full names) that must stay on gRPC, with the reason: an earlier
    attempt to edit them failed. Files that are `closed` are not edited at all, and what would need that stays as well.
    Outcomes that a person has `refused` count nowhere. With `only`, one side of each service moves, and the other is
    for another stage. `moved` is what of services has moved before.
    Demotion only ever goes down a reference's list of outcomes, so the result does not depend on any order.
    """
    unwanted: dict[object, set[State]] = defaultdict(set)
    for one in refused:
        unwanted[one.place, one.code].add(one.state)
    possible = [
        (reference, code, _without(list(outcomes), unwanted.get((reference.place, code))))
        for reference, code, outcomes in offers
    ]
    references = [reference for reference, _, _ in possible]
    units = Units(references, only, moved)
    _close(possible, units, closed or {})
    _leave(possible, units, stay or {})
    units.leave_what_is_alone()
    leave_states(references, units)
    chosen = {reference: _first(reference, outcomes, units) for reference, _, outcomes in possible}
    _settle(possible, chosen, units)
    decisions = [
        Decision(reference, code, chosen[reference], tuple(outcomes)) for reference, code, outcomes in possible
    ]
    return Plan(_cover(decisions), units)


def _without(outcomes: list[Outcome], states: Container[State] | None) -> list[Outcome]:
    """What a person has not refused; a reference that has nothing else stays, and its services with it."""
    if states is None:
        return outcomes
    return [outcome for outcome in outcomes if outcome.state not in states] or [
        Left("it was decided to leave this as it is", advice="decide otherwise, then run again")
    ]


def _close(possible: list[tuple[Reference, str, list[Outcome]]], units: Units, closed: Mapping[Path, str]) -> None:
    for reference, _, outcomes in possible if closed else ():
        if why := closed.get(reference.module.path):
            halves = units.close(reference, why, changes=any(outcome.edits for outcome in outcomes))
            wire = any(outcome.wire for outcome in outcomes)
            for half in _in_order(halves):
                for other in _in_order(units.carried_with(half)) if wire else [half]:
                    units.leave(other, why)


def _leave(possible: list[tuple[Reference, str, list[Outcome]]], units: Units, stay: Mapping[str, str]) -> None:
    for reference, code, outcomes in possible:
        only_left = all(outcome.state is State.LEFT for outcome in outcomes)
        for service in by_name(reference.units):
            if reason := stay.get(service.full_name):
                for half in units.halves_of(service):
                    units.leave(half, reason)
        failed = stay.get(str(reference.module.path))
        if failed or (only_left and not (isinstance(reference, Import) and not reference.rebound)):
            wire = any(outcome.wire for outcome in outcomes)
            why = failed or f"{code} at {reference.where}: {outcomes[0].why}"
            halves = units.spelled(reference) if isinstance(reference, UnknownRpc) else units.halves(reference)
            if isinstance(reference, Import):
                halves = frozenset()  # those whose code stands in this file, not all that the module has
            if not halves and not isinstance(reference, UnknownRpc):
                units.keep(reference)
                halves = units.around(reference) if wire else units.of_file(reference)
            for half in halves:
                for other in _in_order(units.carried_with(half)) if wire else [half]:
                    units.leave(other, why, None if failed else reference)


def _in_order(halves: Iterable[Half]) -> list[Half]:
    return sorted(halves, key=repr)


def _first(reference: Reference, outcomes: list[Outcome], units: Units) -> Outcome:
    left = next((outcome for outcome in outcomes if outcome.state is State.LEFT), None)
    if units.stays(reference):
        if waits := units.waits(reference):
            return Outcome(State.LEFT, why=waits)
        why = next(
            (why for service in by_name(reference.units) if (why := units.why_left(service, reference))),
            units.closed(reference) or "its services stay on gRPC",
        )
        return left or Outcome(State.LEFT, why=why)
    own = reference.units and not reference.among_all
    mixed = units.split(reference) if own else units.mixed(reference)
    allowed = [outcome for outcome in outcomes if outcome.mixed or not mixed]
    return allowed[0] if allowed else Outcome(State.LEFT, why="some services here stay on gRPC")


def _settle(
    possible: list[tuple[Reference, str, list[Outcome]]], chosen: dict[Reference, Outcome], units: Units
) -> None:
    by_node = {reference.node: reference for reference, _, _ in possible}
    changed = True
    while changed:
        changed = False
        for reference, _, outcomes in possible:
            current = chosen[reference]
            if current.state is State.LEFT and current not in outcomes:
                continue
            if all(chosen[by_node[node]].state is State.NATIVE for node in current.native if node in by_node):
                continue
            index = outcomes.index(current)
            if index + 1 < len(outcomes):
                chosen[reference] = outcomes[index + 1]
                changed = True


def _cover(decisions: list[Decision]) -> list[Decision]:
    """References that another's chosen outcome takes along end with it, without edits of their own."""
    taken = {other: decision for decision in decisions for other in decision.outcome.covers}
    settled = []
    for decision in decisions:
        by = taken.get(decision.reference.node)
        if by is not None and by.reference is not decision.reference:
            outcome = replace(by.outcome, edits=(), covers=(), finding="")
            settled.append(Decision(decision.reference, by.code, outcome, decision.possible))
        else:
            settled.append(decision)
    return settled
