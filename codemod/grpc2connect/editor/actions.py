"""What an editor offers at a place: to move its services, to explain its rules, to speak for it with a comment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lsprotocol.types import (
    CodeAction,
    CodeActionDisabled,
    CodeActionKind,
    Command,
    Diagnostic,
    Range,
    SnippetTextEdit,
    StringValue,
    TextEdit,
)

from grpc2connect.editor.diagnostics import entries, findings
from grpc2connect.editor.edits import Able, Open, single
from grpc2connect.editor.positions import Text
from grpc2connect.editor.questions import Answer
from grpc2connect.editor.suppressing import comment
from grpc2connect.report.ledger import plural
from grpc2connect.results import Entry, Finding, RunResult, State

MOVE, EXPLAIN = "grpc2connect.move", "grpc2connect.explain"
REASON = "reason"


@dataclass(frozen=True)
class Asked:
    """The place that actions are asked for, and what is known of it."""

    path: Path
    opened: Open
    text: Text
    where: Range
    diagnostics: tuple[Diagnostic, ...]
    able: Able


def of(asked: Asked, answer: Answer) -> list[CodeAction]:
    """The actions at a place, the one that does most first."""
    result = answer.of(asked.path)
    if result is None:
        return []
    lines = range(asked.where.start.line + 1, asked.where.end.line + 2)
    here = [one for one in entries(asked.path, result) if one.place.line in lines]
    said = [one for one in findings(asked.path, result) if one.place.line in lines]
    return [*_moves(here, result, asked), *_explains(here, said, answer), *_suppresses(here, said, asked)]


def _moves(here: list[Entry], result: RunResult, asked: Asked) -> Iterator[CodeAction]:
    for unit in sorted({unit for entry in here for unit in entry.units if unit}):
        mine = [entry for entry in result.ledger if unit in entry.units]
        moving = [entry for entry in mine if entry.state is not State.LEFT]
        if not any(entry.behaviour for entry in moving):
            if asked.able.disabled:
                why = next((entry.why for entry in mine if entry.why), "nothing of it can move")
                yield CodeAction(
                    f"Move {unit} to Connect", CodeActionKind.RefactorRewrite, disabled=CodeActionDisabled(why)
                )
            continue
        files = plural(len({entry.place.path for entry in moving}), "file")
        title = f"Move {unit} to Connect ({files}, and what they need)"
        told = {"unit": unit, "uri": asked.opened.uri}
        action = CodeAction(title, CodeActionKind.RefactorRewrite, diagnostics=_about(asked, here, unit))
        if asked.able.resolves:
            action.data = told
        else:
            action.command = Command(title, MOVE, arguments=[told])
        yield action


def _about(asked: Asked, here: list[Entry], unit: str) -> list[Diagnostic]:
    codes = {entry.code for entry in here if unit in entry.units}
    return [one for one in asked.diagnostics if one.code in codes]


def _explains(here: list[Entry], said: list[Finding], answer: Answer) -> Iterator[CodeAction]:
    for code in sorted({one.code for one in here} | {one.code for one in said}):
        rule = answer.rules.get(code)
        title = f"Explain {code}" + (f": {rule.title}" if rule else "")
        yield CodeAction(title, command=Command(title, EXPLAIN, arguments=[code]))


def _suppresses(here: list[Entry], said: list[Finding], asked: Asked) -> Iterator[CodeAction]:
    done = set()
    both: list[Entry | Finding] = [*here, *said]
    for one in both:
        # What is said of a comment is not silenced by another.
        if (one.place.line, one.code) in done or one.code in ("G2C020", "G2C021"):
            continue
        done.add((one.place.line, one.code))
        # Where the editor cannot ask for the reason it stays empty, which silences nothing, and G2C020 asks for it.
        placed = comment(asked.text, one.place.line, one.code, REASON if asked.able.snippets else "")
        if placed is None:
            continue
        offset, words = placed
        where = asked.text.range(offset, offset)
        edit: TextEdit | SnippetTextEdit = TextEdit(where, words)
        if asked.able.snippets:
            escaped = words.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")
            edit = SnippetTextEdit(where, StringValue(escaped.replace(f"] {REASON}", f"] ${{1:{REASON}}}")))
        yield CodeAction(
            f"Ignore {one.code} here, with a reason",
            CodeActionKind.QuickFix,
            diagnostics=[told for told in asked.diagnostics if told.code == one.code],
            edit=single(
                asked.opened.uri, asked.opened.version, edit, versioned=asked.able.files or asked.able.snippets
            ),
        )
