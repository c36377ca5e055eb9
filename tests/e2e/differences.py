"""Compares what the scenarios saw, against the one reviewed table of known differences."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("known_differences.toml")


@dataclass(frozen=True)
class Known:
    """One reviewed difference: `old` is seen by old client and old server, `new` in the other `combinations`."""

    fixture: str
    key: str
    old: str
    new: str
    reason: str
    servers: tuple[str, ...]
    combinations: tuple[str, ...]


def load(path: Path = TABLE) -> tuple[Known, ...]:
    """The table; a row that lacks something, or has something more, is an error."""
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("difference", [])
    return tuple(
        Known(**{**row, "servers": tuple(row["servers"]), "combinations": tuple(row["combinations"])}) for row in rows
    )


def flat(seen: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """A scenario's document as keys with slashes and their values; lists are values."""
    if isinstance(seen, dict) and seen:
        for key, value in seen.items():
            yield from flat(value, f"{prefix}/{key}" if prefix else str(key))
    else:
        yield prefix, seen


def written(value: Any) -> str:
    """A value as the table spells it: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


Use = tuple[Known, str, str]


def compare(
    fixture: str, server: str, seen: Mapping[str, Any], table: tuple[Known, ...], baseline: str = "old-old"
) -> tuple[list[str], set[Use]]:
    """The differences of every combination from the baseline that are not in the table, and the rows that were used."""
    nothing = object()
    unlisted: list[str] = []
    used: set[Use] = set()
    old = dict(flat(seen[baseline]))
    for combination, document in seen.items():
        new = dict(flat(document))
        for key in sorted({*old, *new}):
            before, after = old.get(key, nothing), new.get(key, nothing)
            if before == after:
                continue
            texts = tuple("(absent)" if value is nothing else written(value) for value in (before, after))
            rows = [
                row
                for row in table
                if (row.fixture, row.key, row.old, row.new) == (fixture, key, *texts)
                and server in row.servers
                and combination in row.combinations
            ]
            if rows:
                used.update((row, server, combination) for row in rows)
            else:
                unlisted.append(f"{fixture}, {server} server, {combination}: {key}: {texts[0]!r} became {texts[1]!r}")
    return unlisted, used


def unused(table: tuple[Known, ...], used: set[Use]) -> list[str]:
    """The rows, down to server and combination, that nothing needed."""
    return [
        f"{row.fixture}, {server} server, {combination}: {row.key}: not seen any more"
        for row in table
        for server in row.servers
        for combination in row.combinations
        if (row, server, combination) not in used
    ]
