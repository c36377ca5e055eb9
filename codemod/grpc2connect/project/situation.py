"""What the readers of project files are told, and what they answer: one small interface for all kinds of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from grpc2connect import __version__
from grpc2connect.options import Options
from grpc2connect.project.files import mentions
from grpc2connect.project.generation.modules import ConnectModule
from grpc2connect.project.texts import Edit, position
from grpc2connect.results import FileError, Finding, Place, Severity, State
from grpc2connect.schema import CONNECT_SUFFIX

PLUGIN = "protoc-gen-connectrpc>=0.13,<0.14"
"""The requirement of a place that runs the plugin: the range that the generated code is tested with."""
_MAJOR, _MINOR = __version__.split(".")[:2]
TOOL = f"grpc2connect>={_MAJOR}.{_MINOR},<{_MAJOR}.{int(_MINOR) + 1}"
"""The requirement of a place that runs `grpc2connect generate`."""


@dataclass(frozen=True)
class ProjectFile:
    """A file as it is now: where, its text, and what ends its lines."""

    path: Path
    text: str
    newline: str

    def place(self, offset: int) -> Place:
        """Where a character of the text is."""
        return Place(self.path, *position(self.text, offset))


@dataclass(frozen=True)
class Found:
    """A place that depends on gRPC, for the ledger: what kind it is, and how it ended."""

    place: Place
    kind: str
    code: str
    state: State
    text: str
    why: str


@dataclass
class Answer:
    """What a reader has to say of a file. `needs` are the requirements of what the edits add, by what they are for."""

    edits: list[Edit] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    errors: list[FileError] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
    tools: set[Path] = field(default_factory=set)
    """The files that run grpcio-tools, now and later."""
    kept: list[tuple[tuple[str, ...], Path | None, Place]] = field(default_factory=list)
    """What goes on generating gRPC stubs after a clean-up: stems of protos (none: unknown), the folder, the place."""

    def add(self, other: Answer) -> None:
        """Take over all that another answer says."""
        for name in ("edits", "findings", "found", "errors", "kept"):
            getattr(self, name).extend(getattr(other, name))
        self.needs |= other.needs
        self.tools |= other.tools

    def warn(self, code: str, place: Place, message: str, advice: str, severity: Severity = Severity.WARNING) -> None:
        """Add a finding."""
        self.findings.append(Finding(code, place, message, advice, severity))


@dataclass
class Situation:
    """What is known of the project: its Connect modules, what they are made for, and what of gRPC has to stay.

    `modules` is asked for only where something generates. `stays` says of the stems of some protos (none: of any) and a
    folder why gRPC stubs of theirs are still needed, or nothing; it matters to a clean-up alone.
    """

    options: Options
    files: list[Path]
    find_modules: Callable[[], list[ConnectModule]]
    cleanup: bool = False
    stays: Callable[[tuple[str, ...], Path | None], str] = lambda stems, folder: ""
    buf_out: dict[Path, str] = field(default_factory=dict)
    """Folders with a `buf.gen.yaml` whose output only `grpc2connect generate` can complete, and what is generated."""

    def part_of(self, path: Path) -> Path:
        """The part of the project that a file works for: the nearest folder above it with any code about gRPC in it.

        What generates stubs is none, though it names them.
        """
        top = self.options.project or self.options.root
        return next((folder for folder in path.parents if folder in self._parts or folder == top), top)

    @cached_property
    def _parts(self) -> set[Path]:
        python = (path for path in self.files if path.suffix == ".py")
        about = [
            path
            for path in python
            if path.name.endswith(CONNECT_SUFFIX)
            or (mentions(path, b"_pb2", b"import grpc") and not mentions(path, b"grpc_python_out"))
        ]
        return {folder for path in about for folder in path.parents}

    @cached_property
    def modules(self) -> list[ConnectModule]:
        """The Connect modules of the project."""
        return self.find_modules()


class Reader(Protocol):
    """Reads one kind of project file."""

    def __call__(self, file: ProjectFile, situation: Situation) -> Answer:
        """What is to be done in the file, and what is to be said of it."""


def first_line(texts: Iterable[str]) -> str:
    """The first line of several that says anything, for a message of one line."""
    return next((line.strip() for text in texts for line in text.splitlines() if line.strip()), "")
