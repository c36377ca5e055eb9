"""Places in a text as the protocol counts them: lines from 0, columns in code units, of UTF-16 unless agreed otherwise.

The tool counts characters. A line ends at a line feed, a carriage return or both, as in Python's own grammar; a form
feed or a Unicode line separator ends none, although `str.splitlines` says so.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from functools import cached_property

from lsprotocol.types import Position, PositionEncodingKind, Range

_END = re.compile(r"\r\n|\r|\n")
_BYTES = {
    PositionEncodingKind.Utf8: ("utf-8", 1),
    PositionEncodingKind.Utf16: ("utf-16-le", 2),
    PositionEncodingKind.Utf32: ("utf-32-le", 4),
}


@dataclass(frozen=True)
class Text:
    """A text, and the unit in which its columns are counted."""

    text: str
    encoding: PositionEncodingKind | str = PositionEncodingKind.Utf16

    @cached_property
    def starts(self) -> list[int]:
        """The offset of each line's first character."""
        return [0, *(found.end() for found in _END.finditer(self.text))]

    def line(self, number: int) -> str:
        """A line (from 0) without its end; empty past the last."""
        if number >= len(self.starts):
            return ""
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[number] : end].rstrip("\r\n")

    def position(self, offset: int) -> Position:
        """Where the character at an offset stands."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect.bisect_right(self.starts, offset) - 1
        return Position(line, self._units(self.text[self.starts[line] : offset]))

    def offset(self, line: int, column: int) -> int:
        """The offset of a place of the tool (both from 1, the column in characters); the nearest there is."""
        index = min(max(line, 1), len(self.starts)) - 1
        return self.starts[index] + min(max(column, 1) - 1, len(self.line(index)))

    def character(self, position: Position) -> int:
        """The offset of a place of the protocol's; the nearest there is."""
        index = min(position.line, len(self.starts) - 1)
        start, line = self.starts[index], self.line(index)
        units = 0
        for step, character in enumerate(line):
            if units >= position.character:
                return start + step
            units += self._units(character)
        return start + len(line)

    def range(self, start: int, end: int) -> Range:
        """From one offset to another."""
        return Range(self.position(start), self.position(end))

    def of(self, line: int, column: int, text: str) -> Range:
        """The range of `text` at a place of the tool, as far as its first line; of a name if something else is there.

        What a class or a function is called for stands at its first line, so that is what is marked.
        """
        start = self.offset(line, column)
        end_of_line = start + len(_END.split(self.text[start:], maxsplit=1)[0])
        if text and self.text.startswith(text, start):
            return self.range(start, min(start + len(text), end_of_line))
        name = re.compile(r"\w+|\S").match(self.text, start, end_of_line)
        return self.range(start, name.end() if name else end_of_line)

    def _units(self, text: str) -> int:
        codec, size = _BYTES.get(PositionEncodingKind(self.encoding), ("utf-16-le", 2))
        return len(text.encode(codec, "surrogatepass")) // size
