"""A large report in parts: which services, and which files of no service, belong to part i of n.

A service is whole in one part, with all that belongs to it; what belongs to several services is in the part of each.
The services are dealt out by their size, the largest first, each to the part that has least; what is of no service goes
by its path. So all parts of one run agree without knowing of each other, and the same run gives the same parts.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grpc2connect.report.paint import shown
from grpc2connect.results import RunResult

MOST = 1000
"""Into how many parts a report can be divided."""


@dataclass(frozen=True)
class Shard:
    """Part `index`, from 1, of `of`."""

    index: int
    of: int

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"


def parse(text: str) -> Shard:
    """The part that `i/n` names; raises `ValueError` with what is wrong."""
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    if found is None:
        raise ValueError(f"{text!r} is not i/n, as 2/4")
    shard = Shard(int(found[1]), int(found[2]))
    if not 1 <= shard.index <= shard.of <= MOST:
        raise ValueError(f"{text}: parts are numbered from 1/n to n/n, and n is {MOST} at most")
    return shard


def keeper(shard: Shard, units: Iterable[Sequence[str]]) -> Callable[[str, Sequence[str]], bool]:
    """Whether what stands in a file and belongs to some services is in `shard`.

    `units` are the services of every reference of the whole run, once for each reference.
    """
    dealt = deal(Counter(unit for names in units for unit in names), shard.of)

    def keep(path: str, names: Sequence[str]) -> bool:
        if names:
            return any(dealt.get(name, _by_text(name, shard.of)) == shard.index for name in names)
        return _by_text(path, shard.of) == shard.index

    return keep


def deal(sizes: Counter[str], parts: int) -> dict[str, int]:
    """The part, from 1, that each service is in."""
    filled = [0] * parts
    dealt = {}
    for name, size in sorted(sizes.items(), key=lambda one: (-one[1], one[0])):
        least = filled.index(min(filled))
        filled[least] += size
        dealt[name] = least + 1
    return dealt


def part(result: RunResult, shard: Shard) -> RunResult:
    """What of a whole run is in `shard`, with the changes of every file that it speaks of; the audit stays the whole's.

    A file can be in several parts: what is counted file by file, as a baseline, has to be counted in the whole.
    """
    keep = keeper(shard, (entry.units for entry in result.ledger))

    def has(path: Path, units: Sequence[str]) -> bool:
        return keep(shown(path, result.root), units)

    ledger = tuple(entry for entry in result.ledger if has(entry.place.path, entry.units))
    there = {entry.place.path for entry in ledger}
    return replace(
        result,
        changes=tuple(one for one in result.changes if one.path in there or has(one.path, one.units)),
        ledger=ledger,
        findings=tuple(one for one in result.findings if has(one.place.path, (one.unit,) if one.unit else ())),
        suppressed=tuple(one for one in result.suppressed if one.place.path in there or has(one.place.path, ())),
        errors=tuple(error for error in result.errors if has(error.path, ())),
    )


def _by_text(text: str, parts: int) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) % parts + 1
