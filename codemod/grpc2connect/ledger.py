"""The ledger: every reference with the state it ended in, the findings, and the audit of the sum."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from grpc2connect.facts.reference import Reference
from grpc2connect.facts.references import ChannelConstruction, Import
from grpc2connect.options import ClientProtocol, Options
from grpc2connect.plan import Decision, Failures, Plan, Side
from grpc2connect.plan.sides import sides
from grpc2connect.plan.units import WAITS
from grpc2connect.results import Audit, Entry, FileChange, FileError, Finding, RunResult, Severity, State
from grpc2connect.rewrite.rewrite import Rewritten
from grpc2connect.rewrite.used_names import is_used
from grpc2connect.schema import by_name
from grpc2connect.syntax.names import first_name


@dataclass(frozen=True)
class Counts:
    """What was counted before the run: references by facts, and what the token counter found beside them."""

    references: int
    files_seen: int
    files_parsed: int
    unexplained: tuple[str, ...] = ()


def result(
    options: Options,
    plan: Plan,
    rewritten: Mapping[Path, tuple[Rewritten, FileChange]],
    generated: Iterable[FileChange],
    errors: Iterable[FileError],
    failures: Failures,
    said: Iterable[Finding],
    counts: Counts,
) -> RunResult:
    """Sum up a run; `said` are findings that no rule has made."""
    users = _Users(plan.decisions)
    entries = [_entry(decision, plan, rewritten, users) for decision in plan.decisions]
    findings = [finding for decision in plan.decisions for finding in _findings(decision)]
    findings.extend(_given_once(plan))
    findings.extend(
        [*_unit_findings(plan, failures.reasons), *_file_findings(plan, failures), *_stage_findings(plan), *said]
    )
    if options.client_protocol is ClientProtocol.CONNECT:
        findings.extend(_protocol_findings(plan))
    changes = [change for _, change in rewritten.values()] + list(generated)
    return RunResult(
        options.root,
        changes=tuple(sorted(changes, key=lambda change: change.path)),
        ledger=tuple(entries),
        findings=tuple(sorted(dict.fromkeys(findings), key=lambda finding: (finding.place, finding.code))),
        errors=tuple(errors),
        audit=Audit(counts.references, len(entries), counts.unexplained),
        files_seen=counts.files_seen,
        files_parsed=counts.files_parsed,
    )


class _Users:
    """The states in which the references that use an import end, by the import."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        self._states: dict[ast.AST, set[State]] = {}
        for decision in decisions:
            reference = decision.reference
            root = reference.node.func if isinstance(reference.node, ast.Call) else reference.node
            if name := first_name(root):
                for alias in reference.facts.importers(reference.module, name):
                    self._states.setdefault(alias, set()).add(decision.outcome.state)

    def of(self, reference: Import) -> set[State]:
        """None where none is known: whoever imports the name from this module uses it."""
        return self._states.get(reference.node, set())


def _entry(
    decision: Decision, plan: Plan, rewritten: Mapping[Path, tuple[Rewritten, FileChange]], users: _Users
) -> Entry:
    reference, outcome = decision.reference, decision.outcome
    state = outcome.state
    why = outcome.why
    if isinstance(reference, Import):
        state, why = _import_state(reference, plan, rewritten, users.of(reference))
    return Entry(
        reference.place,
        reference.kind,
        decision.code,
        state,
        reference.text,
        tuple(sorted({service.full_name for service in reference.units if service.name})),
        reference.behaviour,
        why,
        reference.evidence,
        state is State.LEFT and plan.units.later(reference),
        () if isinstance(reference, Import) else tuple(sorted(side.value for side in sides(reference))),
    )


_NEEDLESS = "nothing in this file uses it, now as before; delete it"


def _import_state(
    reference: Import, plan: Plan, rewritten: Mapping[Path, tuple[Rewritten, FileChange]], users: set[State]
) -> tuple[State, str]:
    """An import is native when it is gone, bridged when only what has moved still uses it, else left."""
    done = rewritten.get(reference.module.path)
    if done is not None and reference.node in done[0].gone:
        return State.NATIVE, "nothing uses it any more"
    if reference.facts.shown.is_near(reference) and not plan.units.stays(reference):
        return State.BRIDGED, "callers of the public API, or what they see, use it"
    if plan.units.goes_on(reference):
        return State.BRIDGED, "what has moved goes on with it"
    if reference.stubs is None and not users and _is_needless(reference):
        return State.BRIDGED, _NEEDLESS
    if users and State.LEFT not in users:
        return State.BRIDGED, "something still uses it"
    if State.LEFT in users or plan.units.stays(reference) or plan.units.mixed(reference):
        return State.LEFT, "something that stays on gRPC uses it"
    if done is None and reference.stubs is not None:  # all there is in the file: a package that passes it on
        return State.BRIDGED, "the generated module stays, and who asks for it here still finds it"
    return State.BRIDGED, "something still uses it"


