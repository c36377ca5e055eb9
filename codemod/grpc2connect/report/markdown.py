"""The report as Markdown: for the summary of a CI job, a pull request's comment or an issue.

GitHub takes 1 MiB for a step's summary and 65,536 characters for a comment, so lists end where they get long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from grpc2connect.report.document import Counts, Document, Progress
from grpc2connect.report.ledger import percent, plural
from grpc2connect.report.paint import one_line
from grpc2connect.report.plain import part_of, summary_line
from grpc2connect.report.progress import STEPS, said, totals

MOST_ROWS = 100
"""How many rows a table has."""
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$@])")


def render(document: Document) -> str:
    """The page."""
    out = ["## gRPC to Connect", "", escaped(summary_line(document)) + ".", ""]
    part = part_of(document)
    if part:
        out += [f"Part of the run: {escaped(part)}.", ""]
    if not document["audit"]["holds"]:
        out += ["**The ledger does not add up:** do not trust these numbers.", ""]
    out += _section("Services", _counts_table("service", [(unit["name"], unit) for unit in document["units"]]))
    out += _section("Progress", _progress(document.get("progress", [])))
    owners = document.get("owners", [])
    out += _section("Split the work", _counts_table("owner", [(owner["name"], owner) for owner in owners]))
    errors = [
        (row["path"], "", row["code"], _sentence(f"{row['title']}: {row['message']}", row["advice"]))
        for row in document["errors"]
    ]
    out += _section("Files that could not be processed", _places(errors))
    gravity = {"error": 0, "warning": 1, "note": 2}
    findings = [
        (row["path"], str(row["line"]), row["code"], _sentence(row["message"], row["advice"]))
        for row in sorted(document["findings"], key=lambda one: gravity[one["severity"]])
    ]
    out += _section("Findings", _places(findings))
    left = [
        (row["path"], str(row["line"]), row["code"], one_line(row["text"]) + (f": {row['why']}" if row["why"] else ""))
        for row in document["references"]
        if row["state"] == "left"
    ]
    out += _section("Stays on gRPC", _places(left))
    known = [
        (row["path"], str(row["line"]), row["code"], f"{one_line(row['text'])}: {row['reason']}")
        for row in document["suppressed"]
    ]
    out += _section("Suppressed by comments", _places(known))
    return "\n".join(out)


def escaped(text: str) -> str:
    """`text` as it is, on one line, with no meaning for Markdown, tables, mentions and HTML."""
    return _SPECIAL.sub(r"\\\1", one_line(text)).replace("://", ":\u200b//").replace("\\@", "@\u200b")


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"### {title}", "", *lines, ""] if lines else []


def _counts_table(heading: str, rows: Sequence[tuple[str, Counts]]) -> list[str]:
    if not rows:
        return []
    lines = [f"| {heading} | native | bridged | left | native or bridged |", "|---|--:|--:|--:|--:|"]
    ordered = sorted(rows, key=lambda row: (-row[1]["left"], -row[1]["bridged"], row[0]))
    for name, counts in ordered[:MOST_ROWS]:
        moves = percent(counts["native"] + counts["bridged"], counts["references"])
        cells = (escaped(name), str(counts["native"]), str(counts["bridged"]), str(counts["left"]), moves)
        lines.append(f"| {' | '.join(cells)} |")
    return lines + _more(len(ordered), "row")


def _progress(rows: Sequence[Progress]) -> list[str]:
    """What is not done, and for how many services each step is."""
    if not rows:
        return []
    lines = [f"| service | {' | '.join(STEPS)} |", "|---|---|---|---|---|"]
    going = [row for row in rows if any(row["steps"][step]["state"] not in ("done", "none") for step in STEPS)]
    for row in going[:MOST_ROWS]:
        lines.append(f"| {escaped(row['name'])} | {' | '.join(said(row['steps'][step]) for step in STEPS)} |")
    sums = " | ".join(f"{done} of {of} done" for done, of in totals(rows).values())
    return [*lines, *_more(len(going), "row"), f"| {plural(len(rows), 'service')} | {sums} |"]


def _places(rows: Iterable[tuple[str, str, str, str]]) -> list[str]:
    given = list(rows)
    lines = ["| where | code | what |", "|---|---|---|"] if given else []
    for path, line, code, text in given[:MOST_ROWS]:
        where = f"{path}:{line}" if line else path
        lines.append(f"| {escaped(where)} | {code} | {escaped(text)[:500]} |")
    return lines + _more(len(given), "row")


def _more(number: int, noun: str) -> list[str]:
    return ["", f"{plural(number - MOST_ROWS, noun)} more."] if number > MOST_ROWS else []


def _sentence(message: str, advice: str) -> str:
    return f"{message}; {advice}" if advice else message
