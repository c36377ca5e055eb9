"""What a migration adds to what a project requires, and what is in its way.

    grpcio>=1.60
    + connectrpc>=0.13,<0.14

`grpcio` itself stays until a clean-up. What the migrated code imports goes beside `grpcio` in every list that has it;
where none has, beside its add-ons, or beside grpcio-tools, which brought it along. What generates goes beside
grpcio-tools.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect import vendor
from grpc2connect.options import Options
from grpc2connect.project.dependencies import locks, pythons, versions
from grpc2connect.project.dependencies.documents import Documents, is_document, names_family
from grpc2connect.project.dependencies.listing import Document, Requirement
from grpc2connect.project.dependencies.names import ADD_ONS, GRPCIO, REFLECTION, TOOLS, after_name, name_of
from grpc2connect.project.scripts_in_files import kind_of
from grpc2connect.project.situation import PLUGIN
from grpc2connect.project.texts import Texts, line_of
from grpc2connect.results import Finding, Place, Severity

NOT_EDITED = "G2C901"
CONFLICT = "G2C920"
PYTHON = "G2C921"
_BESIDE = ((GRPCIO,), sorted(ADD_ONS), (TOOLS,))
"""What brings grpcio: what migrated code needs goes beside the first of these that is required."""
GENERATORS = ("mypy-protobuf", "buf-bin", "protoletariat", "protoc-gen-validate")
"""What is required beside where grpcio-tools would be, by projects that generate with something else."""
_SAID = {
    name_of(one): one
    for one in (*vendor.REQUIREMENTS, PLUGIN, "grpcio>=1.60", "grpcio-tools>=1.49", vendor.REQUIREMENT)
}
"""The ranges that migrated code is tested with; grpcio-tools before 1.49 requires protobuf<4."""
_IN_TURN = {name_of(one): (one, by) for one, by in vendor.REQUIRED_BY_THOSE.items()}


@dataclass
class Additions:
    """What is added to the requirements of a project for some changed files, and for some places that generate."""

    options: Options
    documents: Documents
    texts: Texts
    findings: list[Finding] = field(default_factory=list)
    edited: set[Path] = field(default_factory=set)

    @property
    def _top(self) -> Path:
        return self.options.project or self.options.root

    def for_code(self, changed: Sequence[Path]) -> None:
        """What migrated code imports, beside grpcio, for each of the changed files in the nearest place that has it."""
        wanted = vendor.needed(self.options.runtime)
        homes = {path: self.documents.nearest(path, self._top) for path in changed}
        for folder in sorted({home for home in homes.values() if home is not None}):
            documents = self._family(folder)
            declared = [one for one in documents if not _installs(one)] or documents
            self._add_beside(declared, _BESIDE, wanted)
            if any(home == folder and self._reflects(path) for path, home in homes.items()):
                self._add_beside(declared, ((REFLECTION,), *_BESIDE), (vendor.REFLECTION,))
            self._conflicts(folder)
        if not any(homes.values()):
            self._not_understood(changed, wanted)

    def _add_beside(self, declared: list[Document], beside: Iterable[Sequence[str]], wanted: Sequence[str]) -> None:
        """Add to the documents beside the first of several groups of names that any of them has."""
        for names in beside:
            if any(_has(one, set(names), "run") for one in _sources(declared)):
                self._add_to(declared, names, wanted)
                break

    def _reflects(self, path: Path) -> bool:
        """Whether a changed file has the runtime's servers answer reflection."""
        return self.texts.says(path, vendor.PACKAGE.encode(), vendor.ENABLES_REFLECTION)

    def _family(self, folder: Path) -> list[Document]:
        """What requires something of gRPC's family in a folder, and above it what those that are made are made of."""
        found = list(self.documents.family(folder))
        above: Path | None = folder
        while above is not None and all(one.why_not for one in found):
            above = self.documents.nearest(above, self._top)
            found += self.documents.family(above) if above is not None else []
        return found

    def for_places(self, needs: Mapping[Path, set[str]]) -> None:
        """Beside grpcio-tools, what the places that generate need."""
        homeless: dict[Path, set[str]] = {}
        for path, wanted in sorted(needs.items()):
            beside: Sequence[str] = (TOOLS,)
            documents = self._requiring(path, {TOOLS})
            if not documents:
                beside = GENERATORS
                documents = self._requiring(path, set(GENERATORS))
            self._add_to(documents, beside, sorted(wanted), anywhere=True)
            if not documents:
                homeless[path] = wanted
        for path, wanted in homeless.items():
            names = " ".join(f"'{one}'" for one in sorted(wanted))
            message = "what generates here needs more, and nothing near it requires grpcio-tools"
            self.findings.append(Finding(NOT_EDITED, Place(path, 1, 1), message, f"install {names} where it runs"))

    def done(self) -> None:
        """Write what was added; report lock files that are out of date now."""
        for path in sorted(self.edited):
            document = self.documents.document(path)
            assert document is not None
            self.texts.set(path, document.text())
        self.findings += locks.outdated(self.edited, self._top)

    def python_versions(self, changed: Sequence[Path], files: Iterable[Path]) -> None:
        """Report what says that the project runs on a Python that connectrpc does not run on."""
        if not changed:
            return
        above = {folder for path in changed for folder in path.parents}
        for path in files:
            home = path.parent
            while home.name in (".github", "workflows", ".circleci", ".gitlab", "ci", "docker"):
                home = home.parent
            if home not in above or (text := self.texts.get(path) if _says_python(path) else None) is None:
                continue
            for line, words in pythons.too_old(path, text):
                message = f"{words}, and migrated code needs 3.11 or newer"
                self.findings.append(Finding(PYTHON, Place(path, line, 1), message, "raise it first", Severity.WARNING))

    def _find(self, code: str, path: Path, line: int, message: str, advice: str) -> None:
        finding = Finding(code, Place(path, line, 1), message, advice, Severity.WARNING)
        if finding not in self.findings:
            self.findings.append(finding)

    def _requiring(self, path: Path, names: set[str]) -> list[Document]:
        """The documents of the nearest folder above a place that require one of some distributions."""
        if (
            is_document(path)
            and (own := self.documents.document(path)) is not None
            and _has(own, names)
            and _installs(own)
        ):
            return [own]
        for folder in path.parents:
            if not folder.is_relative_to(self._top):
                break
            found = [one for one in self.documents.of(folder) if _has(one, names) and not _installs_elsewhere(one)]
            if found:
                return found
        return []

    def _add_to(
        self, documents: list[Document], beside: Sequence[str], wanted: Sequence[str], *, anywhere: bool = False
    ) -> None:
        """Add to the documents that are written by hand; those that are made of them are named."""
        for document in _sources(documents):
            self._add(document, beside, wanted, anywhere=anywhere)
        self._compiled(documents, wanted)

    def _add(self, document: Document, beside: Iterable[str], wanted: Sequence[str], *, anywhere: bool = False) -> None:
        for listing in document.listings:
            anchors = [one for name in beside for one in listing.requirements if one.name == name]
            if not anchors or listing.purpose == "constraint" or (listing.purpose == "build" and not anywhere):
                continue
            missing = listing.missing(wanted)
            if not missing:
                continue
            if document.why_not:
                names = " ".join(f"'{one}'" for one in missing)
                message = "this requires grpcio, and the migrated code needs more"
                advice = f"add {names}: {document.why_not}, which has to be refreshed"
                place = Place(document.path, anchors[0].line, 1)
                self.findings.append(Finding(NOT_EDITED, place, message, advice, Severity.WARNING))
                return
            listing.add(anchors[0].name, missing)
            listing.requirements += [_required(one) for one in missing]
            self.edited.add(document.path)

    def _compiled(self, documents: Iterable[Document], wanted: Sequence[str]) -> None:
        """Name the files that are made of what was edited."""
        sources = sorted(self.edited & {document.path for document in documents})
        for document in documents:
            missing = [one for listing in document.listings for one in listing.missing(wanted)]
            if document.why_not and sources and missing:
                message = f"this was made before {sources[0].name} changed"
                self._find(locks.CODE, document.path, 1, message, "refresh it with what made it")

    def _conflicts(self, folder: Path) -> None:
        """Report requirements and constraints that leave no version that migrated code is tested with."""
        for document in _sources(self.documents.of(folder)):
            for listing in document.listings:
                for one in listing.requirements:
                    needed, by = _IN_TURN.get(one.name, (_SAID.get(one.name, ""), ""))
                    if not needed or not one.line or versions.read(one.rest).meets(versions.read(after_name(needed))):
                        continue
                    taker = f"{by} takes, which migrated code needs" if by else "migrated code is tested with"
                    message = f"`{one.name}{one.rest}` leaves no version that {taker}"
                    self._find(CONFLICT, document.path, one.line, message, f"it needs {needed}")

    def _not_understood(self, changed: Iterable[Path], wanted: Sequence[str]) -> None:
        """Report files that name grpcio where a list that is written out does not."""
        named = re.compile(r"[\"'\s]grpcio(?![\w.-])")
        for path in sorted({folder / name for one in changed for folder in one.parents
                            for name in ("pyproject.toml", "setup.py", "setup.cfg")}):  # fmt: skip
            if not path.is_relative_to(self._top) or not path.is_file():
                continue
            text = self.texts.get(path)
            document = self.documents.document(path)
            found = named.search(text) if text is not None and document is not None else None
            if found is not None and document is not None and not names_family(document):
                assert text is not None
                line = line_of(text, found.start())
                names = " ".join(f"'{one}'" for one in wanted)
                message = "this requires grpcio, and the migrated code needs more"
                self.findings.append(
                    Finding(NOT_EDITED, Place(path, line, 1), message, f"add {names}", Severity.WARNING)
                )


