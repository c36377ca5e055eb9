"""The run as JSON, for scripts, dashboards and every other face of `report`.

What the fields mean stands in `document`; `docs/report.schema.json` is the same for machines.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from grpc2connect import __version__
from grpc2connect.report.diff import counts
from grpc2connect.report.document import (
    SCHEMA_VERSION,
    Change,
    Counts,
    Document,
    Error,
    Finding,
    Reference,
    Rule,
    Suppressed,
)
from grpc2connect.report.fingerprints import Fingerprints, digest, order
from grpc2connect.report.json_hunks import rows_of
from grpc2connect.report.paint import shown
from grpc2connect.report.stages import stage
from grpc2connect.report.sums import summed
from grpc2connect.results import FileChange, Moved, Place, RunResult

_NOTHING: Counts = {"references": 0, "native": 0, "bridged": 0, "left": 0}


@dataclass(frozen=True)
class Surroundings:
    """What `report` knows beside the run.

    `owners` by path, the `rules` by code, where the project stands, and what has `moved` before.
    """

    owners: Callable[[str], tuple[str, ...]] | None = None
    rules: Mapping[str, Rule] | None = None
    repository_path: str = ""
    revision: str = ""
    moved: Sequence[Moved] = ()


def render(result: RunResult, *, command: str, exit_code: int, with_hunks: bool = False) -> str:
    """The document, indented, ASCII only, with a final newline; perhaps with the patch of each file in it."""
    made = document(result, command=command, exit_code=exit_code)
    if with_hunks:
        by_path = {shown(change.path, result.root): change for change in result.changes}
        for row in made["changes"]:
            row["encoding"], row["hunks"] = rows_of(by_path[row["path"]], result)
    return dump(made)


def dump(document: Document) -> str:
    """A document that is made already, as text."""
    return json.dumps(document, indent=2) + "\n"


def document(result: RunResult, *, command: str, exit_code: int, surroundings: Surroundings | None = None) -> Document:
    """The document as plain data; rows in the order of their places. With `surroundings`, all that `report` shows."""
    audit = result.audit
    names = Fingerprints()
    references = _references(result, names)
    made: Document = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "grpc2connect", "version": __version__},
        "command": command,
        "exit_code": exit_code,
        "root": result.root.as_posix(),
        "summary": {
            **_NOTHING,
            "behaviour": _NOTHING,
            "files_seen": result.files_seen,
            "files_parsed": result.files_parsed,
            "files_changed": 0,
            "findings": 0,
            "errors": 0,
        },
        "audit": {
            "holds": audit.holds,
            "counted": audit.counted,
            "entered": audit.entered,
            "unexplained": list(audit.unexplained),
        },
        "units": [],
        "files": [],
        "changes": sorted((_change(change, result) for change in result.changes), key=lambda row: row["path"]),
        "references": references,
        "findings": _findings(result, references, names),
        "suppressed": _suppressed(result, references, names),
        "errors": _errors(result, names),
    }
    if surroundings is not None:
        _surround(made, surroundings)
    return summed(made)


def _surround(made: Document, around: Surroundings) -> None:
    made["repository_path"] = around.repository_path
    made["revision"] = around.revision
    made["moved"] = [
        {"name": one.unit, "module": one.module, "stubs": one.stubs, "server": one.server, "client": one.client}
        for one in around.moved
    ]
    if around.owners is not None:
        known: dict[str, list[str]] = {}
        for row in (*made["references"], *made["findings"], *made["suppressed"], *made["errors"]):
            path = row["path"]
            if path not in known:
                known[path] = list(around.owners(path))
            row["owners"] = known[path]
        made["owners"] = []
    if around.rules is not None:
        used = {row["code"] for row in (*made["references"], *made["findings"], *made["errors"])}
        made["rules"] = [around.rules[code] for code in sorted(used) if code in around.rules]
    parts = (made["references"], made["findings"], made["suppressed"], made["errors"], made["changes"], made["audit"])
    rows = json.dumps(parts)
    made["run"] = digest(rows)


def _references(result: RunResult, names: Fingerprints) -> list[Reference]:
    rows: list[dict[str, Any]] = []
    for entry in result.ledger:
        rows.append(
            {
                **_place(entry.place, result),
                "kind": entry.kind,
                "code": entry.code,
                "state": entry.state.value,
                "text": entry.text,
                "units": list(entry.units),
                "behaviour": entry.behaviour,
                "why": _said(entry.why, result),
                "stage": stage(entry.code),
                "sides": list(entry.sides),
                **({"later": True} if entry.later else {}),
            }
        )
    for row in sorted(rows, key=order):
        row["fingerprint"] = names.of("reference", row["path"], row["code"], row["kind"], row["text"])
    return cast(list[Reference], sorted(rows, key=order))


def _findings(result: RunResult, references: list[Reference], names: Fingerprints) -> list[Finding]:
    texts = {(row["path"], row["line"], row["column"]): row["text"] for row in references}
    rows: list[dict[str, Any]] = []
    for finding in result.findings:
        rows.append(
            {
                **_place(finding.place, result),
                "code": finding.code,
                "severity": finding.severity.value,
                "message": _said(finding.message, result),
                "advice": _said(finding.advice, result),
                "unit": finding.unit,
            }
        )
    for row in sorted(rows, key=order):
        # A message may be worded better in a later version; the code that it is about stays.
        about = texts.get((row["path"], row["line"], row["column"]), row["message"])
        row["fingerprint"] = names.of("finding", row["path"], row["code"], row["unit"], about)
    return cast(list[Finding], sorted(rows, key=order))


def _suppressed(result: RunResult, references: list[Reference], names: Fingerprints) -> list[Suppressed]:
    units: dict[tuple[str, int], set[str]] = {}
    for reference in references:
        units.setdefault((reference["path"], reference["line"]), set()).update(reference["units"])
    rows: list[dict[str, Any]] = []
    for one in result.suppressed:
        place = _place(one.place, result)
        rows.append(
            {
                **place,
                "code": one.code,
                "text": _said(one.text, result),
                "reason": one.reason,
                "reference": one.reference,
                "units": sorted(units.get((place["path"], place["line"]), ())),
            }
        )
    for row in sorted(rows, key=order):
        row["fingerprint"] = names.of("suppressed", row["path"], row["code"], row["text"])
    return cast(list[Suppressed], sorted(rows, key=order))


def _errors(result: RunResult, names: Fingerprints) -> list[Error]:
    rows = [
        (shown(one.path, result.root), one.code, one.title.slug, _said(one.message, result), _said(one.advice, result))
        for one in result.errors
    ]
    made: list[Error] = [
        {
            "path": path,
            "code": code,
            "title": title,
            "message": message,
            "advice": advice,
            "fingerprint": names.of("error", path, code, message),
        }
        for path, code, title, message, advice in sorted(rows)
    ]
    return sorted(made, key=order)


def _said(text: str, result: RunResult) -> str:
    """`text` with the places in it relative to the root, so that a report is the same wherever it is made."""
    return text.replace(f"{result.root.as_posix()}/", "") if result.root != result.root.parent else text


def _place(where: Place, result: RunResult) -> dict[str, Any]:
    return {"path": shown(where.path, result.root), "line": where.line, "column": where.column}


def _change(change: FileChange, result: RunResult) -> Change:
    added, removed = counts(change)
    made: Change = {
        "path": shown(change.path, result.root),
        "new": change.before is None,
        "lines_added": added,
        "lines_removed": removed,
        "units": list(change.units),
    }
    if change.deletes:
        made["deleted"] = True
    return made
