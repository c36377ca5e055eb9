"""The diagnostics of an open file: what refers to gRPC there and what becomes of it, findings, and errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lsprotocol.types import CodeDescription, Diagnostic, DiagnosticSeverity, DiagnosticTag, Position, Range

from grpc2connect.editor.positions import Text
from grpc2connect.editor.questions import Answer
from grpc2connect.report.paint import one_line
from grpc2connect.report.text import sentence
from grpc2connect.results import Entry, Finding, RunResult, Severity, State

SOURCE = "grpc2connect"
UNUSED = "G2C021"
_BY_STATE = {
    State.LEFT: DiagnosticSeverity.Warning,
    State.BRIDGED: DiagnosticSeverity.Information,
    State.NATIVE: DiagnosticSeverity.Hint,
}
_BY_SEVERITY = {
    Severity.ERROR: DiagnosticSeverity.Error,
    Severity.WARNING: DiagnosticSeverity.Warning,
    Severity.NOTE: DiagnosticSeverity.Information,
}
_LINE = re.compile(r"\bline (\d+)\b")


class Links:
    """Where a rule is documented: at a URL that was given, or in the folder `docs/rules` of a clone."""

    def __init__(self, url: str = "") -> None:
        self._url = url.rstrip("/")
        self._folder = Path(__file__).parents[3] / "docs" / "rules"
        self._pages: dict[str, str] = {}
        for page in sorted(self._folder.glob("*.md")):
            text = page.read_text(encoding="utf-8")
            for heading in re.findall(r"^## (G2C\d{3}.*)$", text, re.MULTILINE):
                anchor = re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
                for code in re.findall(r"G2C\d{3}", heading):
                    self._pages.setdefault(code, f"{page.name}#{anchor}")
            for code in re.findall(r"G2C\d{3}", text) if page.stem == "engine" else ():
                self._pages.setdefault(code, page.name)

    def of(self, code: str) -> str:
        """A URI, or "" if none is known."""
        page = self._pages.get(code, "")
        if self._url:
            return f"{self._url}/{page}"
        return f"{self._folder.as_uri()}/{page}" if page else ""


def of(path: Path, text: Text, answer: Answer, links: Links) -> list[Diagnostic]:
    """All that is to be said of the file at `path`, whose text the editor has; nothing if it is none of the project."""
    result = answer.of(path)
    if result is None:
        return []
    return [
        *_errors(path, text, result, links),
        *_findings(path, text, result, links),
        *_entries(path, text, answer, result, links),
    ]


def entries(path: Path, result: RunResult) -> Iterator[Entry]:
    """The references in a file that no comment speaks for."""
    known = {(one.place, one.code) for one in result.suppressed if one.reference}
    for entry in result.ledger:
        if entry.place.path == path and (entry.place, entry.code) not in known:
            yield entry


def findings(path: Path, result: RunResult) -> Iterator[Finding]:
    """The findings in a file."""
    return (finding for finding in result.findings if finding.place.path == path)


def range_of(entry: Entry, text: Text) -> Range:
    """What a reference's diagnostic marks."""
    return text.of(entry.place.line, entry.place.column, entry.text)


def _errors(path: Path, text: Text, result: RunResult, links: Links) -> Iterator[Diagnostic]:
    for error in result.errors:
        if error.path == path:
            line = _LINE.search(error.message)
            where = text.of(int(line[1]) if line else 1, 1, "")
            yield _made(where, error.code, sentence(error.message, error.advice), DiagnosticSeverity.Error, links)


def _findings(path: Path, text: Text, result: RunResult, links: Links) -> Iterator[Diagnostic]:
    named = {entry.place: entry.text for entry in entries(path, result)}
    for finding in findings(path, result):
        where = text.of(finding.place.line, finding.place.column, named.get(finding.place, ""))
        if finding.code == UNUSED:
            where = Range(where.start, text.position(text.offset(finding.place.line, 1 << 30)))
        made = _made(
            where, finding.code, sentence(finding.message, finding.advice), _BY_SEVERITY[finding.severity], links
        )
        made.tags = [DiagnosticTag.Unnecessary] if finding.code == UNUSED else None
        yield made


def _entries(path: Path, text: Text, answer: Answer, result: RunResult, links: Links) -> Iterator[Diagnostic]:
    said = {(finding.place, finding.code) for finding in findings(path, result)}
    for entry in entries(path, result):
        if (entry.place, entry.code) in said:
            continue
        rule = answer.rules.get(entry.code)
        what = {
            State.LEFT: "stays on gRPC",
            State.BRIDGED: "moves to Connect with the runtime's help",
            State.NATIVE: "moves to Connect",
        }[entry.state]
        because = entry.why or (rule.title if rule is not None else "")
        message = f"`{_short(entry.text)}` {what}" + (f": {one_line(because)}" if because else "")
        made = _made(range_of(entry, text), entry.code, message, _BY_STATE[entry.state], links)
        made.data = {"state": entry.state.value, "units": list(entry.units)}
        yield made


def _made(where: Range, code: str, message: str, severity: DiagnosticSeverity, links: Links) -> Diagnostic:
    link = links.of(code)
    if where.end == where.start:
        where = Range(where.start, Position(where.start.line, where.start.character + 1))
    return Diagnostic(
        where,
        message,
        severity=severity,
        code=code,
        code_description=CodeDescription(link) if link else None,
        source=SOURCE,
    )


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= 80 else line[:79] + "…"