def _sources(documents: list[Document]) -> list[Document]:
    """The documents that are written by hand, if there are any."""
    return [one for one in documents if not one.why_not] or documents


def _required(requirement: str) -> Requirement:
    return Requirement(name_of(requirement), "", 0)


def _has(document: Document, names: set[str], purpose: str = "") -> bool:
    return any(
        listing.names & names
        for listing in document.listings
        if listing.purpose == purpose or (not purpose and listing.purpose != "constraint")
    )


def _installs(document: Document) -> bool:
    """Whether a document is a command that installs, not a declaration."""
    path = document.path
    if path.suffix == ".py":
        return path.name != "setup.py"
    kind = kind_of(path, document.before)
    hidden = any(part.startswith(".") for part in path.parts[-3:])
    return kind in ("docker", "make", "shell") or (kind == "yaml" and hidden)


def _installs_elsewhere(document: Document) -> bool:
    """Whether a document installs where only its own commands run: CI, nox, a script with metadata."""
    return _installs(document) and (document.path.suffix == ".py" or kind_of(document.path) == "yaml")


_PYTHON_FILES = frozenset(
    {".python-version", "Pipfile", "noxfile.py", "pyproject.toml", "runtime.txt", "setup.cfg", "setup.py", "tox.ini"}
)


def _says_python(path: Path) -> bool:
    return path.name in _PYTHON_FILES or kind_of(path) in ("docker", "yaml")
