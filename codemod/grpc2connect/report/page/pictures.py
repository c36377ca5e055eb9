"""Bars that show shares of native, bridged and left, as numbers for inline SVG; style attributes are barred."""

from __future__ import annotations

from dataclasses import dataclass

from grpc2connect.report.document import Counts, StateName
from grpc2connect.report.ledger import percent

_STATES: tuple[StateName, ...] = ("native", "bridged", "left")
_GAP = 2.0
_LEAST = 3.0


@dataclass(frozen=True)
class Piece:
    """A part of a bar: where it begins and how long it is, in the units of the picture."""

    state: str
    x: float
    width: float


@dataclass(frozen=True)
class Bar:
    """A picture and what it says in words."""

    label: str
    width: int
    height: int
    pieces: tuple[Piece, ...]
    total: int


def bar(counts: Counts, name: str, *, width: int = 120, height: int = 10) -> Bar:
    """The shares of `counts`; what is there at all can be seen."""
    total = counts["references"]
    there = [(state, counts[state]) for state in _STATES if counts[state]]
    words = ", ".join(f"{number} {state} ({percent(number, total)})" for state, number in there)
    room = width - _GAP * max(0, len(there) - 1)
    spare = room - _LEAST * len(there)
    pieces = []
    x = 0.0
    for state, number in there:
        length = _LEAST + spare * number / total
        pieces.append(Piece(state, round(x, 1), round(length, 1)))
        x += length + _GAP
    return Bar(f"{name}: {words or 'no references'}", width, height, tuple(pieces), total)
