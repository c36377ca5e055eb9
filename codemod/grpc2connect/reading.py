"""The files of a run: each read once, parsed when it is asked for, and done without if that cannot be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.expendable import expendable
from grpc2connect.results import FileError
from grpc2connect.sources import Source, bytes_of, is_notebook, read
from grpc2connect.sources.modules import dotted_name
from grpc2connect.syntax import Module, SyntaxProblem, parse

At = Callable[[Path | None], None]
"""Told which file is worked on (None: no one in particular), for who watches and asks which one ended the process."""

_CORRECT = "correct the syntax, or, where it is of a Python newer than {}.{}, run grpc2connect on that one"


@dataclass
class Files:
    """The files of a run: read once, parsed on demand."""

    top: Path
    paths: frozenset[str]
    sources: dict[Path, Source] = field(default_factory=dict)
    errors: list[FileError] = field(default_factory=list)
    broken: dict[Path, Source] = field(default_factory=dict)
    parsed: int = 0
    spared: Mapping[Path, str] = field(default_factory=dict)
    at: At = lambda path: None

    def source(self, path: Path) -> Source | None:
        """A file's text; None (and an error) if it cannot be read."""
        if path not in self.sources:
            found = self._read(path)
            if isinstance(found, FileError):
                self.errors.append(found)
                return None
            self.sources[path] = found
        return self.sources[path]

    def _read(self, path: Path) -> Source | FileError:
        if not is_notebook(path):
            return read(path)
        if path in self.spared:
            self.broken[path] = Source(path, bytes_of(path), "", "utf-8", False, 0)
            return FileError(path, "G2C014", self.spared[path], "exclude it, or make it simpler")
        try:
            self.at(path)  # its cells are parsed to be read
            with expendable(path):
                return read(path)
        finally:
            self.at(None)

    def load(self, path: Path) -> Module | None:
        """A file parsed; None (and an error) if it cannot be."""
        source = self.source(path)
        if source is None:
            return None
        if path in self.spared:
            self.broken[path] = source
            self.errors.append(FileError(path, "G2C014", self.spared[path], "exclude it, or make it simpler"))
            return None
        self.parsed += 1
        try:
            self.at(path)
            with expendable(path, SyntaxProblem):
                name = "" if source.notebook else dotted_name(path, self.paths, self.top)
                return parse(path, source.text, name, source.notebook)
        except SyntaxProblem as problem:
            self.broken[path] = source
            self.errors.append(
                FileError(path, "G2C002", f"line {problem.line}: {problem.message}", _CORRECT.format(*sys.version_info))
            )
            return None
        finally:
            self.at(None)
