"""Exact positions for expressions inside f-strings on Python 3.11.

Before PEP 701 (Python 3.12) an f-string is one token and `ast` guesses the places of what is in it, wrongly
in multi-line, nested and concatenated literals. Here each replacement field is found in the token's text and
parsed where it stands.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grpc2connect.syntax.module import Module

_PREFIX = re.compile(r"(?P<prefix>[A-Za-z]*)(?P<quote>\"\"\"|'''|\"|')")


def relocate(module: Module) -> None:
    """Give the nodes inside every f-string of `module` their true positions, where they can be found."""
    for node in list(module.parents):
        if isinstance(node, ast.JoinedStr) and not isinstance(module.parents[node], ast.FormattedValue):
            fields = [value for value in node.values if isinstance(value, ast.FormattedValue)]
            if fields:
                _relocate_one(module, node, fields)


def _relocate_one(module: Module, node: ast.JoinedStr, fields: list[ast.FormattedValue]) -> None:
    start, end = module.span(node)
    places = list(_fields(module.text, start, end))
    if len(places) != len(fields):
        return
    for (offset, text), formatted in zip(places, fields, strict=True):
        _move(module, formatted.value, offset, text)


def _move(module: Module, target: ast.expr, offset: int, text: str) -> None:
    line = module.line_of(offset)
    before = module.text[module.line_span(line).start : offset]
    # Parenthesised, so that leading spaces and newlines in the field are allowed, as they are in an f-string.
    try:
        parsed = ast.parse("(" + text + ")", mode="eval").body
    except SyntaxError:
        return
    if ast.dump(parsed) != ast.dump(target):
        return
    column = len(before.encode()) - 1
    for new, old in zip(ast.walk(parsed), ast.walk(target), strict=True):
        if not isinstance(new, ast.expr | ast.keyword | ast.arg):
            continue
        assert isinstance(old, ast.expr | ast.keyword | ast.arg)
        assert new.end_lineno is not None and new.end_col_offset is not None
        old.col_offset = new.col_offset + (column if new.lineno == 1 else 0)
        old.end_col_offset = new.end_col_offset + (column if new.end_lineno == 1 else 0)
        old.lineno = new.lineno + line - 1
        old.end_lineno = new.end_lineno + line - 1


def _fields(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Offset and text of each top-level replacement field of the (possibly concatenated) literal."""
    position = start
    while position < end:
        match = _PREFIX.match(text, position)
        if match is None:
            position += 1
            continue
        body = match.end()
        close = _string_end(text, body, match["quote"], end)
        if "f" in match["prefix"].lower():
            yield from _fields_of(text, body, close)
        position = close + len(match["quote"])


def _string_end(text: str, position: int, quote: str, end: int) -> int:
    while position < end and not text.startswith(quote, position):
        position += 2 if text[position] == "\\" else 1
    return position


def _fields_of(text: str, position: int, end: int) -> Iterator[tuple[int, str]]:
    while position < end:
        if text.startswith(("{{", "}}"), position):
            position += 2
        elif text[position] == "{":
            close, expression_end = _field_end(text, position + 1, end)
            yield position + 1, text[position + 1 : expression_end]
            position = close + 1
        else:
            position += 1


def _field_end(text: str, position: int, end: int) -> tuple[int, int]:
    """Offsets of a field's closing brace and of the end of its expression (before `=`, `!r` or `:`)."""
    depth = 0
    expression_end = -1
    while position < end:
        char = text[position]
        if char in "'\"" and expression_end < 0:
            quote = text[position] * 3 if text.startswith(char * 3, position) else char
            position = _string_end(text, position + len(quote), quote, end) + len(quote)
            continue
        if char in "([{":
            depth += 1
        elif char in ")]" or (char == "}" and depth):
            depth -= 1
        elif char == "}":
            return position, position if expression_end < 0 else expression_end
        elif depth == 0 and expression_end < 0 and _ends_expression(text, position):
            expression_end = position
        position += 1
    return end, end


def _ends_expression(text: str, position: int) -> bool:
    """Whether a field's expression ends before this character: a format, a conversion or a self-documenting `=`."""
    match text[position]:
        case ":":
            return True
        case "!":
            return text[position + 1] != "="
        case "=":
            return text[position + 1] != "=" and text[position - 1] not in "=!<>"
    return False
