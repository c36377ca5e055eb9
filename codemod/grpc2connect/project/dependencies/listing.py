"""One list of requirements, whatever file it stands in; and a file of such lists."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grpc2connect.project.dependencies.names import name_of
from grpc2connect.project.texts import Edit, applied, line_of, line_span


@dataclass(frozen=True)
class Requirement:
    """An entry: the normal name, what stands behind it (extras, versions, markers), and its line."""

    name: str
    rest: str
    line: int


class Listing(ABC):
    """A list of requirements. `purpose` says what it is for: `run`, `build` (of the project itself), `constraint`."""

    def __init__(self, requirements: list[Requirement], purpose: str = "run") -> None:
        self.requirements = requirements
        self.purpose = purpose

    @property
    def names(self) -> set[str]:
        """The normal names of what is required."""
        return {one.name for one in self.requirements}

    def missing(self, wanted: Sequence[str]) -> list[str]:
        """Those of the wanted requirements that are not there under any version."""
        return [one for one in wanted if name_of(one) not in self.names]

    @abstractmethod
    def add(self, after: str, wanted: Sequence[str]) -> None:
        """Add requirements (PEP 508) after the one of that name."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Take out what is of that name."""


class Document(ABC):
    """A file with lists of requirements. `why_not` says why it may not be edited, if it may not."""

    def __init__(self, path: Path, text: str, why_not: str = "") -> None:
        self.path = path
        self.before = text
        self.why_not = why_not
        self.listings: list[Listing] = []

    @abstractmethod
    def text(self) -> str:
        """The text as it is with what was added and removed."""


@dataclass
class Entry:
    """Where an entry stands in a text: its own characters, and what goes when it goes."""

    requirement: Requirement
    start: int
    end: int


class TextDocument(Document):
    """A file that is edited as text."""

    def __init__(self, path: Path, text: str, why_not: str = "") -> None:
        super().__init__(path, text, why_not)
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.edits: list[Edit] = []

    def text(self) -> str:
        """See `Document.text`."""
        return applied(self.before, self.edits)

    def requirement(self, start: int, end: int) -> Requirement:
        """The entry that is written from `start` to `end`."""
        from grpc2connect.project.dependencies.names import after_name

        raw = self.before[start:end]
        return Requirement(name_of(raw), after_name(raw).strip(), line_of(self.before, start))


class LineListing(Listing):
    """Requirements on lines of their own, each with the same text around it."""

    def __init__(
        self, document: TextDocument, entries: list[Entry], purpose: str = "run", wrap: tuple[str, str] = ("", "")
    ) -> None:
        super().__init__([entry.requirement for entry in entries], purpose)
        self._document = document
        self._entries = entries
        self._wrap = wrap

    def add(self, after: str, wanted: Sequence[str]) -> None:
        """See `Listing.add`."""
        document = self._document
        entry = next(one for one in self._entries if one.requirement.name == after)
        start, _ = line_span(document.before, entry.start)
        indent = document.before[start : entry.start]
        lead = indent if not indent.strip() else indent[: len(indent) - len(indent.lstrip())] + self._wrap[0]
        _, end = line_span(document.before, entry.end)
        text = "".join(f"{document.newline}{lead}{one}{self._wrap[1]}" for one in wanted)
        document.edits.append(Edit(end, end, text))

    def remove(self, name: str) -> None:
        """See `Listing.remove`."""
        document = self._document
        for entry in self._entries:
            if entry.requirement.name == name:
                start, _ = line_span(document.before, entry.start)
                stop = document.before.find("\n", entry.end)
                document.edits.append(Edit(start, len(document.before) if stop < 0 else stop + 1, ""))
