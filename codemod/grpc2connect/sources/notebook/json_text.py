"""Where the values of a JSON text stand, and how its strings spell their characters. The text is known to be valid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

_GAP = re.compile(r"[\s,:]*")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_SCALAR = re.compile(r"[^\s,\]}]+")
_MARKS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]')
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)


class Value(NamedTuple):
    """Where a value stands in the text."""

    start: int
    end: int


def top(text: str) -> Value:
    """The value that the whole text is."""
    start = _GAP.match(text).end()  # type: ignore[union-attr]
    return Value(start, _end(text, start))


def members(text: str, value: Value) -> dict[str, Value]:
    """The values of an object by their keys; nothing if it is none."""
    if text[value.start] != "{":
        return {}
    parts = list(_parts(text, value))
    return {json.loads(text[slice(*key)]): found for key, found in zip(parts[::2], parts[1::2], strict=True)}


def items(text: str, value: Value) -> list[Value]:
    """The values of an array; nothing if it is none."""
    return list(_parts(text, value)) if text[value.start] == "[" else []


def characters(raw: str) -> Iterator[tuple[str, str]]:
    """The characters of a string as they are spelled between its quotes, each with what it is."""
    for found in _CHARACTER.finditer(raw):
        spelled = found[0]
        yield spelled, json.loads(f'"{spelled}"') if len(spelled) > 1 else spelled


def _parts(text: str, value: Value) -> Iterator[Value]:
    at = _GAP.match(text, value.start + 1).end()  # type: ignore[union-attr]
    while at < value.end - 1:
        end = _end(text, at)
        yield Value(at, end)
        at = _GAP.match(text, end).end()  # type: ignore[union-attr]


def _end(text: str, at: int) -> int:
    """The end of the value that starts at `at`."""
    if text[at] == '"':
        return _STRING.match(text, at).end()  # type: ignore[union-attr]
    if text[at] not in "[{":
        return _SCALAR.match(text, at).end()  # type: ignore[union-attr]
    depth = 0
    for found in _MARKS.finditer(text, at):
        if found[0] in ("[", "{"):
            depth += 1
        elif found[0] in ("]", "}"):
            depth -= 1
            if not depth:
                return found.end()
    raise AssertionError("valid JSON closes what it opens")
