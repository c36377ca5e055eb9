"""The files of a project that require something of gRPC, each read as what it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.project.dependencies import conda, installs, requirements, setups
from grpc2connect.project.dependencies.listing import Document
from grpc2connect.project.dependencies.names import is_family
from grpc2connect.project.dependencies.tables import TableDocument
from grpc2connect.project.files import BESIDE, mentions
from grpc2connect.project.scripts_in_files import kind_of
from grpc2connect.project.texts import Malformed, Texts
from grpc2connect.results import FileError

SCRIPT = b"# /// script"
"""What a Python file has in it that says what it requires (PEP 723)."""
_TABLES = ("pyproject.toml", "Pipfile")


@dataclass
class Documents:
    """Documents by folder, read when they are asked for; those that are malformed are in `errors`."""

    texts: Texts
    files: Iterable[Path]
    errors: list[FileError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._by_folder: dict[Path, list[Path]] = {}
        self._read: dict[Path, Document | None] = {}
        self._constraints: set[Path] = set()
        for path in self.files:
            if is_document(path):
                self._by_folder.setdefault(home(path), []).append(path)
        for paths in self._by_folder.values():
            for path in paths:
                if requirements.is_one(path) and (text := self.texts.get(path)) is not None:
                    self._constraints |= {other for other, only in requirements.includes(path, text) if only}

    @property
    def folders(self) -> list[Path]:
        """Every folder that has such files."""
        return sorted(self._by_folder)

    def of(self, folder: Path) -> list[Document]:
        """The documents of a folder, and those that they include."""
        found: dict[Path, Document] = {}
        waiting = sorted(self._by_folder.get(folder, ()))
        while waiting:
            path = waiting.pop(0)
            document = self.document(path)
            if document is None or path in found:
                continue
            found[path] = document
            if path.suffix in (".txt", ".in", ".pip"):
                waiting += [other for other, _ in requirements.includes(path, document.before) if other not in found]
        return list(found.values())

    def family(self, folder: Path) -> list[Document]:
        """Those of them that require something of gRPC's family."""
        return [document for document in self.of(folder) if names_family(document)]

    def nearest(self, path: Path, top: Path) -> Path | None:
        """The nearest folder above a file whose documents require something of gRPC's family."""
        for folder in path.parents:
            if not folder.is_relative_to(top):
                return None
            if folder in self._by_folder and self.family(folder):
                return folder
        return None

    def document(self, path: Path) -> Document | None:
        """One file; None if it is none, cannot be read, or is malformed."""
        if path not in self._read:
            self._read[path] = self._load(path)
        return self._read[path]

    def _load(self, path: Path) -> Document | None:
        text = self.texts.get(path)
        if text is None:
            return None
        try:
            if path.name in _TABLES:
                return TableDocument(path, text)
            if requirements.is_one(path) or path.suffix in (".txt", ".in"):
                return requirements.read(path, text, constrains=path in self._constraints)
            if path.name == "setup.py":
                return setups.read_setup(path, text)
            if path.name in ("setup.cfg", "tox.ini"):
                return setups.read_ini(path, text)
            if conda.NAMES.fullmatch(path.name):
                return conda.read(path, text)
            return installs.read_python(path, text) if path.suffix == ".py" else installs.read_script(path, text)
        except Malformed as problem:
            if "grpc" in text:
                what = f"line {problem.line}: {problem.message}"
                self.errors.append(FileError(path, "G2C913", what, "correct it, then run again"))
            return None


def is_document(path: Path) -> bool:
    """Whether a file can require something, by its name, and by its bytes where names say little."""
    if path.name in (*_TABLES, "setup.py", "setup.cfg", "tox.ini") or requirements.is_one(path):
        return True
    if conda.NAMES.fullmatch(path.name):
        return True
    if path.suffix == ".py":
        return mentions(path, SCRIPT) or path.name == "noxfile.py"
    return (kind_of(path) != "" or not path.suffix) and mentions(path, b"grpcio")


def home(path: Path) -> Path:
    """The folder that a file speaks for: of what is in a folder for requirements, or for CI, the one around it."""
    folder = path.parent
    if folder.parent.name in BESIDE:
        folder = folder.parent
    return folder.parent if folder.name in BESIDE or folder.name in ("reqs", "requirements.d") else folder


def names_family(document: Document) -> bool:
    """Whether a document requires something of gRPC's family."""
    listings = (listing for listing in document.listings if listing.purpose != "constraint")
    return any(is_family(name) for listing in listings for name in listing.names)
