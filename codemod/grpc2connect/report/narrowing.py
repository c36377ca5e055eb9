"""A part of a report: some services, paths, owners, or what has changed. Decisions stay those of the whole run.

A row is shown when it fits all that is asked for; of a row that belongs to several services or owners, one has to fit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar

from grpc2connect.report.document import Document, Excerpt, Narrowing
from grpc2connect.report.ledger import NO_UNIT
from grpc2connect.report.sums import NO_OWNER, summed

Keep = Callable[[str, Sequence[str]], bool]
"""Whether what stands in a file (its path) and belongs to some services (their names) is shown."""
_Row = TypeVar("_Row", bound=Any)


def narrowed(document: Document, keep: Keep, shown: Narrowing, *, owners: Collection[str] = ()) -> Document:
    """The rows that `keep` lets through and, if `owners` are given, that belong to one of them; `shown` says so."""
    made = Document(**document)

    def wanted(rows: Iterable[_Row], units: Callable[[_Row], Sequence[str]]) -> list[_Row]:
        return [row for row in rows if keep(row["path"], units(row)) and _owned(row, owners)]

    made["references"] = wanted(document["references"], lambda row: row["units"])
    made["findings"] = wanted(document["findings"], lambda row: [row["unit"]] if row["unit"] else [])
    made["suppressed"] = wanted(document["suppressed"], lambda row: row["units"])
    made["errors"] = wanted(document["errors"], lambda row: [])
    kept = {row["path"] for row in made["references"]}
    made["changes"] = [
        row for row in document["changes"] if row["path"] in kept or (not owners and keep(row["path"], row["units"]))
    ]
    made["shown"] = {**document.get("shown", {}), **shown}
    if "rules" in document:
        used = {row["code"] for row in (*made["references"], *made["findings"], *made["errors"])}
        made["rules"] = [rule for rule in document["rules"] if rule["code"] in used]
    return summed(made)


def _owned(row: Any, owners: Collection[str]) -> bool:
    return not owners or any(name in owners for name in row.get("owners") or [NO_OWNER])


def units_of(document: Document) -> set[str]:
    """All services that something in the report belongs to."""
    return {unit for row in document["references"] for unit in row["units"] or [NO_UNIT]}


def resolved(asked: Iterable[str], known: Collection[str]) -> tuple[list[str], list[str]]:
    """Full names for names of services, which may be their last parts; and those that name none."""
    found: set[str] = set()
    unknown = []
    for name in asked:
        fits = {name} & set(known) or {one for one in known if one.rpartition(".")[2] == name}
        found |= fits
        if not fits:
            unknown.append(name)
    return sorted(found), unknown


def with_excerpts(document: Document, lines: Callable[[str], Sequence[str]]) -> Document:
    """`document` with the lines around its findings and around what is not native; `lines` are those of a path."""
    wanted: dict[str, set[int]] = {}
    for finding in document["findings"]:
        wanted.setdefault(finding["path"], set()).update(_around(finding["line"], FINDING_LINES))
    for row in document["references"]:
        if row["state"] != "native":
            wanted.setdefault(row["path"], set()).update(_around(row["line"], REFERENCE_LINES))
    excerpts: dict[str, list[Excerpt]] = {}
    for path in sorted(wanted):
        there = lines(path)
        texts = {number: _short(there[number - 1]) for number in wanted[path] if 0 < number <= len(there)}
        if texts:
            excerpts[path] = runs(texts)
    made = Document(**document)
    made["excerpts"] = excerpts
    return made


FINDING_LINES = 3
"""How many lines above and below a finding are shown."""
REFERENCE_LINES = 2
"""How many lines above and below a reference that is not native are shown."""
LONGEST = 400
"""How many characters of a line are kept."""


def runs(texts: dict[int, str]) -> list[Excerpt]:
    """Numbered lines, as runs of consecutive ones."""
    made: list[Excerpt] = []
    for number in sorted(texts):
        if made and made[-1]["line"] + len(made[-1]["lines"]) == number:
            made[-1]["lines"].append(texts[number])
        else:
            made.append({"line": number, "lines": [texts[number]]})
    return made


def _around(line: int, lines: int) -> range:
    return range(line - lines, line + lines + 1)


def _short(line: str) -> str:
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"
