"""How much changes, a line per file: what `git diff --stat` shows, and how the references in it ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from grpc2connect.report.diff import counts
from grpc2connect.report.groups import RUNTIME, states
from grpc2connect.report.ledger import count, plural
from grpc2connect.report.paint import Paint, shown
from grpc2connect.results import FileChange, RunResult

_GRAPH = 30
"""The widest graph, in signs."""


def stat(result: RunResult, changes: Sequence[FileChange], paint: Paint) -> list[str]:
    """A line for each of `changes` (one for all of a runtime that is written into the project), and their sum."""
    rows: list[tuple[str, int, int, str]] = []
    runtime: dict[Path, list[FileChange]] = {}
    for change in changes:
        if RUNTIME in change.path.parts:
            index = change.path.parts.index(RUNTIME)
            runtime.setdefault(Path(*change.path.parts[: index + 1]), []).append(change)
            continue
        entries = [entry for entry in result.ledger if entry.place.path == change.path]
        told = "new" if change.before is None else states(count(entries))
        rows.append((shown(change.path, result.root), *counts(change), told))
    for folder, inside in runtime.items():
        each = [counts(change) for change in inside]
        new = sum(change.before is None for change in inside)
        told = f"{plural(len(inside), 'file')}, {new} new"
        rows.append((f"{shown(folder, result.root)}/", sum(a for a, _ in each), sum(r for _, r in each), told))
    if not rows:
        return []
    names = max(len(row[0]) for row in rows)
    sizes = [row[1] + row[2] for row in rows]
    # What is new is long and read by nobody: it must not make all else look small.
    most = max([size for size, row in zip(sizes, rows, strict=True) if not row[3].endswith("new")] or sizes)
    numbers = len(str(max(sizes)))
    graph = min(_GRAPH, most)
    lines = []
    for name, added, removed, told in rows:
        scale = max(most, added + removed)
        plus, minus = _scaled(added, scale, graph), _scaled(removed, scale, graph)
        bar = paint.good("+" * plus) + paint.bad("-" * minus) + " " * (graph + 1 - plus - minus)
        lines.append(f" {name:<{names}} | {added + removed:>{numbers}} {bar} {told}".rstrip())
    total_added, total_removed = sum(row[1] for row in rows), sum(row[2] for row in rows)
    lines.append(
        f" {plural(len(changes), 'file')} changed, {plural(total_added, 'insertion')}(+), "
        f"{plural(total_removed, 'deletion')}(-)"
    )
    return lines


def listed(paths: Iterable[Path], root: Path) -> list[str]:
    """The names of files, each once; those of a runtime that is written into the project as one, with their number."""
    names: dict[str, int] = {}
    for path in dict.fromkeys(paths):
        inside = RUNTIME in path.parts
        name = f"{shown(Path(*path.parts[: path.parts.index(RUNTIME) + 1]), root)}/" if inside else shown(path, root)
        names[name] = names.get(name, 0) + 1
    return [f"{name} ({plural(number, 'file')})" if name.endswith("/") else name for name, number in names.items()]


def _scaled(number: int, most: int, width: int) -> int:
    """Signs for a number of lines: at least one, if there is one."""
    if most <= width:
        return number
    return max(number * width // most, 1) if number else 0
