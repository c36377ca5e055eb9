"""A migration in commits: what reads by itself stands by itself, and each commit leaves the files whole.

By service, every commit is a migration in itself: the engine plans the services one after the other, each time from the
sources as they were, so that what two of them share is right at each step. By rule and by stage, the text of the whole
migration comes in portions: files parse, imports resolve and names are bound after each, and it runs after the last.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.report.groups import of_rule, title
from grpc2connect.report.hunks import Block, applied, blocks
from grpc2connect.report.stages import stage
from grpc2connect.results import Entry, FileChange, Finding, RunResult, State
from grpc2connect.review.renames import renamed
from grpc2connect.review.soundness import is_sound
from grpc2connect.sources import is_notebook


class Per(enum.Enum):
    """What gets a commit."""

    UNIT = "unit"
    RULE = "rule"
    STAGE = "stage"
    ALL = "all"


class Kind(enum.Enum):
    """What a portion is: new modules, names alone, imports alone, a change of meaning, or files that go."""

    GENERATED = "generated"
    RENAMES = "renames"
    IMPORTS = "imports"
    MEANING = "meaning"
    DELETED = "deleted"


@dataclass(frozen=True)
class Portion:
    """What one commit holds: from the state after the commit before it to its own.

    `entries` and `findings` are what its message tells of; `names` are those it changes.
    """

    kind: Kind
    subject: str
    changes: tuple[FileChange, ...]
    entries: tuple[Entry, ...] = ()
    findings: tuple[Finding, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class _Layer:
    """When a block comes, and what it comes as."""

    rank: int
    subject: str
    kind: Kind = field(compare=False, default=Kind.MEANING)


_ORDER = ("generate", "server", "client", "cleanup")
NEW, OLD = "new", "old"
"""The imports that come first, and those that go last."""


def portions(result: RunResult, per: Per, titles: Mapping[str, str]) -> list[Portion]:
    """A result in portions by rule, by stage, or (`all`) with nothing but new modules and renames apart."""
    files = [change for change in result.changes if change.regions and not change.deletes]
    found = [_generated(result)]
    layers = [_layers(change, per, titles) for change in files]
    order = sorted({layer for assigned in layers for layer in assigned.values()})
    if per is Per.RULE and any(map(_is_import, (block for assigned in layers for block in assigned))):
        order.insert(0, _Layer(-1, NEW, Kind.IMPORTS))
    states = [_states(change, assigned, order) for change, assigned in zip(files, layers, strict=True)]
    for index, layer in enumerate(order):
        changes = []
        applied_now: list[Block] = []
        for change, steps in zip(files, states, strict=True):
            before = steps[index - 1] if index else (change.before or b"", [])
            after = steps[index]
            if before[0] != after[0]:
                changes.append(FileChange(change.path, before[0], after[0], change.units))
                applied_now += [block for block in after[1] if block not in before[1]]
        found.append(_portion(result, layer, changes, applied_now))
    return [one for one in [*found, _deleted(result)] if one.changes]


def by_unit(results: Sequence[tuple[tuple[str, ...], RunResult]]) -> list[Portion]:
    """A migration service by service.

    `results` are those in which some services and all before them have moved, with the full names of those that are
    new in each; the last is the whole.
    """
    whole = results[-1][1]
    new = {change.path for change in whole.changes if change.before is None}
    found = [_generated(whole)]
    states: dict[Path, bytes] = {}
    waiting: tuple[str, ...] = ()
    for index, (units, result) in enumerate(results):
        waiting += units
        last = index == len(results) - 1
        if not last and any(change.before is None and change.path not in new for change in result.changes):
            continue  # needs a module that the whole does not: it comes with the next
        now = {change.path: change for change in result.changes if change.regions and not change.deletes}
        changes = []
        for path in sorted({*states, *now}):
            original = now[path].before if path in now else _original(results, path)
            before = states.get(path, original or b"")
            after = now[path].after if path in now else original or b""
            if before != after:
                changes.append(FileChange(path, before, after, now[path].units if path in now else ()))
            states[path] = after
        if changes:
            found += _apart(changes, waiting, result)
            waiting = ()
    return [one for one in [*found, _deleted(whole)] if one.changes]


def _original(results: Iterable[tuple[tuple[str, ...], RunResult]], path: Path) -> bytes | None:
    return next(change.before for _, result in results for change in result.changes if change.path == path)


def _apart(changes: list[FileChange], units: tuple[str, ...], result: RunResult) -> Iterator[Portion]:
    """Renames, then the rest."""
    subject = " and ".join(units) or "what belongs to no service"
    renames, rest, names = [], [], {}
    for change in changes:
        pairs = {block: pair for block in blocks(change) if (pair := renamed(block))}
        middle = applied(change, pairs)
        if not pairs or not _sound(middle, change):
            rest.append(change)
            continue
        renames.append(FileChange(change.path, change.before, middle, change.units))
        if middle != change.after:
            rest.append(FileChange(change.path, middle, change.after, change.units))
        for pair in pairs.values():
            names.update(pair)
    entries = tuple(one for one in result.ledger if set(units) & set(one.units))
    findings = tuple(one for one in result.findings if one.unit in units)
    if rest:
        yield Portion(Kind.RENAMES, subject, tuple(renames), names=names)
        yield Portion(Kind.MEANING, subject, tuple(rest), entries, findings)
    else:
        yield Portion(Kind.MEANING, subject, tuple(changes), entries, findings)


def _generated(result: RunResult) -> Portion:
    new = (change for change in result.changes if not change.regions and not change.deletes)
    return Portion(Kind.GENERATED, "", tuple(sorted(new, key=lambda change: change.path)))


def _deleted(result: RunResult) -> Portion:
    """Last, when nothing needs them any more."""
    return Portion(Kind.DELETED, "", tuple(change for change in result.changes if change.deletes))


def _layers(change: FileChange, per: Per, titles: Mapping[str, str]) -> dict[Block, _Layer]:
    """When each block of a file comes; blocks of one reference come together."""
    found = blocks(change)
    leader = _together(found)
    clusters: dict[Block, list[Block]] = {}
    for block in found:
        clusters.setdefault(leader[block], []).append(block)
    layers = {}
    for first, cluster in clusters.items():
        names_only = all(map(renamed, cluster))
        layers.update(dict.fromkeys(cluster, _layer(first, per, titles, names_only=names_only)))
    return layers


def _layer(block: Block, per: Per, titles: Mapping[str, str], *, names_only: bool) -> _Layer:
    if per is Per.ALL:
        return _Layer(0, "", Kind.RENAMES) if names_only else _Layer(1, "")
    if per is Per.STAGE:
        step = "cleanup" if _is_import(block) else _stage(block.codes[0])
        rank = 2 * _ORDER.index(step)
        return _Layer(rank, step, Kind.RENAMES) if names_only else _Layer(rank + 1, step)
    if names_only:
        return _Layer(0, "", Kind.RENAMES)
    if _is_import(block):
        return _Layer(2, OLD, Kind.IMPORTS)
    return _Layer(1, title(of_rule(block), titles))


def _stage(code: str) -> str:
    """The step of the migration guide that a rule belongs to; what is on both sides comes with the second."""
    found = stage(code)
    return "client" if found == "both" else found


def _is_import(block: Block) -> bool:
    """Whether a block is of import statements, or of the names in one."""
    return block.imports_only or not block.codes


def _together(found: Sequence[Block]) -> dict[Block, Block]:
    """For each block the first of those that it shares a reference with, directly or not."""
    leader = {block: block for block in found}
    owner: dict[object, Block] = {}

    def first(block: Block) -> Block:
        while leader[block] is not block:
            block = leader[block]
        return block

    for block in found:
        for region in block.references:
            other = owner.setdefault((region.place, region.code), block)
            a, b = sorted((first(other), first(block)), key=lambda one: one.old)
            leader[b] = a
    return {block: first(block) for block in found}


def _states(
    change: FileChange, assigned: Mapping[Block, _Layer], order: Sequence[_Layer]
) -> list[tuple[bytes, list[Block]]]:
    """The file after each layer, with the blocks that are in it; where it would not be sound it waits for the next.

    New imports come before all else, and old ones go last.
    """
    imports = set(filter(_is_import, assigned))
    names_only = True
    states = [(change.before or b"", list[Block]())]
    for index, layer in enumerate(order):
        if index == len(order) - 1:
            states.append((change.after, list(assigned)))
            continue
        wanted = [block for block, other in assigned.items() if other <= layer and block not in imports]
        names_only = names_only and layer.kind is Kind.RENAMES
        state = applied(change, wanted, () if names_only else imports)
        states.append((state, wanted) if _sound(state, change) else states[-1])
    return states[1:]


def _sound(state: bytes, change: FileChange) -> bool:
    return is_sound(state, change.before, change.after, in_cells=is_notebook(change.path))


def _portion(result: RunResult, layer: _Layer, changes: list[FileChange], applied_now: list[Block]) -> Portion:
    told = {(region.place, region.code) for block in applied_now for region in block.references}
    names: dict[str, str] = {}
    if layer.kind is Kind.RENAMES:
        for block in applied_now:
            names.update(renamed(block))
    return Portion(
        layer.kind,
        layer.subject,
        tuple(changes),
        tuple(entry for entry in result.ledger if (entry.place, entry.code) in told and entry.state is not State.LEFT),
        tuple(one for one in result.findings if (one.place, one.code) in told),
        names,
    )


def steps(
    units: Sequence[str], run: Callable[[tuple[str, ...]], RunResult], whole: RunResult
) -> list[tuple[tuple[str, ...], RunResult]]:
    """The results of moving services one after the other; `run` gives that in which some of them stay."""
    found: list[tuple[tuple[str, ...], RunResult]] = []
    waiting: tuple[str, ...] = ()
    for index, unit in enumerate(units):
        waiting += (unit,)
        if index == len(units) - 1:
            break
        result = run(tuple(units[index + 1 :]))
        if result.audit.holds and result.changes != (found[-1][1].changes if found else ()):
            found.append((waiting, result))
            waiting = ()
    return [*found, (waiting, whole)]


def moving(result: RunResult) -> list[str]:
    """The services of which something moves, by name."""
    return sorted(
        {unit for entry in result.ledger if entry.behaviour and entry.state is not State.LEFT for unit in entry.units}
    )
