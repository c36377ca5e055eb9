"""The one reviewed table of differences, and what was seen against it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from tests.e2e.differences import flat, written
from tests.semantics.program import FLAVOURS, REFERENCE, Seen

TABLE = Path(__file__).with_name("differences.toml")
_ABSENT = object()

Use = tuple["Difference", str, str]


@dataclass(frozen=True)
class Difference:
    """One reviewed difference: `old` of the reference is `new` in `targets`, for these flavours of both sides."""

    case: str
    part: str
    old: str
    new: str
    clients: tuple[str, ...]
    servers: tuple[str, ...]
    targets: tuple[str, ...]
    reason: str

    @property
    def ways(self) -> tuple[str, ...]:
        """The flavours of client and server, as in `Seen`."""
        return tuple(f"{client} > {server}" for client, server in product(self.clients, self.servers))


def load(path: Path = TABLE) -> tuple[Difference, ...]:
    """The table; a row that lacks something, or has something more, is an error."""
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("difference", [])
    both = {"part": "", "clients": FLAVOURS, "servers": FLAVOURS}
    return tuple(
        Difference(
            **{**both, **{key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}}
        )
        for row in rows
    )


def found(seen: Seen) -> list[tuple[str, str, str, str, str, str]]:
    """Way, target, case, part, old and new of everything that differs from the reference."""
    result = []
    for way, documents in seen.items():
        reference = documents[REFERENCE]
        for target, document in documents.items():
            for case in sorted({*reference, *document}):
                old = dict(flat(reference.get(case, _ABSENT)))
                new = dict(flat(document.get(case, _ABSENT)))
                for part in sorted({*old, *new}):
                    values = old.get(part, _ABSENT), new.get(part, _ABSENT)
                    if values[0] != values[1]:
                        result.append((way, target, case, part, *map(_text, values)))
    return result


def _text(value: Any) -> str:
    return "(absent)" if value is _ABSENT else written(value)


def compare(seen: Seen, table: tuple[Difference, ...]) -> tuple[list[str], set[Use]]:
    """The differences that are not in the table, and the uses of its rows."""
    unlisted: list[str] = []
    used: set[Use] = set()
    for way, target, case, part, old, new in found(seen):
        rows = [
            row
            for row in table
            if (row.case, row.part, row.old, row.new) == (case, part, old, new)
            and way in row.ways
            and target in row.targets
        ]
        if rows:
            used.update((row, way, target) for row in rows)
        else:
            unlisted.append(f"{way}, {target}: {case} {part}: {old!r} became {new!r}")
    return unlisted, used


def stale(seen: Seen, table: tuple[Difference, ...], used: set[Use]) -> list[str]:
    """The rows, down to flavours and target, that nothing needed; targets that were not run are left out."""
    return [
        f"{way}, {target}: {row.case} {row.part}: not seen any more"
        for row in table
        for way in row.ways
        for target in row.targets
        if target in seen[way] and (row, way, target) not in used
    ]
