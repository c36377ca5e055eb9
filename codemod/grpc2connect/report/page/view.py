"""What stands on the page, made of a report: plain data in the order it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeVar

from grpc2connect.report.document import (
    Counts,
    Document,
    Error,
    Finding,
    Reference,
    Rule,
    StateName,
    StepName,
    StepState,
    Suppressed,
)
from grpc2connect.report.ledger import NO_UNIT, percent
from grpc2connect.report.page.code import Code, Note, code, note_of_error
from grpc2connect.report.page.pictures import Bar, bar
from grpc2connect.report.plain import part_of, summary_line
from grpc2connect.report.progress import STEPS, said, totals
from grpc2connect.report.prose import Block, blocks
from grpc2connect.report.stages import STAGES
from grpc2connect.report.sums import NO_OWNER

STATES: dict[StateName, str] = {
    "native": "in connectrpc's own form",
    "bridged": "through the bundled runtime",
    "left": "stays on gRPC",
}
_Row = TypeVar("_Row", Reference, Finding, Error)
OPEN_FILES = 12
"""Up to how many files are unfolded from the start."""


@dataclass(frozen=True)
class Service:
    """A row of the table of services."""

    name: str
    index: int
    state: str
    counts: Counts
    stages: tuple[tuple[str, Bar | None], ...]
    findings: int
    reason: str
    reason_count: int
    module: str


@dataclass(frozen=True)
class ProgressRow:
    """A row of the table of what is done: for each step its state, and that in words; no index if nothing is listed."""

    name: str
    index: int | None
    steps: tuple[tuple[StepState, str], ...]


@dataclass(frozen=True)
class OwnerRow:
    """A row of the table of owners."""

    name: str
    index: int
    counts: Counts
    bar: Bar
    files: int
    findings: int
    units: int


@dataclass(frozen=True)
class FileView:
    """A file: its sums, who owns it, and its code."""

    path: str
    folder: str
    name: str
    anchor: str
    counts: Counts
    bar: Bar
    findings: int
    owners: tuple[str, ...]
    owner_indexes: str
    code: Code
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class ErrorGroup:
    """Files that failed for the same reason."""

    code: str
    message: str
    advice: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class RuleView:
    """A rule that occurs, with its documentation."""

    code: str
    title: str
    family: str
    count: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class View:
    """The page."""

    title: str
    revision: str
    part: str
    version: str
    summary: str
    holds: bool
    unexplained: tuple[str, ...]
    counts: Counts
    behaviour: Counts
    bar: Bar
    shares: Mapping[str, str]
    services: tuple[Service, ...]
    service_states: tuple[tuple[str, int], ...]
    stages: tuple[tuple[str, Counts, Bar], ...]
    stage_names: tuple[str, ...]
    steps: tuple[StepName, ...]
    progress: tuple[ProgressRow, ...]
    done: tuple[tuple[int, int], ...]
    owners: tuple[OwnerRow, ...]
    files: tuple[FileView, ...]
    errors: tuple[ErrorGroup, ...]
    error_count: int
    findings: int
    rows: int
    rules: tuple[RuleView, ...]
    suppressed: tuple[Suppressed, ...]
    edited: tuple[tuple[str, int, int, bool], ...]
    edited_count: int
    new_count: int
    added: tuple[tuple[str, int], ...]
    open: bool
    states: Mapping[StateName, str]


def view(document: Document) -> View:
    """All that the page shows."""
    behaviour = document["summary"]["behaviour"]
    unit_index = {name: index for index, name in enumerate(_units(document))}
    owner_index = {name: index for index, name in enumerate(_owner_names(document))}
    services = tuple(_services(document, unit_index))
    files = tuple(_files(document, unit_index, owner_index))
    edited = [change for change in document["changes"] if not change["new"]]
    new = [change for change in document["changes"] if change["new"]]
    folders = Counter(_package(change["path"]) for change in new)
    root = PurePosixPath(document["root"]).name or "project"
    return View(
        title=root,
        revision=document.get("revision", ""),
        part=part_of(document),
        version=document["tool"]["version"],
        summary=summary_line(document),
        holds=document["audit"]["holds"],
        unexplained=tuple(document["audit"]["unexplained"]),
        counts=document["summary"],
        behaviour=behaviour,
        bar=bar(behaviour, "All references that are no imports or annotations", width=1000, height=28),
        shares={state: percent(behaviour[state], behaviour["references"]) for state in STATES},
        services=services,
        service_states=tuple(Counter(one.state for one in services if one.name != NO_UNIT).items()),
        stages=tuple(_stages(document)),
        stage_names=tuple(STAGES.values()),
        steps=STEPS,
        progress=tuple(_progress(document, unit_index)),
        done=tuple(totals(document.get("progress", [])).values()),
        owners=tuple(_owners(document, owner_index)),
        files=files,
        errors=tuple(_errors(document)),
        error_count=len(document["errors"]),
        findings=len(document["findings"]),
        rows=len(document["references"]) + len(document["findings"]) + len(document["errors"]),
        rules=tuple(_rules(document)),
        suppressed=tuple(document["suppressed"]),
        edited=tuple(
            (row["path"], row["lines_added"], row["lines_removed"], row.get("deleted", False)) for row in edited
        ),
        edited_count=len(edited),
        new_count=len(new),
        added=tuple(sorted(folders.items())),
        open=len(files) <= OPEN_FILES,
        states=STATES,
    )


def _units(document: Document) -> list[str]:
    named = {unit for row in document["references"] for unit in row["units"] or [NO_UNIT]}
    named |= {row["unit"] or NO_UNIT for row in document["findings"]}
    return sorted(named)


def _owner_names(document: Document) -> list[str]:
    return [owner["name"] for owner in document.get("owners", [])]


def _services(document: Document, unit_index: Mapping[str, int]) -> Iterable[Service]:
    findings = Counter(row["unit"] or NO_UNIT for row in document["findings"])
    reasons: dict[str, Counter[str]] = {}
    states: dict[str, set[str]] = {}
    for row in document["references"]:
        for name in row["units"] or [NO_UNIT]:
            states.setdefault(name, set()).add(row["state"] if row["behaviour"] else "")
            if row["state"] == "left" and row["why"] and row["behaviour"]:
                reasons.setdefault(name, Counter())[row["why"]] += 1
    order = {"left": 0, "bridged": 1, "native": 2}
    modules = {
        unit: "to write" if change["new"] else "to refresh"
        for change in document["changes"]
        if change["path"].endswith("_connect.py")
        for unit in change["units"]
    }
    made = []
    for unit in document["units"]:
        name = unit["name"]
        worst = min((state for state in states[name] if state), key=lambda state: order[state], default=None)
        if worst is None:  # nothing but imports and annotations
            worst = "left" if unit["left"] else "native"
        stages = unit.get("stages", {})
        made.append(
            Service(
                name,
                unit_index[name],
                worst,
                unit,
                tuple(
                    (title, bar(stages[key], f"{name}, {title}", width=84) if key in stages else None)
                    for key, title in STAGES.items()
                ),
                findings[name],
                *(reasons.get(name, Counter()).most_common(1) or [("", 0)])[0],
                "" if worst == "left" or name == NO_UNIT else modules.get(name, "as it is"),
            )
        )
    return sorted(made, key=lambda one: (one.name == NO_UNIT, order[one.state], one.name))


def _stages(document: Document) -> Iterable[tuple[str, Counts, Bar]]:
    for key, title in STAGES.items():
        states = Counter(row["state"] for row in document["references"] if row["stage"] == key)
        counts: Counts = {
            "references": states.total(),
            "native": states["native"],
            "bridged": states["bridged"],
            "left": states["left"],
        }
        if states:
            yield title, counts, bar(counts, title, width=300, height=12)


def _progress(document: Document, unit_index: Mapping[str, int]) -> Iterable[ProgressRow]:
    for row in document.get("progress", []):
        steps = tuple((row["steps"][step]["state"], said(row["steps"][step])) for step in STEPS)
        yield ProgressRow(row["name"], unit_index.get(row["name"]), steps)


def _owners(document: Document, owner_index: Mapping[str, int]) -> Iterable[OwnerRow]:
    for owner in sorted(document.get("owners", []), key=lambda one: (one["name"] == NO_OWNER, -one["references"])):
        yield OwnerRow(
            owner["name"],
            owner_index[owner["name"]],
            owner,
            bar(owner, owner["name"], width=300, height=12),
            owner["files"],
            owner["findings"],
            len(owner["units"]),
        )


def _files(document: Document, unit_index: Mapping[str, int], owner_index: Mapping[str, int]) -> Iterable[FileView]:
    counts = {file["path"]: file for file in document["files"]}
    titles = {rule["code"]: rule["title"] for rule in document.get("rules", [])}
    references = _by_path(document["references"])
    findings = _by_path(document["findings"])
    errors = _by_path(document["errors"])
    for index, path in enumerate(sorted({*references, *findings, *errors})):
        rows = [*references.get(path, ()), *findings.get(path, ()), *errors.get(path, ())]
        owners = tuple(rows[0].get("owners", []))
        sums: Counts = counts.get(path) or {"references": 0, "native": 0, "bridged": 0, "left": 0}
        name = PurePosixPath(path).name
        yield FileView(
            path,
            path.removesuffix(name),
            name,
            f"f{index}",
            sums,
            bar(sums, path, width=120, height=10),
            len(findings.get(path, ())) + len(errors.get(path, ())),
            owners,
            " ".join(str(owner_index[owner]) for owner in owners or (NO_OWNER,) if owner in owner_index),
            code(
                document.get("excerpts", {}).get(path, []),
                references.get(path, []),
                findings.get(path, []),
                unit_index,
                titles,
            ),
            tuple(note_of_error(error) for error in errors.get(path, [])),
        )


def _errors(document: Document) -> Iterable[ErrorGroup]:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for error in document["errors"]:
        groups.setdefault((error["code"], f"{error['title']}: {error['message']}", error["advice"]), []).append(
            error["path"]
        )
    for (name, message, advice), paths in groups.items():
        yield ErrorGroup(name, message, advice, tuple(paths))


def _by_path(rows: Sequence[_Row]) -> dict[str, list[_Row]]:
    made: dict[str, list[_Row]] = {}
    for row in rows:
        made.setdefault(str(row["path"]), []).append(row)
    return made


def _rules(document: Document) -> Iterable[RuleView]:
    counts = Counter(
        row["code"] for rows in (document["references"], document["findings"], document["errors"]) for row in rows
    )
    known: dict[str, Rule] = {rule["code"]: rule for rule in document.get("rules", [])}
    for name in sorted(counts):
        rule = known.get(name)
        if rule is None:
            yield RuleView(name, "", "", counts[name], ())
        else:
            text = blocks(rule["documentation"])
            if text and text[0].text.rstrip(".").casefold() == rule["title"].rstrip(".").casefold():
                del text[0]  # the heading says it
            yield RuleView(name, rule["title"], rule["family"], counts[name], tuple(text))


def _package(path: str) -> str:
    """What a new file is counted under: the runtime as one, generated modules by their folders."""
    parts = PurePosixPath(path).parts
    if "grpc2connect_runtime" in parts:
        return "/".join(parts[: parts.index("grpc2connect_runtime") + 1]) + "/"
    return path
