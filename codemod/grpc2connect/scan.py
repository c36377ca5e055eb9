"""The import statements of a file, found by a search over its bytes: too many perhaps, never too few.

Parsing every file of a repository for its imports would cost more than all that follows.
"""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LEAD = re.compile(rb"(?:^|[;:])[ \t\f]*(?:from\b[^#;]*)?$")
_IMPORT = re.compile(rb"\bimport\b")
_FROM = re.compile(rb"from(?P<dots>[\s.]*)(?P<module>[\w\x80-\xff. \t\\\n]*)$")
_NAMES = re.compile(rb"(?:[ \t]|\\\n)*\((?:[^()#]|#[^\n]*\n)*\)|(?:[^\n;#\\]|\\\n)+")
# A comment ends with its line: if it could end earlier, a parenthesis that never closes would be tried in endless ways.
_COMMENT = re.compile(rb"#[^\n]*")
_WORDS = re.compile(rb"[\w\x80-\xff.*]+")


class Imported:
    """One import: of the module `dotted`, `level` packages up, and of `names` in it (`*` for all of them).

    No dataclass: a hook that ends early has no time to import those.
    """

    __slots__ = ("dotted", "level", "names")

    def __init__(self, level: int, dotted: str, names: frozenset[str]) -> None:
        self.level = level
        self.dotted = dotted
        self.names = names

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Imported) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"Imported{self._key()}"

    def _key(self) -> tuple[int, str, frozenset[str]]:
        return self.level, self.dotted, self.names

    def last(self, path: str) -> str:
        """The last part of the module, which for `from . import x` is the folder of the file at `path`, or above."""
        if self.dotted:
            return self.dotted.rpartition(".")[2]
        folder = os.path.dirname(path)
        for _ in range(self.level - 1):
            folder = os.path.dirname(folder)
        return os.path.basename(folder)


def imports(data: bytes) -> Iterator[Imported]:
    """The imports in a file's bytes; those in strings and comments too."""
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for found in _IMPORT.finditer(data):
        lead = _lead(data, found.start())
        names = _NAMES.match(data, found.end())
        if lead is None or names is None:
            continue
        if not lead:
            for name in _names(names[0]):
                yield Imported(0, name, frozenset())
        elif origin := _FROM.match(lead):
            module = "".join(_text(word) for word in _WORDS.findall(origin["module"]))
            yield Imported(origin["dots"].count(b"."), module, frozenset(_names(names[0])))


def _lead(data: bytes, end: int) -> bytes | None:
    """What stands between the start of a statement and its `import`; None if that is in the middle of something."""
    start = data.rfind(b"\n", 0, end) + 1
    while start > 1 and data[start - 2 : start - 1] == b"\\":
        start = data.rfind(b"\n", 0, start - 1) + 1
    lead = _LEAD.search(data[start:end])
    return lead[0].lstrip(b";: \t\f") if lead else None


def _names(text: bytes) -> Iterator[str]:
    """The names of `a, b as c` or `(d, e)`, without the `as` parts."""
    for part in _COMMENT.sub(b"", text).strip(b" \t()").split(b","):
        words = _WORDS.findall(part)
        if words:
            yield _text(words[0])


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
