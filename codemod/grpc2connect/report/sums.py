"""The sums of a report: in all, and per service, file and owner; always those of the rows that are there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from grpc2connect.report.document import Counts, Document, Owner, Reference, Unit
from grpc2connect.report.ledger import NO_UNIT
from grpc2connect.report.progress import progress
from grpc2connect.report.stages import STAGES

NO_OWNER = "(no owner)"


def summed(document: Document) -> Document:
    """`document` with all its sums made anew; services are those that it says are shown, if it says so."""
    references, findings = document["references"], document["findings"]
    summary = document["summary"]
    made = Document(**document)
    made["summary"] = {
        **count(references),
        "behaviour": count(row for row in references if row["behaviour"]),
        "files_seen": summary["files_seen"],
        "files_parsed": summary["files_parsed"],
        "files_changed": len(document["changes"]),
        "findings": len(findings),
        "errors": len(document["errors"]),
    }
    made["units"] = _units(document)
    if "moved" in document:
        made["progress"] = progress(made)
    by_file: dict[str, list[Reference]] = {}
    for row in references:
        by_file.setdefault(row["path"], []).append(row)
    made["files"] = [{"path": path, **count(by_file[path])} for path in sorted(by_file)]
    if "owners" in document:
        made["owners"] = _owners(document)
    return made


def count(rows: Iterable[Reference]) -> Counts:
    """The states of `rows`, counted."""
    states = [row["state"] for row in rows]
    return {
        "references": len(states),
        "native": states.count("native"),
        "bridged": states.count("bridged"),
        "left": states.count("left"),
    }


def _units(document: Document) -> list[Unit]:
    shown = document.get("shown", {})
    limits = [set(names) for names in (shown.get("units"), shown.get("shard_units")) if names is not None]
    rows: dict[str, list[Reference]] = {}
    for row in document["references"]:
        for name in row["units"] or [NO_UNIT]:
            if all(name in names for names in limits):
                rows.setdefault(name, []).append(row)
    out: list[Unit] = []
    for name in sorted(rows):
        stages = {key: count(row for row in rows[name] if row["stage"] == key) for key in STAGES}
        there = {str(key): counts for key, counts in stages.items() if counts["references"]}
        out.append({"name": name, **count(rows[name]), "stages": there})
    return out


def _owners(document: Document) -> list[Owner]:
    rows: dict[str, list[Reference]] = {}
    findings: dict[str, int] = {}
    for row in document["references"]:
        for name in row.get("owners") or [NO_OWNER]:
            rows.setdefault(name, []).append(row)
    for finding in document["findings"]:
        for name in finding.get("owners") or [NO_OWNER]:
            findings[name] = findings.get(name, 0) + 1
    return [
        cast(
            Owner,
            {
                "name": name,
                **count(rows.get(name, ())),
                "files": len({row["path"] for row in rows.get(name, ())}),
                "findings": findings.get(name, 0),
                "units": sorted({unit for row in rows.get(name, ()) for unit in row["units"]}),
            },
        )
        for name in sorted({*rows, *findings})
    ]
