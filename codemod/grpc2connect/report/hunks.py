"""The places of a change, each with the references that it comes from: who reads a patch is told whose it is.

A *block* is a run of lines that change together, without context; the smallest thing that can be shown, taken or
refused by itself. A *hunk* is what a patch shows of a file: blocks that are near each other, with the lines around.
"""

from __future__ import annotations

import ast
import difflib
import textwrap
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from grpc2connect.results import FileChange, Region, State

CONTEXT = 3
_WORST_FIRST = (State.LEFT, State.BRIDGED, State.NATIVE)


@dataclass(frozen=True, eq=False)
class Block:
    """Lines `old` (from, to; from 0) of a file that become its lines `new`, and the regions they come from.

    Where nothing is known of where they come from (generated modules, requirements), there are no regions.
    """

    change: FileChange
    old: tuple[int, int]
    new: tuple[int, int]
    before: tuple[bytes, ...]
    after: tuple[bytes, ...]
    regions: tuple[Region, ...] = ()

    @property
    def references(self) -> tuple[Region, ...]:
        """Its regions that are more than imports."""
        return tuple(region for region in self.regions if region.code)

    @property
    def codes(self) -> tuple[str, ...]:
        """The rules it comes from, the first first."""
        return tuple(dict.fromkeys(region.code for region in self.references))

    @property
    def units(self) -> tuple[str, ...]:
        """The services it belongs to; those of its file, if it belongs to none in particular."""
        found = {unit for region in self.references for unit in region.units}
        return tuple(sorted(found)) if found else self.change.units

    @property
    def state(self) -> State | None:
        """The worst state of its references."""
        states = {region.state for region in self.references}
        return next((state for state in _WORST_FIRST if state in states), None)

    @property
    def imports_only(self) -> bool:
        """Whether it is import statements, and nothing else."""
        return bool(self.regions) and all(map(_is_import, (self.before, self.after)))


@dataclass(frozen=True)
class Row:
    """A line of a hunk; `sign` is b" ", b"-" or b"+"."""

    sign: bytes
    line: bytes
    block: Block | None = None


@dataclass(frozen=True)
class Hunk:
    """Part of a patch: `old` and `new` are the first line (from 1, as patches count) and the number of lines."""

    old: tuple[int, int]
    new: tuple[int, int]
    rows: tuple[Row, ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks that it shows."""
        return tuple(dict.fromkeys(row.block for row in self.rows if row.block is not None))


def split(data: bytes) -> list[bytes]:
    """The lines of a file, each with its line feed; no other character ends a line."""
    pieces = data.split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


def blocks(change: FileChange) -> list[Block]:
    """The blocks of a change, in the order of their lines; a new file is one."""
    after = split(change.after)
    if change.before is None:
        return [Block(change, (0, 0), (0, len(after)), (), tuple(after))]
    before = split(change.before)
    return [
        Block(change, (i1, i2), (j1, j2), tuple(before[i1:i2]), tuple(after[j1:j2]), _regions(change, i1, i2))
        for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, before, after).get_opcodes()
        if tag != "equal"
    ]


def applied(change: FileChange, wanted: Iterable[Block], beside: Collection[Block] = ()) -> bytes:
    """The file with the blocks `wanted` and `beside` alone; the latter leave the old lines before the new ones."""
    old = split(change.before or b"")
    lines: list[bytes] = []
    position = 0
    for block in sorted({*wanted, *beside}, key=lambda one: one.old):
        start, end = block.old
        lines += old[position : end if block in beside else start]
        lines += block.after
        position = end
    return b"".join(lines + old[position:])


def hunks(change: FileChange, wanted: Collection[Block] | None = None, done: Collection[Block] = ()) -> Iterator[Hunk]:
    """The hunks of `wanted` blocks (None: of all) against the file in which the blocks `done` have been applied."""
    every = blocks(change) if wanted is None else sorted({*wanted, *done}, key=lambda one: one.old)
    rows: list[Row] = []
    old = split(change.before or b"")
    position = 0
    for block in every:
        start, end = block.old
        rows += (Row(b" ", line) for line in old[position:start])
        if block in done:
            rows += (Row(b" ", line) for line in block.after)
        else:
            rows += (Row(b"-", line, block) for line in block.before)
            rows += (Row(b"+", line, block) for line in block.after)
        position = end
    rows += (Row(b" ", line) for line in old[position:])
    return _cut(rows)


def _cut(rows: list[Row]) -> Iterator[Hunk]:
    """Hunks of a file's rows: what changes, with context; what is nearer than twice the context is one hunk."""
    pieces: list[tuple[int, int]] = []
    for index, row in enumerate(rows):
        if row.sign != b" ":
            start, end = max(index - CONTEXT, 0), min(index + CONTEXT + 1, len(rows))
            if pieces and start <= pieces[-1][1]:
                pieces[-1] = (pieces[-1][0], end)
            else:
                pieces.append((start, end))
    old = new = position = 0
    for start, end in pieces:
        between, piece = rows[position:start], rows[start:end]
        old, new = old + len(between), new + len(between)
        removed, added = sum(row.sign != b"+" for row in piece), sum(row.sign != b"-" for row in piece)
        yield Hunk((old + bool(removed), removed), (new + bool(added), added), tuple(piece))
        old, new, position = old + removed, new + added, end


def _regions(change: FileChange, start: int, end: int) -> tuple[Region, ...]:
    """The regions that some lines come from; the nearest, where a comparison of lines has them beside it."""
    touching = tuple(region for region in change.regions if _distance(region, start, end) == 0)
    if touching or not change.regions:
        return touching
    return (min(change.regions, key=lambda region: _distance(region, start, end)),)


def _distance(region: Region, start: int, end: int) -> int:
    """How many lines there are between a region and some lines, or the place before line `start` if those are none."""
    if start == end:
        return max(region.first - start, start - region.last - 1, 0)
    return max(region.first - end + 1, start - region.last, 0)


def _is_import(lines: tuple[bytes, ...]) -> bool:
    text = textwrap.dedent(b"".join(lines).decode("utf-8", "replace"))
    try:
        return all(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
