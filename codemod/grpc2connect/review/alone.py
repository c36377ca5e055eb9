"""The smallest migration that moves some services: of the others, only those go along that cannot stay without them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from grpc2connect.options import Choices
from grpc2connect.results import RunResult, State
from grpc2connect.review.parts import moving


def alone(
    units: Collection[str], whole: RunResult, plan: Callable[[Choices], RunResult]
) -> tuple[RunResult, Choices] | None:
    """The result in which all of `units` (full names) move, with the choices behind it; None if one of them stays.

    `whole` is the result without choices, `plan` makes one with them. A result whose audit does not hold is handed back
    as it is.
    """
    for others in _candidates(whole, units):
        choices = Choices(stay=others)
        result = plan(choices) if others else whole
        if not result.audit.holds or all(moves(unit, result) for unit in units):
            return result, choices
    return None


def moves(unit: str, result: RunResult) -> bool:
    """Whether a service moves: what it shares with others may move for their sake."""
    entries = [entry for entry in result.ledger if entry.behaviour and unit in entry.units]
    own = [entry for entry in entries if entry.units == (unit,)]
    return any(entry.state is not State.LEFT for entry in own or entries)


def _candidates(whole: RunResult, units: Collection[str]) -> Iterator[tuple[str, ...]]:
    """Which services are to stay, from all others to none."""
    every = moving(whole)
    bound = set(units)
    yield tuple(one for one in every if one not in bound)
    grown = True
    while grown:
        more = {one for entry in whole.ledger if bound & set(entry.units) for one in entry.units} | bound
        grown, bound = more != bound, more
    yield tuple(one for one in every if one not in bound)
    yield ()
