"""Which lines of a file change because of which reference: what a reviewer is told beside a change."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from grpc2connect.plan import Decision
from grpc2connect.results import Region
from grpc2connect.syntax import Module, Span


def regions(module: Module, decisions: Iterable[Decision], imported: Iterable[Span]) -> tuple[Region, ...]:
    """The regions of a file's decisions, and of the import statements that go or come at the spans `imported`."""
    # Not the module's own lines: a patch knows of no line end but this.
    ends = [offset for offset, character in enumerate(module.text) if character == "\n"]

    def line(offset: int) -> int:
        if module.cells is not None:
            return module.place_at(offset).line - 1
        return bisect_right(ends, offset - 1)

    found = set()
    for decision in decisions:
        reference, outcome = decision.reference, decision.outcome
        units = tuple(sorted(service.full_name for service in reference.units if service.name))
        for start, end in (edit.span for edit in outcome.edits):
            last = line(max(start, end - 1))
            found.add(Region(line(start), last, reference.place, decision.code, outcome.state, units))
    for start, end in imported:
        found.add(Region(line(start), line(max(start, end - 1)), module.place_at(start)))
    return tuple(sorted(found, key=lambda one: (one.first, one.last, one.place, one.code)))
