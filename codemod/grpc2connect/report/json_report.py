"""The run as JSON, for scripts and dashboards.

`schema_version` changes when a field is renamed, removed or changes its meaning; new fields may come at any time.
"""

from __future__ import annotations

import json
from typing import Any

from grpc2connect import __version__
from grpc2connect.report.diff import counts
from grpc2connect.report.ledger import Count, ledger
from grpc2connect.report.paint import shown
from grpc2connect.results import Entry, FileChange, Finding, Place, RunResult

SCHEMA_VERSION = 1


def render(result: RunResult, *, command: str, exit_code: int) -> str:
    """The document, indented, ASCII only, with a final newline."""
    return json.dumps(document(result, command=command, exit_code=exit_code), indent=2) + "\n"


def document(result: RunResult, *, command: str, exit_code: int) -> dict[str, Any]:
    """The document as plain data; paths are relative to `root`, with forward slashes."""
    sums = ledger(result)
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "grpc2connect", "version": __version__},
        "command": command,
        "exit_code": exit_code,
        "root": result.root.as_posix(),
        "summary": {
            **_count(sums.total),
            "behaviour": _count(sums.behaviour),
            "files_seen": result.files_seen,
            "files_parsed": result.files_parsed,
            "files_changed": len(result.changes),
            "findings": len(result.findings),
            "errors": len(result.errors),
        },
        "audit": {
            "holds": result.audit.holds,
            "counted": result.audit.counted,
            "entered": result.audit.entered,
            "unexplained": list(result.audit.unexplained),
        },
        "units": [{"name": name, **_count(one)} for name, one in sums.by_unit.items()],
        "files": [{"path": path, **_count(one)} for path, one in sums.by_file.items()],
        "changes": [_change(change, result) for change in result.changes],
        "references": [_entry(entry, result) for entry in result.ledger],
        "findings": [_finding(finding, result) for finding in result.findings],
        "errors": [
            {
                "path": shown(error.path, result.root),
                "code": error.code,
                "message": error.message,
                "advice": error.advice,
            }
            for error in result.errors
        ],
    }


def _count(sums: Count) -> dict[str, int]:
    return {"references": sums.references, "native": sums.native, "bridged": sums.bridged, "left": sums.left}


def _place(where: Place, result: RunResult) -> dict[str, Any]:
    return {"path": shown(where.path, result.root), "line": where.line, "column": where.column}


def _change(change: FileChange, result: RunResult) -> dict[str, Any]:
    added, removed = counts(change)
    return {
        "path": shown(change.path, result.root),
        "new": change.before is None,
        "lines_added": added,
        "lines_removed": removed,
        "units": list(change.units),
    }


def _entry(entry: Entry, result: RunResult) -> dict[str, Any]:
    return {
        **_place(entry.place, result),
        "kind": entry.kind,
        "code": entry.code,
        "state": entry.state.value,
        "text": entry.text,
        "units": list(entry.units),
        "behaviour": entry.behaviour,
        "why": entry.why,
    }


def _finding(finding: Finding, result: RunResult) -> dict[str, Any]:
    return {
        **_place(finding.place, result),
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "advice": finding.advice,
        "unit": finding.unit,
    }
