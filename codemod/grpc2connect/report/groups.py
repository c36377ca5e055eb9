"""A patch in groups: by service, by rule or by file, each under a heading that says what it is and how it ended.

Each group is a patch against what the groups before it have made of the files, so that the whole, headings and all, is
still one that `git apply` takes.
"""

from __future__ import annotations

import enum
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grpc2connect.report.diff import file_patch
from grpc2connect.report.hunks import Block, blocks
from grpc2connect.report.ledger import Count, count, percent, plural
from grpc2connect.report.paint import Paint, one_line, shown
from grpc2connect.report.text import place, sentence
from grpc2connect.results import Entry, FileChange, Finding, RunResult, State

_WIDTH = 100
RUNTIME = "grpc2connect_runtime"


class By(enum.Enum):
    """What a patch is grouped by."""

    UNIT = "unit"
    RULE = "rule"
    FILE = "file"


@dataclass(frozen=True, order=True)
class Key:
    """What a group is about; groups come in the order of `rank`, then of `name`."""

    rank: int
    name: str


@dataclass(frozen=True)
class Group:
    """Blocks with something in common."""

    key: Key
    blocks: tuple[Block, ...]

    @property
    def changes(self) -> list[FileChange]:
        """The files it is in."""
        return list(dict.fromkeys(block.change for block in self.blocks))


def of_unit(block: Block) -> Key:
    """The service a block belongs to."""
    if not block.regions:
        return Key(2, kind_of(block.change))
    return Key(0, " and ".join(block.units)) if block.units else Key(1, "no service in particular")


def of_rule(block: Block) -> Key:
    """The first rule that a block comes from."""
    if block.codes:
        return Key(0, block.codes[0])
    return Key(1, "imports") if block.regions else Key(2, kind_of(block.change))


def kind_of(change: FileChange) -> str:
    """What a file is that no reference changes."""
    if RUNTIME in change.path.parts:
        return "the runtime"
    return "generated modules" if change.path.suffix == ".py" else "files of the project around its code"


def grouped(result: RunResult, by: By) -> list[Group]:
    """All blocks of a run in groups, in the order in which these are shown."""
    key: Callable[[Block], Key] = {
        By.UNIT: of_unit,
        By.RULE: of_rule,
        By.FILE: lambda block: Key(int(not block.regions), shown(block.change.path, result.root)),
    }[by]
    found: dict[Key, list[Block]] = {}
    for change in sorted(result.changes, key=lambda change: change.path):
        for block in blocks(change):
            found.setdefault(key(block), []).append(block)
    return [Group(one, tuple(found[one])) for one in sorted(found)]


def render(result: RunResult, by: By, base: Path, titles: Mapping[str, str], *, colour: bool = False) -> bytes:
    """The patch in groups; `titles` are those of the rules."""
    paint = Paint(colour)
    out: list[bytes] = []
    done: dict[Path, list[Block]] = {}
    for group in grouped(result, by):
        first, *rest = (f"# {line}" for line in _heading(group, by, result, titles))
        heading = [*([""] if out else []), paint.bold(first), *map(paint.dim, rest)]
        out += (f"{line}\n".encode("utf-8", "backslashreplace") for line in heading)
        for change, found in by_change(group.blocks).items():
            before = done.setdefault(change.path, [])
            out.append(file_patch(change, base, wanted=found, done=list(before), colour=colour, labels=True))
            before += found
    return b"".join(out)


def by_change(found: Iterable[Block]) -> dict[FileChange, list[Block]]:
    """Blocks by the change they are of."""
    sorted_in: dict[FileChange, list[Block]] = {}
    for block in found:
        sorted_in.setdefault(block.change, []).append(block)
    return sorted_in


def title(key: Key, titles: Mapping[str, str]) -> str:
    """The name of a group, and of a rule what it does."""
    return f"{key.name}: {one_line(titles[key.name])}" if key.name in titles else one_line(key.name)


def states(counted: Count) -> str:
    """`28 native, 3 bridged`: those that there are."""
    return ", ".join(f"{counted.of(state)} {state.value}" for state in State if counted.of(state))


def about(key: Key, by: By, result: RunResult) -> tuple[list[Entry], list[Finding]]:
    """The entries of the ledger and the findings that a group is about."""
    entries, findings = result.ledger, result.findings
    if by is By.UNIT:
        units = set(key.name.split(" and "))
        shared = len(units) > 1  # what is said of one of them is said there
        return (
            [one for one in entries if units <= set(one.units)],
            [one for one in findings if one.unit in units and not shared],
        )
    if by is By.RULE:
        return [one for one in entries if one.code == key.name], [one for one in findings if one.code == key.name]
    return (
        [one for one in entries if shown(one.place.path, result.root) == key.name],
        [one for one in findings if shown(one.place.path, result.root) == key.name],
    )


def _heading(group: Group, by: By, result: RunResult, titles: Mapping[str, str]) -> list[str]:
    entries, findings = about(group.key, by, result)
    lines = [title(group.key, titles)]
    added, removed = sum(len(one.after) for one in group.blocks), sum(len(one.before) for one in group.blocks)
    size = f"+{added} -{removed} in {plural(len(group.changes), 'file')}"
    if entries:
        counted = count(entries)
        told = f"{plural(counted.references, 'reference')}: {states(counted)}"
        if counted.native and counted.native < counted.references:
            told += f" ({percent(counted.native, counted.references)} native)"
        size = f"{told}; {size}"
    lines.append(f"  {size}")
    if by is By.FILE and (units := sorted({unit for block in group.blocks for unit in block.units})):
        lines += textwrap.wrap(f"of {', '.join(units)}", _WIDTH, initial_indent="  ", subsequent_indent="    ")
    return lines + [f"  {line}" for line in told_once(findings, result)]


def told_once(findings: Iterable[Finding], result: RunResult) -> list[str]:
    """Findings, a line each; what is said of several places is said once."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for one in findings:
        places.setdefault((one.code, one.message, one.advice), []).append(place(one.place, result))
    return [
        f"{where[0]}{f' (and {len(where) - 1} more)' if len(where) > 1 else ''} {code} {sentence(message, advice)}"
        for (code, message, advice), where in places.items()
    ]
