"""Findings and errors as one line each: where, which rule, what is so; and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from grpc2connect.errors import Failure
from grpc2connect.report.paint import Paint, one_line, shown
from grpc2connect.results import Entry, FileError, Finding, Place, RunResult, Severity


def findings(result: RunResult, paint: Paint) -> list[str]:
    """The findings of a run in the order of their places."""
    return [
        finding_line(finding, result, paint)
        for finding in sorted(result.findings, key=lambda finding: (finding.place, finding.code))
    ]


def finding_line(finding: Finding, result: RunResult, paint: Paint) -> str:
    """`path:line:column CODE message; advice`."""
    styles: dict[Severity, Callable[[str], str]] = {
        Severity.NOTE: paint.mark,
        Severity.WARNING: paint.warn,
        Severity.ERROR: paint.bad,
    }
    code = styles[finding.severity](finding.code)
    return f"{place(finding.place, result)} {code} {sentence(finding.message, finding.advice)}"


def failure_line(failure: Failure, paint: Paint) -> str:
    """`error[title]: cause; next step`: the form of every error."""
    return f"{paint.bad(f'error[{failure.title.slug}]')}: {sentence(failure.cause, failure.step)}"


def error_line(error: FileError, root: Path, paint: Paint) -> str:
    """`error[title]: path: CODE message; advice`, the path relative to `root`."""
    where = shown(error.path, root)
    return failure_line(Failure(error.title, f"{where}: {error.code} {error.message}", error.advice), paint)


def entry_line(entry: Entry, result: RunResult, paint: Paint) -> str:
    """A reference, the state it ended in, and why."""
    why = f"; {one_line(entry.why)}" if entry.why else ""
    units = f" [{', '.join(entry.units)}]" if entry.units else ""
    code = paint.mark(entry.code)
    return f"{place(entry.place, result)} {code} {entry.state.value}: {one_line(entry.text)}{units}{why}"


def place(where: Place, result: RunResult) -> str:
    """`path:line:column`, the path relative to the root of the run."""
    return f"{shown(where.path, result.root)}:{where.line}:{where.column}"


def sentence(message: str, advice: str) -> str:
    """What is so, and what to do about it, on one line."""
    return f"{one_line(message)}; {one_line(advice)}" if advice else one_line(message)
