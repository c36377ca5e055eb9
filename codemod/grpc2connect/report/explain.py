"""What is said of one line, as text or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from grpc2connect import __version__
from grpc2connect.report.document import SCHEMA_VERSION
from grpc2connect.report.paint import Paint, one_line, shown
from grpc2connect.report.text import place
from grpc2connect.results import Explained, Place, RunResult, State, Step

_LABEL = 10


def lines(result: RunResult, titles: Mapping[str, str], paint: Paint) -> list[str]:
    """Each thing on the line: what it is, by which facts, which rule acts on it, the outcome, and why.

    `titles` are those of the rules, by code.
    """
    out: list[str] = []
    for one in result.explained:
        out.extend(_lines(one, result, titles, paint))
    return out


def _lines(one: Explained, result: RunResult, titles: Mapping[str, str], paint: Paint) -> list[str]:
    head = f"{place(one.place, result)} {paint.bold(f'`{one_line(one.text)}`')}"
    entry = one.entry
    if entry is None:
        return [
            f"{head} is no reference: it is {one_line(one.what)}",
            *_labelled("because", _steps(one.because, result)),
        ]
    styles = {State.NATIVE: paint.good, State.BRIDGED: paint.warn, State.LEFT: paint.bad}
    title = titles.get(entry.code, "")
    out = [f"{head} is {one_line(one.what)}"]
    out += _labelled("because", _steps(one.because, result))
    out += _labelled("rule", [f"{paint.mark(entry.code)}{f': {one_line(title)}' if title else ''}"])
    out += _labelled("outcome", [styles[entry.state](entry.state.value)])
    why = [one_line(one.why)] if one.why else []
    out += _labelled("why", [*why, *_steps(one.reasons, result)])
    out += _labelled("better", [one_line(one.better)] if one.better else [])
    return out


def _steps(steps: Iterable[Step], result: RunResult) -> list[str]:
    given = list(steps)
    places = [_where(step.place, result) if step.place is not None else "" for step in given]
    width = max(map(len, places), default=0)
    return [f"{where:<{width}}  {one_line(step.text)}".strip() for where, step in zip(places, given, strict=True)]


def _where(where: Place, result: RunResult) -> str:
    return f"{shown(where.path, result.root)}:{where.line}"


def _labelled(label: str, texts: list[str]) -> list[str]:
    return [f"  {label if index == 0 else '':<{_LABEL}}{text}" for index, text in enumerate(texts)]


def render(result: RunResult, what: str) -> str:
    """The JSON document: the same content, with places as data."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "grpc2connect", "version": __version__},
        "command": "explain",
        "asked": what,
        "explained": [_plain(one, result) for one in result.explained],
    }
    return json.dumps(document, indent=2) + "\n"


def _plain(one: Explained, result: RunResult) -> dict[str, Any]:
    entry = one.entry
    return {
        **_place(one.place, result),
        "text": one.text,
        "what": one.what,
        "because": [_step(step, result) for step in one.because],
        "code": entry.code if entry else None,
        "state": entry.state.value if entry else None,
        "units": list(entry.units) if entry else [],
        "why": one.why,
        "reasons": [_step(step, result) for step in one.reasons],
        "better": one.better,
    }


def _step(step: Step, result: RunResult) -> dict[str, Any]:
    return {"text": step.text, **(_place(step.place, result) if step.place is not None else {})}


def _place(where: Place, result: RunResult) -> dict[str, Any]:
    return {"path": shown(where.path, result.root), "line": where.line, "column": where.column}
