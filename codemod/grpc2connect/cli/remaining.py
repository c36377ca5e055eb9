"""What `check` judges: the references that remain, as entries of the baseline, with the lines they stand on."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grpc2connect.cli.baseline import Key
from grpc2connect.cli.target import Focus
from grpc2connect.report.paint import shown
from grpc2connect.results import Entry, RunResult, State

CHANGED = "changed"
"""Stands for a code where a file would change though no reference in it remains, as a stale generated module."""


class FailOn(enum.Enum):
    """What makes `check` fail."""

    NEW = "new"
    ANY = "any"
    BRIDGED = "bridged"
    LEFT = "left"


@dataclass(frozen=True)
class Remaining:
    """Everything that counts, by its key; a file that would change without a reference has a key and no entry."""

    entries: tuple[tuple[Key, Entry], ...]
    counted: Counter[Key]

    def of(self, excess: Counter[Key]) -> list[Entry]:
        """The entries behind some keys, in the order of places; where not all of a key are, the last ones."""
        left = Counter(excess)
        picked = []
        for key, entry in sorted(self.entries, key=lambda one: one[1].place, reverse=True):
            if left[key] > 0:
                left[key] -= 1
                picked.append(entry)
        return picked[::-1]


def remaining(narrowed: Focus, fail_on: FailOn, debt: Iterable[Entry] = ()) -> Remaining:
    """What counts of a run: what is left, or stands in a file that would change (`left`: only the former).

    `bridged` adds what would run, and by `debt` already runs, through the runtime. What waits for another stage is not
    counted.
    """
    result = narrowed.result
    changes = (*result.changes, *narrowed.blocked) if fail_on is not FailOn.LEFT else ()
    changed = {change.path for change in changes}
    states = {State.LEFT, State.BRIDGED} if fail_on is FailOn.BRIDGED else {State.LEFT}
    due = [entry for entry in result.ledger if not entry.later]
    counting = [entry for entry in due if entry.state in states or entry.place.path in changed]
    known = {(one.place, one.code) for one in result.suppressed if one.reference}
    entries = [
        (_key(entry, result.root), entry) for entry in (*counting, *debt) if (entry.place, entry.code) not in known
    ]
    counted = Counter(key for key, _ in entries)
    named = {shown(entry.place.path, result.root) for entry in counting}
    for change in changes:
        path = shown(change.path, result.root)
        if change.units and path not in named:
            counted[Key(path, CHANGED, "")] = 1
    return Remaining(tuple(entries), counted)


def settled(result: RunResult, there: Remaining) -> frozenset[Path]:
    """The files all of whose references count already, so that no other state of one can make it count.

    Of one that a comment takes out nothing is said, nor of a file that would change without a reference.
    """
    counted = Counter(entry.place.path for _, entry in there.entries)
    found = Counter(entry.place.path for entry in result.ledger)
    changed = {change.path for change in result.changes}
    parsed = result.reach.parsed
    return frozenset(path for path in parsed if found[path] == counted[path] and (found[path] or path not in changed))


def _key(entry: Entry, root: Path) -> Key:
    return Key.of(shown(entry.place.path, root), entry.code, entry.text)
