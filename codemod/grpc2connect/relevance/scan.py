"""The import statements of a file, found by a search over its bytes: too many perhaps, never too few.

Parsing every file of a repository for its imports would cost more than all that follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_START = rb"(?:^|[;:])[ \t\f]*"
_NAME = rb"[\w\x80-\xff]+"
_LINE = rb"(?:[^\n;#\\]|\\\n)+"
_IMPORTS = re.compile(
    _START
    + rb"(?:from(?:[ \t]|\\\n)*(?P<dots>[.\s]*)(?P<module>(?:"
    + _NAME
    + rb"[ \t]*\.[ \t]*)*(?:"
    + _NAME
    + rb")?)(?:[ \t]|\\\n)*\bimport\b(?P<names>[ \t]*\((?:[^()#]|#[^\n]*)*\)|"
    + _LINE
    + rb")|import[ \t\\]"
    + rb"(?P<modules>"
    + _LINE
    + rb"))",
    re.MULTILINE,
)
_COMMENT = re.compile(rb"#[^\n]*")
_WORDS = re.compile(rb"[\w\x80-\xff.*]+")


@dataclass(frozen=True, slots=True)
class Imported:
    """One import: of the module `dotted`, `level` packages up, and of `names` in it (`*` for all of them)."""

    level: int
    dotted: str
    names: frozenset[str]


def imports(data: bytes) -> Iterator[Imported]:
    """The imports in a file's bytes; those in strings and comments too."""
    for found in _IMPORTS.finditer(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")):
        if found["modules"] is not None:
            for part in found["modules"].split(b","):
                words = _WORDS.findall(part)
                if words:
                    yield Imported(0, _text(words[0]), frozenset())
            continue
        names = _names(found["names"])
        level = found["dots"].count(b".")
        yield Imported(level, re.sub(r"\s", "", _text(found["module"])), frozenset(names))


def _names(text: bytes) -> Iterator[str]:
    """The names of `a, b as c, (d)`, without the `as` parts."""
    for part in _COMMENT.sub(b"", text).strip(b" \t()").split(b","):
        words = _WORDS.findall(part)
        if words:
            yield _text(words[0])


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
