"""GitHub workflow commands: findings, errors and references left on gRPC as annotations on a pull request."""

from __future__ import annotations

from grpc2connect.report.paint import shown
from grpc2connect.results import RunResult, Severity, State

_LEVELS = {Severity.NOTE: "notice", Severity.WARNING: "warning", Severity.ERROR: "error"}


def render(result: RunResult) -> list[str]:
    """One workflow command a line; errors come first, since GitHub shows only the first few of each level."""
    out = []
    for error in result.errors:
        message = f"{error.message}; {error.advice}" if error.advice else error.message
        out.append(_command("error", error.code, message, file=shown(error.path, result.root)))
    reported = set()
    for finding in sorted(result.findings, key=lambda one: (one.place, one.code)):
        where = finding.place
        reported.add((where.path, where.line))
        message = f"{finding.message}; {finding.advice}" if finding.advice else finding.message
        level = _LEVELS[finding.severity]
        out.append(
            _command(
                level, finding.code, message, file=shown(where.path, result.root), line=where.line, col=where.column
            )
        )
    for entry in result.ledger:
        where = entry.place
        if entry.state is State.LEFT and (where.path, where.line) not in reported:
            message = f"still gRPC: {entry.text}" + (f"; {entry.why}" if entry.why else "")
            out.append(
                _command(
                    "warning",
                    entry.code,
                    message,
                    file=shown(where.path, result.root),
                    line=where.line,
                    col=where.column,
                )
            )
    return out


def _command(level: str, title: str, message: str, **properties: str | int) -> str:
    pairs = ",".join(f"{name}={_property(str(value))}" for name, value in {**properties, "title": title}.items())
    return f"::{level} {pairs}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
