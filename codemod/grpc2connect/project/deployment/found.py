"""What looking at one file yields: places with their states, what to say about them, and lines to put in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.results import Severity, State

START = "G2C940"
PORT = "G2C941"
PROBE = "G2C942"
VARIABLE = "G2C943"
FORK = "G2C944"
ROUTE = "G2C945"
WATCHED = "G2C946"
AGENT = "G2C947"
BROKEN = "G2C949"


@dataclass(frozen=True)
class Advice:
    """Something to decide or to do: what is so, and what to do about it."""

    message: str
    todo: str
    severity: Severity = Severity.NOTE


@dataclass(frozen=True)
class Spot:
    """A place in a file, the state it ends in and why; `line` and `column` from 1.

    A place whose program is not known has no `state`: it is said, but not entered into the ledger. Of places with the
    same `once` only the first one's advice is given.
    """

    line: int
    column: int
    code: str
    kind: str
    text: str
    state: State | None = None
    why: str = ""
    advice: Advice | None = None
    units: tuple[str, ...] = ()
    once: str = ""


@dataclass(frozen=True)
class Insertion:
    """Lines to put in after the line `after` (from 1; 0 for the top), without their line end."""

    after: int
    lines: tuple[str, ...]


@dataclass
class Looked:
    """All that was seen in one file."""

    spots: list[Spot] = field(default_factory=list)
    insertions: list[Insertion] = field(default_factory=list)


@dataclass(frozen=True)
class File:
    """A file to look at, with the text that it will have when what else changes in it is written."""

    path: Path
    text: str

    @property
    def lines(self) -> list[str]:
        """Its lines without their ends."""
        return self.text.split("\n")
