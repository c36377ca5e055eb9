"""Why a reference ends as it does, and what would have to change for something better."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from grpc2connect.explain import wording
from grpc2connect.facts.reference import Reference
from grpc2connect.facts.references import Import, UnknownRpc
from grpc2connect.plan import Decision, Plan
from grpc2connect.plan.units import WAITS
from grpc2connect.results import Entry, State, Step
from grpc2connect.schema import Service, by_name

Held = tuple[tuple[Step, ...], str]
"""The steps that say what holds something, and what would have to change."""
Chain = Callable[[Reference], Iterable[Step]]
"""The steps that say what a reference is."""


class Reasons:
    """Asks a plan why its decisions are what they are; `chain` tells what the first cause is."""

    def __init__(self, plan: Plan, chain: Chain) -> None:
        self._plan = plan
        self._chain = chain
        self._by_node = {decision.reference.node: decision for decision in plan.decisions}

    def of(self, decision: Decision, entry: Entry) -> tuple[str, tuple[Step, ...], str]:
        """Why a reference is in the state that it ended in, what holds it there, and what would have to change."""
        reference, left = decision.reference, entry.state is State.LEFT
        staying = [service for service in by_name(reference.units) if left and self._plan.units.why_left(service)]
        why = entry.why
        if staying and why == self._plan.units.why_left(staying[0]):
            why = f"{_name(staying[0])} stays on gRPC"
        return (why, *self._held(decision, entry.state))

    def _held(self, decision: Decision, state: State) -> Held:
        if isinstance(decision.reference, Import):
            return self._import(decision, state)
        if state is State.NATIVE:
            return tuple(self._native(decision)), ""
        return self._left(decision) if state is State.LEFT else self._bridged(decision)

    def _native(self, decision: Decision) -> Iterator[Step]:
        reference, outcome = decision.reference, decision.outcome
        moving = " and ".join(_name(service) for service in by_name(reference.units) if service.name)
        if moving:
            yield Step(f"nothing holds {moving} on gRPC, and the rule has a native form for what is here")
        elif not outcome.mixed:
            yield Step("no service of this part of the program stays on gRPC")
        else:
            yield Step("the rule has a native form for what is here")
        for node in outcome.native:
            other = self._by_node.get(node)
            if other is not None and other is not decision:
                yield _ends(other)

    def _bridged(self, decision: Decision) -> Held:
        steps: list[Step] = []
        better: list[str] = []
        index = decision.possible.index(decision.outcome) if decision.outcome in decision.possible else 0
        for passed in decision.possible[:index]:
            for node in passed.native:
                other = self._by_node.get(node)
                if other is not None and other.outcome.state is not State.NATIVE:
                    steps.append(_ends(other))
                    better.append(f"it is {passed.state.value} when that is native")
            if not passed.mixed and self._mixed(decision.reference):
                staying, advice = self._staying(decision.reference)
                steps.extend(staying)
                better.append(f"it is {passed.state.value} when no service here stays; {advice}")
                break
        if better:
            return tuple(dict.fromkeys(steps)), "; ".join(dict.fromkeys(better))
        return (), decision.outcome.advice or (
            f"the rule has no native form for what is here; when it has one: grpc2connect explain {decision.code}"
        )

    def _mixed(self, reference: Reference) -> bool:
        units = self._plan.units
        return units.split(reference) if reference.units else units.mixed(reference)

    def _left(self, decision: Decision) -> Held:
        reference, outcome = decision.reference, decision.outcome
        if outcome in decision.possible and all(one.state is State.LEFT for one in decision.possible):
            return (), outcome.advice
        services = [service for service in by_name(reference.units) if self._plan.units.why_left(service)]
        if services:
            return self._stays(services[0])
        return self._staying(reference)

    def _import(self, decision: Decision, state: State) -> Held:
        """What of a file still needs an import: references to the services that it is for, or any."""
        if state is State.NATIVE:
            return (), ""
        reference = decision.reference
        using = [
            other
            for other in self._plan.decisions
            if other.reference.module is reference.module
            and not isinstance(other.reference, Import)
            and other.outcome.state is not State.NATIVE
            and (state is State.BRIDGED or other.outcome.state is State.LEFT)
            and (not reference.units or reference.units & other.reference.units)
        ]
        left = [other for other in using if other.outcome.state is State.LEFT] or using
        if not left:
            if decision.outcome.state is State.LEFT:
                return self._left(decision)
            return (), "remove it by hand, if nothing imports the name from here"
        first = min(left, key=lambda other: other.reference.place)
        steps, better = self._held(first, first.outcome.state)
        return (_ends(first), *steps), better

    def _staying(self, reference: Reference) -> Held:
        """The first causes of those of a reference's services that stay, or of those around it if it has none."""
        units = self._plan.units
        causes: dict[Reference | str, Service] = {}
        for service in by_name(reference.units or {half.service for half in units.around(reference)}):
            why = units.why_left(service)
            if why is not None:
                causes.setdefault(units.cause(service) or why, service)
        held = [self._stays(service) for service in causes.values()]
        if not held:
            held = [
                ((_ends(other),), other.outcome.advice)
                for other in self._plan.decisions
                if other.reference.module in units.kept and not other.reference.units and _has_to_stay(other)
            ]
        steps = dict.fromkeys(step for one, _ in held for step in one)
        return tuple(steps), "; ".join(dict.fromkeys(advice for _, advice in held))

    def _stays(self, service: Service) -> Held:
        """Why a service stays: how it is bound to the one with the first cause, that cause, and what it is."""
        units = self._plan.units
        cause = units.cause(service)
        if cause is None:
            why = units.why_left(service) or ""
            if why in WAITS.values():
                return (), "take that stage"
            return (Step(f"{_name(service)} stays on gRPC: {why}"),), "correct that, then run again"
        decision = self._by_node[cause.node]
        steps = list(self._bonds(service, cause))
        outcome = decision.possible[0] if decision.possible else decision.outcome
        of = f"the first cause: {_text(cause)}"
        if isinstance(cause, UnknownRpc):
            of += f", which may be one of {_name(service)}"
        elif not cause.units:
            of += f", in a file of {_name(service)}"
        else:
            of += f" holds {' and '.join(map(_name, by_name(cause.units)))} on gRPC"
        steps.append(Step(f"{of}: {outcome.why}", cause.place))
        steps.extend(self._chain(cause))
        return tuple(dict.fromkeys(steps)), f"at the first cause: {outcome.advice}"

    def _bonds(self, service: Service, cause: Reference) -> Iterator[Step]:
        """The references through which a service moves only together with those of the cause: the fewest."""
        goal = cause.units or frozenset({service})
        wire = any(outcome.wire for outcome in self._by_node[cause.node].possible)
        before: dict[Service, tuple[Service, Reference]] = {}
        queue, seen = [service], {service}
        while queue and not (found := [one for one in queue if one in goal]):
            following = []
            for one in queue:
                for decision in self._plan.decisions:
                    reference = decision.reference
                    if one in reference.units and self._plan.units.binds(reference, wire=wire):
                        for other in by_name(reference.units - seen):
                            seen.add(other)
                            before[other] = (one, reference)
                            following.append(other)
            queue = following
        steps = []
        end = found[0] if queue else service
        while end != service:
            one, reference = before[end]
            text = f"{_name(one)} moves only together with {_name(end)}: {_text(reference)} belongs to both"
            steps.append(Step(text, reference.place))
            end = one
        yield from reversed(steps)


def _ends(decision: Decision) -> Step:
    outcome = decision.outcome
    why = f": {outcome.why}" if outcome.why else ""
    return Step(
        f"{_text(decision.reference)} is {outcome.state.value} ({decision.code}){why}", decision.reference.place
    )


def _has_to_stay(decision: Decision) -> bool:
    return bool(decision.possible) and all(one.state is State.LEFT for one in decision.possible)


def _text(reference: Reference) -> str:
    node = reference.node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return f"`{reference.text}`"
    return wording.source(reference.module, node)


def _name(service: Service) -> str:
    if service.name:
        return service.full_name
    return service.full_name.strip("()").partition(" at ")[0]  # a channel or server that no service is known to use
