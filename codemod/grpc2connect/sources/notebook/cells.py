"""A notebook as one text of Python, place for place, and the JSON again that says the same with that text changed.

Of the file only the strings of changed lines change; how it spells characters, and what stands between them, stays.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from grpc2connect.sources.notebook import json_text, magics
from grpc2connect.sources.notebook.json_text import Value
from grpc2connect.sources.notebook.magics import Python, Row, Unread

_RUN = re.compile(r"^[ \t]*%run\b.*$", re.MULTILINE)


class NotebookProblem(ValueError):
    """A file that is no notebook, or cells that would not be what they are to be."""


@dataclass(frozen=True)
class Line:
    """A line of a cell: its text, and where the file spells it (without quotes)."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Cell:
    """A code cell: its number from 1 among all cells, its source in the file, and the Python that it is.

    `elements` are the strings of a source that is a list, None where it is one string.
    """

    number: int
    source: Value
    elements: tuple[Value, ...] | None
    lines: tuple[Line, ...]
    python: Python

    @property
    def text(self) -> str:
        """Its source."""
        return "".join(line.text for line in self.lines)


@dataclass
class Notebook:
    """The code cells of the notebook `json`, in their order, as the Python `text`.

    A comment that begins with `mark` stands before each cell, and behind each line that stands for IPython's.
    """

    json: str
    mark: str
    cells: tuple[Cell, ...]
    text: str = ""
    _rows: list[tuple[Cell, Row | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        parts = []
        newline = "\r\n" if any(line.text.endswith("\r\n") for cell in self.cells for line in cell.lines) else "\n"
        for cell in self.cells:
            parts.append(f"{self.mark} cell {cell.number}{newline}{cell.python.text}{newline}")
            self._rows.append((cell, None))
            self._rows.extend((cell, row) for row in cell.python.rows)
            # The line feed that is added ends the last line, or makes one where that has its own.
            if not cell.python.text or cell.python.text[-1] in "\r\n":
                self._rows.append((cell, None))
        self.text = "".join(parts)

    @property
    def texts(self) -> list[str]:
        """The Python of each cell."""
        return [cell.python.text for cell in self.cells]

    @property
    def aside(self) -> list[str]:
        """The text of all that is not followed."""
        cells = {cell.number: cell for cell in self.cells}
        return [one.text if cells[one.cell].python.text else cells[one.cell].text for one in self.unread]

    @property
    def unread(self) -> list[Unread]:
        """What is not followed, cell by cell."""
        return [one for cell in self.cells for one in cell.python.unread]

    def place(self, line: int, column: int) -> tuple[int, int]:
        """Where the file has a place of the text: line and column, from 1."""
        return self._shown(self._offset(line, column))

    def _offset(self, line: int, column: int) -> int:
        if not self._rows:
            return 0
        cell, row = self._rows[min(line, len(self._rows)) - 1]
        if row is None:
            return cell.source.start
        at = cell.lines[row.line]
        index = column - 1 + (row.shift if column - 1 >= row.start else 0)
        spelled = [len(raw) for raw, _ in json_text.characters(self.json[at.start : at.end])]
        return at.start + sum(spelled[:index])

    def cell_of(self, line: int, column: int) -> tuple[int, int]:
        """The cell, and the line in it (both from 1), of a place in the file that `place` has given."""
        offset = self._starts[line - 1] + column - 1
        best = (1, 1)
        for cell in self.cells:
            if cell.source.start <= offset:
                inside = [index for index, at in enumerate(cell.lines, 1) if at.start <= offset]
                best = (cell.number, inside[-1] if inside else 1)
        return best

    def row_of(self, line: int, column: int) -> int:
        """The line of the text (from 1) that a place in the file is in."""
        offset = self._starts[line - 1] + column - 1
        rows = ((index, cell.lines[row.line]) for index, (cell, row) in enumerate(self._rows, 1) if row is not None)
        return max((index for index, at in rows if at.start <= offset), default=1)

    def lines_of(self, cell: int, line: int) -> tuple[int, int]:
        """Where the file has a line of a cell (both from 1): line and column, from 1."""
        found = next(one for one in self.cells if one.number == cell)
        return self._shown(found.lines[line - 1].start if line <= len(found.lines) else found.source.start)

    def line_at(self, line: int, column: int) -> str:
        """The line of a cell that stands at a place in the file."""
        number, row = self.cell_of(line, column)
        lines = next((one.lines for one in self.cells if one.number == number), ())
        return lines[row - 1].text if row <= len(lines) else ""

    def code_of(self, cell: int) -> str:
        """The source of a cell."""
        return next(one.text for one in self.cells if one.number == cell)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.json))]

    def _shown(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def back(self, text: str) -> str:
        """The file with `text` in its cells. Raises `NotebookProblem` where that cannot be, or would change more."""
        new, position, split = [], 0, list(self._split(text))
        for cell, (_, source) in zip(self.cells, split, strict=True):
            if source == cell.text:
                continue
            new += [self.json[position : cell.source.start], self._spelled(cell, source)]
            position = cell.source.end
        result = "".join([*new, self.json[position:]])
        self._prove([code for code, _ in split], result)
        return result

    def _split(self, text: str) -> Iterator[tuple[str, str]]:
        """The Python of each cell in a changed text, and the source that it comes from."""
        parts = re.split(rf"^{re.escape(self.mark)} cell (\d+)\r?\n", text, flags=re.MULTILINE)
        if parts[0] or parts[1::2] != [str(cell.number) for cell in self.cells]:
            raise NotebookProblem("an edit would go beyond a cell")
        for cell, part in zip(self.cells, parts[2::2], strict=True):
            inner = part.removesuffix("\n").removesuffix("\r") if part.endswith("\n") else part
            try:
                source = cell.python.back(inner, self.mark)
            except ValueError as problem:
                raise NotebookProblem(f"cell {cell.number}: {problem}") from None
            why = _problem(inner) if inner != cell.python.text else ""
            if why and not _problem(cell.python.text):
                raise NotebookProblem(f"cell {cell.number} would not compile ({why})")
            yield inner, source

    def _prove(self, codes: list[str], result: str) -> None:
        """Read the new file: its cells must be what they are to be, and nothing but their sources may differ."""
        after = read(result)
        if [text.replace(after.mark, self.mark) for text in after.texts] != codes:
            raise NotebookProblem("the new cells would not be read as they are meant")
        if _without_sources(json.loads(self.json)) != _without_sources(json.loads(result)):
            raise NotebookProblem("more than the code of cells would change")

    def _spelled(self, cell: Cell, source: str) -> str:
        """The JSON of a cell's new source, in the form of the old."""
        lines = magics.split(source)
        spelling = self._spelling(cell)
        if cell.elements is None:
            kept = dict(self._kept(cell.lines, lines))
            return '"' + "".join(self._raw(cell, kept.get(i), line, spelling) for i, line in enumerate(lines)) + '"'
        if not lines:
            return "[]"
        lead, between, tail = self._layout(cell)
        olds = cell.lines if len(cell.elements) == len(cell.lines) else ()
        parts, kept, before = [lead], dict(self._kept(olds, lines)), None
        for index, line in enumerate(lines):
            old = kept.get(index)
            if index:
                side_by_side = old is not None and before is not None and old == before + 1
                parts.append(self._gap(cell, before or 0) if side_by_side else between)
            parts.append('"' + self._raw(cell, old, line, spelling) + '"')
            before = old
        return "".join([*parts, tail])

    def _kept(self, olds: tuple[Line, ...], new: list[str]) -> Iterator[tuple[int, int]]:
        """The new lines that are old ones, each with the number of that."""
        matcher = difflib.SequenceMatcher(None, [line.text for line in olds], new, autojunk=False)
        for old, at, size in matcher.get_matching_blocks():
            yield from ((at + index, old + index) for index in range(size))

    def _raw(self, cell: Cell, old: int | None, line: str, spelling: dict[str, str]) -> str:
        if old is not None:
            return self.json[cell.lines[old].start : cell.lines[old].end]
        return "".join(spelling.get(one) or json.dumps(one, ensure_ascii=self._is_ascii)[1:-1] for one in line)

    def _gap(self, cell: Cell, index: int) -> str:
        assert cell.elements is not None
        return self.json[cell.elements[index].end : cell.elements[index + 1].start]

    def _layout(self, cell: Cell) -> tuple[str, str, str]:
        """What stands before, between and behind the strings of a list."""
        elements = cell.elements or ()
        if not elements:
            return next((self._layout(one) for one in self.cells if one.elements), ("[", ", ", "]"))
        lead = self.json[cell.source.start : elements[0].start]
        tail = self.json[elements[-1].end : cell.source.end]
        if len(elements) > 1:
            return lead, self._gap(cell, 0), tail
        if len(lead) > 1:
            return lead, f",{lead[1:]}", tail
        other = next((one for one in self.cells if one.elements and len(one.elements) > 1), None)
        return lead, self._gap(other, 0) if other is not None else ", ", tail

    def _spelling(self, cell: Cell) -> dict[str, str]:
        """How the file spells characters, as far as it has them; as the cell does, where it has them in two ways."""
        found = dict(self._spellings)
        for line in cell.lines:
            found.update((one, raw) for raw, one in json_text.characters(self.json[line.start : line.end]))
        return found

    @cached_property
    def _spellings(self) -> dict[str, str]:
        raw = (self.json[line.start : line.end] for cell in self.cells for line in cell.lines)
        return {one: spelled for text in raw for spelled, one in json_text.characters(text)}

    @cached_property
    def _is_ascii(self) -> bool:
        """Whether characters beyond ASCII are escaped, or there are none."""
        return self.json.isascii()


def read(text: str) -> Notebook:
    """The notebook in a JSON text; one of another language has no cells. Raises `NotebookProblem` if it is none."""
    content = _content(text)
    mark = "#%g2c"
    while mark in text:
        mark += "_"
    return Notebook(text, mark, tuple(_cells(text, content, mark)) if _is_python(content) else ())


def searched(data: bytes) -> bytes:
    """The code of a notebook for a search over bytes: cell after cell as they are; all of a file that is none.

    A script that `%run` takes is imported there.
    """
    try:
        content = _content(data.decode("utf-8-sig"))
        found = [_text(cell) for _, cell in _code_cells(content)] if _is_python(content) else []
    except ValueError:
        return data
    return _RUN.sub(lambda line: magics.imported(line[0]), "\n".join(found)).encode("utf-8", "replace")


def _content(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as problem:
        raise NotebookProblem(f"line {problem.lineno} is no JSON: {problem.msg}") from None
    except RecursionError:
        raise NotebookProblem("its JSON is nested too deeply") from None
    if not isinstance(content, dict) or not isinstance(content.get("cells", content.get("worksheets")), list):
        raise NotebookProblem("it has no list of cells")
    return content


def _is_python(content: dict[str, Any]) -> bool:
    metadata = content.get("metadata")
    about = metadata if isinstance(metadata, dict) else {}
    names = [
        part.get(key)
        for name, key in (("language_info", "name"), ("kernelspec", "language"))
        if isinstance(part := about.get(name), dict)
    ]
    language = next((name for name in names if isinstance(name, str)), "python")
    return "python" in language.lower()


def _code_cells(content: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The cells with code of the notebook's language, numbered from 1 among all."""
    sheets = content.get("worksheets")
    lists = [content["cells"]] if "cells" in content else [s.get("cells") for s in sheets or () if isinstance(s, dict)]
    cells = [cell for cells in lists if isinstance(cells, list) for cell in cells]
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, dict) and cell.get("cell_type", "code") == "code" and _own_language(cell):
            yield number, cell


def _own_language(cell: dict[str, Any]) -> bool:
    metadata = cell.get("metadata")
    editor = metadata.get("vscode") if isinstance(metadata, dict) else None
    named = editor.get("languageId") if isinstance(editor, dict) else None
    return all(isinstance(one, str) and "python" in one for one in (named, cell.get("language")) if one is not None)


def _text(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    parts = source if isinstance(source, list) else [source]
    if not all(isinstance(part, str) for part in parts):
        raise NotebookProblem("the source of a cell is no text")
    return "".join(parts)


def _cells(text: str, content: dict[str, Any], mark: str) -> Iterator[Cell]:
    at = json_text.members(text, json_text.top(text))
    if "cells" in at:
        spans = json_text.items(text, at["cells"])
    else:
        sheets = [json_text.members(text, sheet) for sheet in json_text.items(text, at["worksheets"])]
        spans = [span for sheet in sheets if "cells" in sheet for span in json_text.items(text, sheet["cells"])]
    for number, cell in _code_cells(content):
        parts = json_text.members(text, spans[number - 1])
        source = parts.get("source", parts.get("input"))
        if source is None:
            continue
        elements = tuple(json_text.items(text, source)) if text[source.start] == "[" else None
        lines = tuple(_lines(text, elements if elements is not None else (source,)))
        code = _text(cell)
        if [line.text for line in lines] != magics.split(code):  # strings that end within lines: nobody writes such
            yield Cell(number, source, elements, lines, magics.unreadable(number, 1, code))
        else:
            yield Cell(number, source, elements, lines, magics.python(number, code, mark))


def _lines(text: str, strings: tuple[Value, ...]) -> Iterator[Line]:
    """The lines of a source, those of each string by themselves."""
    for string in strings:
        at = string.start + 1
        spelled = list(json_text.characters(text[at : string.end - 1]))
        done = 0
        for line in magics.split("".join(one for _, one in spelled)):
            start, done = done, done + len(line)
            end = at + sum(len(raw) for raw, _ in spelled[start:done])
            yield Line(line, at, end)
            at = end


def _problem(text: str) -> str:
    """Why the Python of a cell does not compile; "" if it does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError) as problem:
        return str(problem)
    return ""


def _without_sources(content: dict[str, Any]) -> dict[str, Any]:
    """The notebook with the mere forms of its sources."""
    for _, cell in _code_cells(content):
        for key in ("source", "input"):
            if key in cell:
                cell[key] = type(cell[key]).__name__
    return content
