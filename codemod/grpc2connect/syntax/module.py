"""One parsed file and the mapping from `ast` positions (line, UTF-8 byte column) to character offsets."""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

from grpc2connect.results import Place
from grpc2connect.syntax import fstrings
from grpc2connect.syntax.walking import children

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")


class Span(NamedTuple):
    """Half-open range of character offsets in a module's text."""

    start: int
    end: int


class SyntaxProblem(Exception):
    """A file that Python's parser refuses; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class Comment(NamedTuple):
    """A comment token: its span and its text without newline."""

    span: Span
    text: str


class Cells(Protocol):
    """What a module's text is made of, where that is no file of its own: the cells of a notebook.

    A line that begins with `mark` stands before each.
    """

    @property
    def mark(self) -> str:
        """How the comments begin that are not in the file."""

    def place(self, line: int, column: int) -> tuple[int, int]:
        """Where the file has a place of the text: line and column, from 1."""


@dataclass(eq=False)
class Module:
    """A parsed file.

    `name` is the dotted name under which other modules of its import root import it ("" if none can),
    `text` the decoded source with its newlines as they are; of a notebook its `cells`, one after the other. `nodes` are
    what `walk` gives for the tree, in that order, for walking it again would take longer than what is asked of it.
    """

    path: Path
    text: str
    tree: ast.Module
    name: str = ""
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    cells: Cells | None = None
    nodes: tuple[ast.AST, ...] = ()

    def __repr__(self) -> str:
        return f"Module({self.path})"

    @cached_property
    def _lines(self) -> list[str]:
        return _LINE.findall(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self._lines:
            starts.append(starts[-1] + len(line))
        return starts

    def offset(self, line: int, byte_column: int) -> int:
        """Character offset of an `ast` position (line from 1, column in UTF-8 bytes)."""
        start = self._starts[line - 1]
        if line > len(self._lines):
            return start
        text = self._lines[line - 1]
        if text.isascii():
            return start + byte_column
        return start + len(text.encode()[:byte_column].decode(errors="ignore"))

    def span(self, node: ast.AST) -> Span:
        """The span of an expression, statement, keyword argument, alias or parameter."""
        assert isinstance(node, ast.expr | ast.stmt | ast.keyword | ast.arg | ast.alias | ast.excepthandler)
        assert node.end_lineno is not None and node.end_col_offset is not None
        return Span(self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset))

    def source(self, node: ast.AST) -> str:
        """The text of a node as the user wrote it."""
        return self.text[slice(*self.span(node))]

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements of the block that a statement is in."""
        parent = self.parents[statement]
        blocks = (getattr(parent, name, None) for name in ("body", "orelse", "finalbody"))
        return next((block for block in blocks if isinstance(block, list) and statement in block), [statement])

    def place(self, node: ast.AST) -> Place:
        """Where a node starts, for people."""
        return self.place_at(self.span(node).start)

    def place_at(self, offset: int) -> Place:
        """Line and column (both from 1) of a character offset, as the file has it."""
        line = self.line_of(offset)
        column = offset - self._starts[line - 1] + 1
        return Place(self.path, *(self.cells.place(line, column) if self.cells else (line, column)))

    def cell_start(self, offset: int) -> int:
        """Where the cell around a character offset starts; 0 in a module that is no notebook."""
        start = self.text.rfind(f"{self.cells.mark} cell ", 0, offset) if self.cells else -1
        return self.line_span(self.line_of(start)).end if start >= 0 else 0

    def line_of(self, offset: int) -> int:
        """Line number (from 1) of a character offset."""
        low, high = 0, len(self._lines) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self._starts[middle] <= offset:
                low = middle
            else:
                high = middle - 1
        return low + 1

    def line_span(self, line: int) -> Span:
        """Span of a line (from 1), newline included."""
        return Span(self._starts[line - 1], self._starts[line])

    def end_of_line(self, offset: int) -> int:
        """Where the text of the line around an offset ends, before its newline."""
        line = self.line_span(self.line_of(offset))
        return line.start + len(self.text[line.start : line.end].rstrip("\r\n"))

    @cached_property
    def imports(self) -> tuple[ast.Import | ast.ImportFrom, ...]:
        """All import statements, wherever they stand, in the order of `nodes`."""
        return tuple(node for node in self.nodes if isinstance(node, ast.Import | ast.ImportFrom))

    @cached_property
    def newline(self) -> str:
        """The newline of the file's first line, or `\\n`."""
        match = re.search(r"\r\n|\r|\n", self.text)
        return match.group() if match else "\n"

    @cached_property
    def comments(self) -> tuple[Comment, ...]:
        """All comment tokens, in order."""
        return tuple(_comments(self))

    def comment_in(self, span: Span) -> bool:
        """Whether a comment starts within a span."""
        return any(span.start <= comment.span.start < span.end for comment in self.comments)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, innermost first."""
        parent = self.parents.get(node)
        while parent is not None:
            yield parent
            parent = self.parents.get(parent)

    def enclosing(self, node: ast.AST, *kinds: type[ast.AST]) -> ast.AST | None:
        """The innermost node of the given kinds around a node."""
        return next((parent for parent in self.ancestors(node) if isinstance(parent, kinds)), None)

    def statement(self, node: ast.AST) -> ast.stmt:
        """The statement that holds a node (the node itself if it is one)."""
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def find(self, token: str, start: int, end: int) -> int:
        """Offset of a punctuation token between two offsets, skipping comments; -1 if absent."""
        position = self.text.find(token, start, end)
        while position >= 0:
            inside = next((c for c in self.comments if c.span.start <= position < c.span.end), None)
            if inside is None:
                return position
            position = self.text.find(token, inside.span.end, end)
        return -1


def parse(path: Path, text: str, name: str = "", cells: Cells | None = None) -> Module:
    """Parse a file's text.

    Raises `SyntaxProblem` where Python's own parser refuses it, `RecursionError` or `MemoryError` where that cannot
    cope with it.
    """
    source = text.removeprefix("\ufeff")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except SyntaxError as error:
        raise SyntaxProblem(error.lineno or 1, error.msg or "invalid syntax") from None
    except ValueError as error:
        raise SyntaxProblem(1, str(error)) from None
    module = Module(path, source, tree, name, cells=cells)
    nodes: list[ast.AST] = [tree]
    parents = module.parents
    for node in nodes:
        found = children(node)
        nodes += found
        for child in found:
            parents[child] = node
    module.nodes = tuple(nodes)
    if sys.version_info < (3, 12):
        fstrings.relocate(module)
    return module


def _comments(module: Module) -> Iterator[Comment]:
    text = (
        module.text.replace("\r\n", "\n\0").replace("\r", "\n").replace("\n\0", "\n")
        if "\r" in module.text
        else module.text
    )
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                # tokenize counts characters, ast counts bytes.
                start = module.line_span(token.start[0]).start + token.start[1]
                yield Comment(Span(start, start + len(token.string)), token.string)
    except (tokenize.TokenError, IndentationError):  # ast accepted it: only an odd ending is left to stumble over
        return