def _is_needless(reference: Import) -> bool:
    """Whether its file does nothing with an imported name; a package may import it for others."""
    module, alias = reference.module, reference.node
    return isinstance(alias, ast.alias) and module.path.name != "__init__.py" and not is_used(module, alias)


def _findings(decision: Decision) -> Iterable[Finding]:
    if decision.outcome.finding and not decision.outcome.once:
        yield _finding(decision)


def _finding(decision: Decision) -> Finding:
    outcome, reference = decision.outcome, decision.reference
    unit = min((service.full_name for service in reference.units), default="")
    return Finding(decision.code, reference.place, outcome.finding, outcome.advice, outcome.severity, unit)


def _given_once(plan: Plan) -> Iterable[Finding]:
    """One finding for all references of a file that have the same one, if it is of that kind."""
    alike: dict[tuple[Path, str, str], list[Decision]] = {}
    for decision in plan.decisions:
        if decision.outcome.finding and decision.outcome.once:
            key = (decision.reference.module.path, decision.code, decision.outcome.finding)
            alike.setdefault(key, []).append(decision)
    for found in alike.values():
        first = _finding(min(found, key=lambda decision: decision.reference.place))
        named = [one.reference.module.place(one.outcome.at) for one in found if one.outcome.at is not None]
        many = f" ({_plural(len(found))} here)" if len(found) > 1 else ""
        yield replace(first, place=min(named, default=first.place), message=f"{first.message}{many}")


def _protocol_findings(plan: Plan) -> Iterable[Finding]:
    """The runtime's channels take their protocol from the environment: said at each channel that moves."""
    for decision in plan.decisions:
        moves = decision.outcome.state is not State.LEFT and decision.outcome.edits
        if isinstance(decision.reference, ChannelConstruction) and moves:
            yield Finding(
                "G2C013",
                decision.reference.place,
                "this channel speaks gRPC unless the environment says otherwise",
                "set G2C_CLIENT_PROTOCOL=connect where the program runs",
            )


def _file_findings(plan: Plan, failures: Failures) -> Iterable[Finding]:
    """One finding for each file that could not be edited as it was to be."""
    services = by_name({service for decision in plan.decisions for service in decision.reference.units if service.name})
    for path, reason in sorted(failures.files.items()):
        places = [decision.reference.place for decision in plan.decisions if decision.reference.module.path == path]
        held = [service.full_name for service in services if plan.units.why_left(service) in failures.because_of(path)]
        hangs = ", ".join(held) or "nothing else"
        yield Finding(
            "G2C019",
            min(places),
            f"an edit of this file failed ({reason}); on gRPC stays what hangs on it: {hangs}",
            "write what the reason names in a simpler way, or move it by hand; and please report it",
            Severity.WARNING,
        )


def _unit_findings(plan: Plan, why_stay: Collection[str]) -> Iterable[Finding]:
    """One finding for each service that stays only because something outside the rules failed."""
    seen = set()
    reasons: dict[str, str] = dict.fromkeys(why_stay, "")
    for decision in plan.decisions:
        for service in by_name(decision.reference.units):
            why = plan.units.why_left(service)
            if why in reasons and service.full_name not in seen:
                seen.add(service.full_name)
                said = f": {why}" if not reasons[why] else f" for the same reason as {reasons[why]}"
                reasons[why] = reasons[why] or service.full_name
                yield Finding(
                    "G2C012",
                    decision.reference.place,
                    f"{service.full_name} stays on gRPC{said}",
                    "correct that, then run again",
                    Severity.WARNING,
                    service.full_name,
                )


def _stage_findings(plan: Plan) -> Iterable[Finding]:
    """One finding for each service of which a side waits for its stage, or moves before its stage."""
    only = plan.units.only
    if only is None:
        return
    waiting: dict[str, list[Decision]] = {}
    for decision in plan.decisions:
        stays = decision.outcome.state is State.LEFT and not isinstance(decision.reference, Import)
        if stays and plan.units.waits(decision.reference):
            for service in decision.reference.units:
                waiting.setdefault(service.full_name if service.name else "", []).append(decision)
    both: dict[str, Reference] = {}
    for decision in plan.decisions:
        for service in decision.reference.units:
            bound = plan.units.bound(service)
            if service.name and bound is not None and plan.units.why_left(service) in (None, WAITS[only]):
                both[service.full_name] = bound
    waits = "client" if only is Side.SERVER else "server"
    for name, found in sorted(waiting.items()):
        if name and name not in both:
            yield Finding(
                "G2C016",
                min(decision.reference.place for decision in found),
                f"the {waits}'s side of {name} stays on gRPC for now ({_plural(len(found))})",
                f"move it with --stage {waits}, before this or after it",
                unit=name,
            )
    for name, reference in sorted(both.items()):
        verb = "move here in one step" if only is Side.SERVER else "wait for --stage server"
        yield Finding(
            "G2C017",
            reference.place,
            f"both sides of {name} {verb}: {reference.text} belongs to both",
            "" if only is Side.SERVER else "run --stage server for them",
            unit=name,
        )


def _plural(number: int) -> str:
    return f"{number} reference{'' if number == 1 else 's'}"
