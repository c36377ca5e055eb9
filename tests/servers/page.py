"""Results as text, JSON and Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grpc2connect.serving.table import table

from .matrix import Row
from .outcomes import OK


def line(row: Row) -> str:
    """A server's result in a line."""
    bad = [f"{probe}={one.name}" for probe, one in row.outcomes.items() if one.name != OK]
    fine = len(row.outcomes) - len(bad)
    skipped = f", {len(row.skipped)} skipped" if row.skipped else ""
    return f"{row.server.name}: {fine} of {len(row.outcomes)} ok{skipped} {' '.join(bad)}"


def as_json(rows: Sequence[Row], missing: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Everything, for machines."""
    return {
        "servers": {
            row.server.name: {
                "versions": dict(row.versions),
                "outcomes": {probe: {"outcome": one.name, "detail": one.detail} for probe, one in row.outcomes.items()},
                "skipped": row.skipped,
                "problems": row.problems(),
            }
            for row in rows
        },
        "missing": {name: list(names) for name, names in missing.items() if names},
    }


def results(rows: Sequence[Row]) -> str:
    """The outcomes as a Markdown table, a probe in each line."""
    head = ["probe", *(row.server.name for row in rows)]
    lines = [head, ["---"] * len(head)]
    for probe in table().probes:
        cells = [_cell(row, probe) for row in rows]
        if any(cells):
            lines.append([probe, *cells])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _cell(row: Row, probe: str) -> str:
    if probe in row.skipped:
        return "skipped"
    return row.outcomes[probe].name if probe in row.outcomes else ""
