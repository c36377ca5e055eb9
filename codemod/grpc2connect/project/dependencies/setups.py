"""`setup.cfg`, `tox.ini` and `setup.py`, as far as its lists are written out.

Source: setuptools, "Configuring setuptools using setup.cfg files" and "Keywords"; tox's `deps`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path

from grpc2connect.project.dependencies.listing import Entry, LineListing, Listing, Requirement, TextDocument
from grpc2connect.project.dependencies.names import after_name, name_of
from grpc2connect.project.texts import Edit, line_span
from grpc2connect.schema.stubs import parse_module

_SECTION = re.compile(r"^\[([^\]]+)\]", re.MULTILINE)
_OPTION = re.compile(
    r"^(?P<key>[\w.\-]+)[ \t]*[=:][ \t]*(?P<first>[^\n]*)(?P<more>(?:\n(?:[ \t]+[^\n]*|[ \t]*))*)", re.MULTILINE
)
_LISTS = frozenset({"install_requires", "setup_requires", "tests_require", "deps"})
_KEYWORDS = _LISTS | {"extras_require"}


def read_ini(path: Path, text: str) -> TextDocument:
    """`setup.cfg` or `tox.ini`: lists of lines."""
    document = TextDocument(path, text)
    sections = [(found.start(), found[1].strip()) for found in _SECTION.finditer(text)]
    for option in _OPTION.finditer(text):
        section = next((name for start, name in reversed(sections) if start < option.start()), "")
        if option["key"] not in _LISTS and section != "options.extras_require":
            continue
        entries = []
        at = option.start("first")
        for line in text[at : option.end()].split("\n"):
            body = line.strip()
            if body and body[0] not in "#-;":
                start = at + len(line) - len(line.lstrip())
                entries.append(Entry(document.requirement(start, start + len(body)), start, start + len(body)))
            at += len(line) + 1
        first = option["first"].strip()
        purpose = "build" if option["key"] == "setup_requires" else "run"
        if first and entries:
            document.listings.append(_Inline(document, entries, option.start(), purpose))
        elif entries:
            document.listings.append(LineListing(document, entries, purpose))
    return document


class _Inline(LineListing):
    """A list that begins on the line of its key: what is added goes on lines of its own."""

    def __init__(self, document: TextDocument, entries: list[Entry], key: int, purpose: str) -> None:
        super().__init__(document, entries, purpose)
        self._text, self._all, self._key = document, entries, key

    def add(self, after: str, wanted: Sequence[str]) -> None:
        """See `Listing.add`."""
        document = self._text
        entry = next(one for one in self._all if one.requirement.name == after)
        others = [one for one in self._all if one.start > self._all[0].start]
        indent = "    "
        if others:
            start, _ = line_span(document.before, others[0].start)
            indent = document.before[start : others[0].start]
        _, end = line_span(document.before, entry.end)
        document.edits.append(Edit(end, end, "".join(f"{document.newline}{indent}{one}" for one in wanted)))

    def remove(self, name: str) -> None:
        """See `Listing.remove`."""
        first = self._all[0]
        if first.requirement.name == name:
            self._text.edits.append(Edit(first.start, first.end, ""))
        else:
            super().remove(name)


def read_setup(path: Path, text: str) -> TextDocument:
    """`setup.py`: the lists of strings that are given to `setup`, directly or by a name that is bound once."""
    document = TextDocument(path, text)
    tree = parse_module(text)
    if tree is None:
        return document
    bound: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            bound.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg in _KEYWORDS:
                    purpose = "build" if keyword.arg == "setup_requires" else "run"
                    _collect(document, keyword.value, bound, purpose)
    return document


def _collect(document: TextDocument, node: ast.expr, bound: dict[str, list[ast.expr]], purpose: str) -> None:
    if isinstance(node, ast.Name) and len(bound.get(node.id, ())) == 1:
        node = bound[node.id][0]
    if isinstance(node, ast.Dict):
        for value in node.values:
            _collect(document, value, bound, purpose)
    elif isinstance(node, ast.List | ast.Tuple):
        strings = [one for one in node.elts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        if strings:
            document.listings.append(StringListing(document, strings, purpose))


class StringListing(Listing):
    """String literals in Python source, with commas between them."""

    def __init__(self, document: TextDocument, strings: list[ast.Constant], purpose: str = "run") -> None:
        values = [str(one.value) for one in strings]
        found = [
            Requirement(name_of(value), after_name(value).strip(), node.lineno)
            for value, node in zip(values, strings, strict=True)
        ]
        super().__init__(found, purpose)
        self._document = document
        self._strings = strings
        starts = [0]
        for line in re.finditer("\n", document.before):
            starts.append(line.end())
        self._starts = starts

    def add(self, after: str, wanted: Sequence[str]) -> None:
        """See `Listing.add`."""
        text, newline = self._document.before, self._document.newline
        node = next(one for one in self._strings if name_of(str(one.value)) == after)
        start, end = self._span(node)
        quote = text[end - 1]
        options = [f"{quote}{one}{quote}" for one in wanted]
        line_start, _ = line_span(text, start)
        indent = text[line_start:start]
        tail = text[end : line_span(text, end)[1]]
        if indent.strip() or tail.split("#")[0].strip() not in ("", ","):
            self._document.edits.append(Edit(end, end, "".join(f", {one}" for one in options)))
        elif tail.lstrip().startswith(","):
            _, stop = line_span(text, end)
            self._document.edits.append(Edit(stop, stop, "".join(f"{newline}{indent}{one}," for one in options)))
        else:
            self._document.edits.append(Edit(end, end, "".join(f",{newline}{indent}{one}" for one in options)))

    def remove(self, name: str) -> None:
        """See `Listing.remove`."""
        text = self._document.before
        for node in self._strings:
            if name_of(str(node.value)) != name:
                continue
            start, end = self._span(node)
            comma = re.compile(r"[ \t]*,[ \t]*").match(text, end)
            line_start, _ = line_span(text, start)
            stop = comma.end() if comma else end
            if not text[line_start:start].strip() and text[stop : line_span(text, stop)[1]].split("#")[0].strip() == "":
                following = text.find("\n", stop)
                self._document.edits.append(Edit(line_start, following + 1 if following >= 0 else stop, ""))
            elif comma:
                self._document.edits.append(Edit(start, stop, ""))
            else:
                before = re.compile(r".*?(,\s*)$", re.DOTALL).match(text[:start])
                self._document.edits.append(Edit(start - len(before[1]) if before else start, end, ""))

    def _span(self, node: ast.Constant) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def _at(self, line: int, column: int) -> int:
        start = self._starts[line - 1]
        return start + len(self._document.before[start:].encode()[:column].decode("utf-8", "ignore"))
