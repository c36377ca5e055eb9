"""`--unit SERVICE` of the commands that change files: this service, and of the others what cannot stay without it."""

from __future__ import annotations

from dataclasses import replace

import click

from grpc2connect.cli.session import Session
from grpc2connect.config import suggestion
from grpc2connect.errors import Failure, Title
from grpc2connect.options import Choices
from grpc2connect.report.narrowing import resolved
from grpc2connect.results import RunResult
from grpc2connect.review.alone import alone, moves
from grpc2connect.review.parts import moving

unit_option = click.option(
    "--unit",
    "units",
    multiple=True,
    metavar="SERVICE",
    help="Only this service, by its full name or its last part, and what cannot stay on gRPC without it.",
)


def run_units(session: Session, asked: tuple[str, ...]) -> tuple[RunResult, Choices]:
    """The run in which only the services that are asked for move, or all; and the choices that make it so."""
    if not asked:
        return session.run(), Choices()
    with session.engine.kept():
        whole = session.run()
        known = {unit for entry in whole.ledger for unit in entry.units}
        wanted, unknown = resolved(asked, known)
        if unknown:
            what = f"no reference belongs to a service {unknown[0]!r}"
            raise Failure(Title.UNKNOWN_SERVICE, what, suggestion(unknown[0], known))
        found = alone(wanted, whole, session.run)
    if found is None:
        left = [unit for unit in wanted if not moves(unit, whole)] or wanted
        step = "grpc2connect explain FILE:LINE, of a reference to it, says what holds it there"
        raise Failure(Title.SERVICE_STAYS, f"{', '.join(left)} cannot move", step)
    result, choices = found
    along = [unit for unit in moving(result) if unit not in wanted and moves(unit, result)]
    if along:
        session.output.notes([f"goes along, since it cannot stay without: {', '.join(along)}"])
    return _about({*wanted, *along}, result), choices


def joined(one: Choices, other: Choices) -> Choices:
    """What both decide against."""
    stay = dict.fromkeys((*one.stay, *other.stay))
    return Choices(tuple(stay), tuple(dict.fromkeys((*one.refused, *other.refused))))


def _about(units: set[str], result: RunResult) -> RunResult:
    """The result with what is said of some services, and of the files that change; the audit is that of the whole."""
    files = {change.path for change in result.changes}
    return replace(
        result,
        ledger=tuple(entry for entry in result.ledger if units & set(entry.units) or entry.place.path in files),
        findings=tuple(
            one for one in result.findings if one.unit in units or (one.place.path in files and one.code != "G2C012")
        ),
    )
