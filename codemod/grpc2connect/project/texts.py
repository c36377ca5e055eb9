"""The texts of a project's files as a run leaves them so far: each step edits what the step before it made.

An edit is a span of the present text and what comes in its place, so that all else stays byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from grpc2connect.results import FileChange, FileError
from grpc2connect.sources import NotEncodable, Source, encode, read


class Malformed(Exception):
    """A file does not follow its own format; `line` (from 1) is where that shows."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True, order=True)
class Edit:
    """Characters `start` to `end` of a text become `text`; an insertion has no length."""

    start: int
    end: int
    text: str


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made, which may not overlap; those that say the same are made once."""
    for edit in sorted(set(edits), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def line_of(text: str, offset: int) -> int:
    """The line, from 1, that a character is on."""
    return text.count("\n", 0, offset) + 1


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of an offset into a text."""
    return line_of(text, offset), offset - text.rfind("\n", 0, offset)


def line_span(text: str, offset: int) -> tuple[int, int]:
    """Where the line of a character starts, and where it ends, without its line end."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    end = len(text) if end < 0 else end
    return start, end - (end > start and text[end - 1] == "\r")


@dataclass
class Texts:
    """What the files of a project say now; starts from the changes that a run has made so far."""

    changes: Iterable[FileChange] = ()
    errors: list[FileError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sources: dict[Path, Source | None] = {}
        self._now: dict[Path, str] = {}
        self._changed = {change.path: change for change in self.changes}

    def get(self, path: Path) -> str | None:
        """The present text of a file; None if there is none to be read, which is in `errors` if it should be."""
        if path in self._now:
            return self._now[path]
        if path not in self._sources:
            self._sources[path] = self._load(path)
        source = self._sources[path]
        if source is None:
            return None
        change = self._changed.get(path)
        try:
            text = change.after.decode(source.encoding).removeprefix("\ufeff") if change is not None else source.text
        except UnicodeDecodeError:
            return None
        self._now[path] = text
        return text

    def says(self, path: Path, *words: bytes) -> bool:
        """Whether all of some words stand in a file as the run has changed it, if it has."""
        change = self._changed.get(path)
        try:
            data = path.read_bytes() if change is None else change.after
        except OSError:
            return False
        return all(word in data for word in words)

    def newline(self, path: Path) -> str:
        r"""What ends the lines of a file that has been read; `\n` of one that has not."""
        source = self._sources.get(path)
        return source.newline if source is not None else "\n"

    def edit(self, path: Path, edits: Iterable[Edit]) -> None:
        """Make edits of the present text of a file that has been read."""
        self._now[path] = applied(self._now[path], edits)

    def set(self, path: Path, text: str) -> None:
        """Put another text in place of that of a file that has been read."""
        self._now[path] = text

    def result(self) -> list[FileChange]:
        """The changes that the run began with, those of files edited here in their new form, and the new ones."""
        found = dict(self._changed)
        for path, text in self._now.items():
            source = self._sources[path]
            assert source is not None
            try:
                after = encode(source, text)
            except NotEncodable as problem:
                self.errors.append(FileError(path, "G2C004", str(problem).partition(": ")[2], "save it as UTF-8"))
                continue
            if path in found:
                found[path] = replace(found[path], after=after)
            elif after != source.data:
                found[path] = FileChange(path, source.data, after)
        return sorted(found.values(), key=lambda change: change.path)

    def _load(self, path: Path) -> Source | None:
        change = self._changed.get(path)
        if change is not None and change.before is None:
            return None
        found = read(path)
        if isinstance(found, FileError):
            self.errors.append(found)
            return None
        return found
