"""What a hover says: what `explain FILE:LINE` says, of the thing under the pointer or of all that is on its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from lsprotocol.types import Hover, MarkupContent, MarkupKind, Position

from grpc2connect.editor.diagnostics import Links
from grpc2connect.editor.positions import Text
from grpc2connect.editor.questions import Answer
from grpc2connect.report import explain
from grpc2connect.report.paint import Paint, one_line, shown
from grpc2connect.report.text import finding_line, sentence
from grpc2connect.results import Explained, Finding, RunResult, Step


def of(
    result: RunResult, path: Path, answer: Answer, text: Text, at: Position, links: Links, *, plain: bool
) -> Hover | None:
    """The hover at a position of the file at `path`, which `result` explains; None where nothing is to be said."""
    line = at.line + 1
    here = [one for one in result.explained if one.place.line == line]
    offset = text.character(at)
    under = [one for one in here if _holds(one, text, offset)]
    # The innermost: a call holds its function, which holds its object.
    told = [max(under, key=lambda one: text.offset(one.place.line, one.place.column))] if under else here
    said = [one for one in result.findings if (one.place.path, one.place.line) == (path, line)]
    if not told and not said:
        return None
    where = text.of(told[0].place.line, told[0].place.column, told[0].text) if len(told) == 1 else None
    if plain:
        titles = {code: rule.title for code, rule in answer.rules.items()}
        lines = explain.lines(replace(result, explained=tuple(told)), titles, Paint())
        lines += [finding_line(one, result, Paint()) for one in said]
        return Hover(MarkupContent(MarkupKind.PlainText, "\n".join(lines)), where)
    parts = [_markdown(one, result, answer, links) for one in told] + [_finding(one, links) for one in said]
    return Hover(MarkupContent(MarkupKind.Markdown, "\n\n---\n\n".join(parts)), where)


def _holds(one: Explained, text: Text, offset: int) -> bool:
    start = text.offset(one.place.line, one.place.column)
    return start <= offset <= start + len(one.text)


def _markdown(one: Explained, result: RunResult, answer: Answer, links: Links) -> str:
    entry = one.entry
    if entry is None:
        return "\n\n".join(
            [f"{_code(one.text)} is no reference: it is {_prose(one.what)}", *_steps("because", one.because, result)]
        )
    rule = answer.rules.get(entry.code)
    out = [f"{_code(one.text)} is {_prose(one.what)}", *_steps("because", one.because, result)]
    out.append(f"**rule** {_link(entry.code, links)}" + (f": {_prose(rule.title)}" if rule else ""))
    out.append(f"**outcome** {entry.state.value}")
    if one.why:
        out.append(f"**why** {_prose(one.why)}")
    out += _steps("" if one.why else "why", one.reasons, result)
    if one.better:
        out.append(f"**better** {_prose(one.better)}")
    return "\n\n".join(out)


def _steps(label: str, steps: Iterable[Step], result: RunResult) -> Iterator[str]:
    lines = []
    for step in steps:
        where = step.place
        if where is None:
            lines.append(f"- {_prose(step.text)}")
        else:
            name = f"{shown(where.path, result.root)}:{where.line}"
            lines.append(f"- [{name}]({where.path.as_uri()}#L{where.line}) {_prose(step.text)}")
    if lines:
        yield "\n".join([f"**{label}**\n"] * bool(label) + lines)


def _finding(finding: Finding, links: Links) -> str:
    return f"{_link(finding.code, links)} {_prose(sentence(finding.message, finding.advice))}"


def _link(code: str, links: Links) -> str:
    uri = links.of(code)
    return f"[{code}]({uri})" if uri else code


def _code(text: str) -> str:
    """A piece of source as code, whatever quotes are in it."""
    line = one_line(text)
    fence = "``" if "`" in line else "`"
    return f"**{fence}{line}{fence}**"


def _prose(text: str) -> str:
    """Text in which nothing but code between back quotes is markup."""
    pieces = one_line(text).split("`")
    outside = slice(0, None, 2)
    pieces[outside] = ["".join(f"\\{one}" if one in "\\*_[]<>#" else one for one in piece) for piece in pieces[outside]]
    return "`".join(pieces)
