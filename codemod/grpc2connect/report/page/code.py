"""The code of a file as a reviewer reads it: lines with what is said about them below; the native rest as a list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grpc2connect.report.document import Error, Excerpt, Finding, Reference
from grpc2connect.report.ledger import NO_UNIT

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class Note:
    """Something said about a line; `kind` is a state or a severity, `units` are indexes of services."""

    kind: str
    code: str
    title: str
    subject: Markup | str
    text: str
    advice: str
    units: str
    column: int


@dataclass(frozen=True)
class Line:
    """A line of source with what is said about it."""

    number: int
    text: Markup
    notes: tuple[Note, ...]
    worst: str


@dataclass(frozen=True)
class Native:
    """A reference that becomes native, in short."""

    number: int
    text: Markup
    code: str
    units: str


@dataclass(frozen=True)
class Code:
    """Runs of consecutive lines, and the native references."""

    hunks: tuple[tuple[Line, ...], ...]
    native: tuple[Native, ...]


_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_GRAVITY = {"error": 0, "left": 1, "warning": 2, "bridged": 3, "note": 4, "native": 5}


def code(
    excerpts: Sequence[Excerpt],
    references: Sequence[Reference],
    findings: Sequence[Finding],
    unit_index: Mapping[str, int],
    titles: Mapping[str, str],
) -> Code:
    """The code of one file."""
    notes: dict[int, list[Note]] = {}
    marks: dict[int, list[tuple[int, int, str]]] = {}
    texts = {excerpt["line"] + offset: text for excerpt in excerpts for offset, text in enumerate(excerpt["lines"])}
    for finding in findings:
        units = _indexes([finding["unit"]] if finding["unit"] else [], unit_index)
        notes.setdefault(finding["line"], []).append(
            Note(
                finding["severity"],
                finding["code"],
                titles.get(finding["code"], ""),
                "",
                finding["message"],
                finding["advice"],
                units,
                finding["column"],
            )
        )
    native = []
    for row in references:
        units = _indexes(row["units"], unit_index)
        start = row["column"] - 1
        first = row["text"].splitlines()[0] if row["text"] else ""
        line = texts.get(row["line"], "")
        if first and line.startswith(first, start):
            marks.setdefault(row["line"], []).append((start, start + len(first), row["state"]))
        if row["state"] == "native":
            native.append(Native(row["line"], _seen(row["text"]), row["code"], units))
        else:
            title = titles.get(row["code"], "")
            note = Note(row["state"], row["code"], title, _seen(row["text"]), row["why"], "", units, row["column"])
            notes.setdefault(row["line"], []).append(note)
    hunks: list[list[Line]] = []
    for number in sorted({*texts, *notes}):
        there = tuple(sorted(notes.get(number, ()), key=lambda one: (_GRAVITY[one.kind], one.column)))
        text = _marked(texts.get(number, ""), marks.get(number, []))
        one = Line(number, text, there, there[0].kind if there else "")
        if hunks and hunks[-1][-1].number == number - 1:
            hunks[-1].append(one)
        else:
            hunks.append([one])
    trimmed = (tuple(_trimmed(hunk)) for hunk in hunks)
    return Code(tuple(hunk for hunk in trimmed if hunk), tuple(native))


def _trimmed(hunk: list[Line]) -> list[Line]:
    """Without the empty lines that it begins and ends with."""
    there = [index for index, line in enumerate(hunk) if line.notes or line.text.strip()]
    return hunk[there[0] : there[-1] + 1] if there else []


def note_of_error(error: Error) -> Note:
    """An error, as something said about its file."""
    return Note("error", error["code"], "", "", f"{error['title']}: {error['message']}", error["advice"], "", 0)


def _indexes(units: Sequence[str], unit_index: Mapping[str, int]) -> str:
    return " ".join(str(unit_index[name]) for name in units or [NO_UNIT])


def _marked(text: str, marks: list[tuple[int, int, str]]) -> Markup:
    """The line with its references marked, the outermost where they overlap."""
    from markupsafe import Markup

    out, at = Markup(""), 0
    for start, end, state in sorted(marks, key=lambda mark: (mark[0], -mark[1])):
        if start >= at:
            out += _seen(text[at:start]) + Markup('<mark class="{}">{}</mark>').format(state, _seen(text[start:end]))
            at = end
    return out + _seen(text[at:])


def _seen(text: str) -> Markup:
    """`text` with characters that turn the order of others around, so that code looks like other code, by name."""
    from markupsafe import Markup, escape

    out, at = Markup(""), 0
    for found in _TURNS.finditer(text):
        name = f"U+{ord(found[0]):04X}"
        out += escape(text[at : found.start()]) + Markup('<b class="turn">{}</b>').format(name)
        at = found.end()
    return out + escape(text[at:])
