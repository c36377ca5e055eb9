"""What the server asks the process that looks at the project, and what it is answered; plain data, pickled."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.results import RunResult


class What(enum.Enum):
    """Everything that is to be said; the chains of facts in a file; or the edits that move a service."""

    LOOK = "look"
    EXPLAIN = "explain"
    MOVE = "move"


@dataclass(frozen=True)
class Settings:
    """What the command line of the server says; everything else is in the project's `pyproject.toml`."""

    python: Path | None = None
    rules: tuple[str, ...] = ()
    unsafe: bool = False


@dataclass(frozen=True)
class Question:
    """`files` are those that are open, with their text; `path` is the one it is about, `unit` the service to move."""

    what: What
    files: Mapping[Path, str]
    settings: Settings = Settings()
    path: Path | None = None
    unit: str = ""


@dataclass(frozen=True)
class TextChange:
    """A file whose text changes; `before` is None for a new one, `after` for one that goes."""

    path: Path
    before: str | None
    after: str | None
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A rule, or a code of the engine's own: what it does in a line, and its whole documentation."""

    title: str
    documentation: str = ""


@dataclass(frozen=True)
class Answer:
    """`results` are those of the projects that the open files belong to; `files` are the open ones that count there.

    `problem` is one line that says why there is no answer.
    """

    results: tuple[RunResult, ...] = ()
    files: frozenset[Path] = frozenset()
    rules: Mapping[str, Rule] = field(default_factory=dict)
    changes: tuple[TextChange, ...] = ()
    problem: str = ""

    def of(self, path: Path) -> RunResult | None:
        """The result that tells of an open file."""
        if path not in self.files:
            return None
        return next((one for one in self.results if path.is_relative_to(one.root)), None)
