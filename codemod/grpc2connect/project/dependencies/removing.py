"""What a clean-up takes out of what a project requires: distributions of grpc-python that nothing needs any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.project.dependencies import locks
from grpc2connect.project.dependencies.documents import Documents
from grpc2connect.project.dependencies.listing import Document
from grpc2connect.project.dependencies.names import GRPCIO, TOOLS, TYPES, is_family
from grpc2connect.project.dependencies.uses import Use
from grpc2connect.project.texts import Texts
from grpc2connect.results import Finding, Place, Severity

KEPT = "G2C932"


@dataclass
class Removals:
    """What goes from the requirements of each folder. `uses` are all uses in the project, by the files they are in."""

    top: Path
    documents: Documents
    texts: Texts
    uses: Mapping[Path, Iterable[Use]]
    moved: Callable[[Path], bool]
    """Whether something in a folder has moved to Connect."""
    findings: list[Finding] = field(default_factory=list)

    def make(self) -> None:
        """Remove what nothing needs, in every document whose folders all agree."""
        needed: dict[Path, dict[str, Use | None]] = {}
        of_documents: dict[Path, Document] = {}
        folders = [folder for folder in self.documents.folders if self.documents.family(folder)]
        homes = {path: self.documents.nearest(path, self.top) for path in self.uses}
        for folder in folders:
            if not self.moved(folder):
                for document in self.documents.family(folder):
                    needed.setdefault(document.path, {}).update(dict.fromkeys(_family(document)))
                continue
            used: dict[str, Use | None] = {}
            for path, found in self.uses.items():
                if path.is_relative_to(folder) or homes[path] in (None, folder):
                    for use in found:
                        used.setdefault(use.name, use)
            for document in self.documents.family(folder):
                of_documents[document.path] = document
                for name, why in used.items():
                    needed.setdefault(document.path, {}).setdefault(name, why)
        edited = []
        for path, document in sorted(of_documents.items()):
            if self._clean(document, needed.get(path, {})):
                edited.append(path)
                self.texts.set(path, document.text())
        self.findings += locks.outdated(edited, self.top)

    def _clean(self, document: Document, needed: Mapping[str, Use | None]) -> bool:
        cleaned = False
        for listing in document.listings:
            if listing.purpose == "constraint":
                continue
            for one in list(listing.requirements):
                goes = is_family(one.name) or (one.name in TYPES and GRPCIO not in needed)
                if not goes:
                    continue
                if one.name in needed:
                    self._kept(document, one.name, one.line, needed[one.name])
                    continue
                if document.why_not:
                    message = f"nothing needs {one.name} any more"
                    place = Place(document.path, one.line, 1)
                    advice = f"refresh it: {document.why_not}"
                    self.findings.append(Finding(locks.CODE, place, message, advice, Severity.WARNING))
                    continue
                before = document.text()
                listing.remove(one.name)
                if document.text() == before:
                    place = Place(document.path, one.line, 1)
                    message = f"nothing needs {one.name} any more, and it is all that is installed here"
                    self.findings.append(Finding(KEPT, place, message, "take the command out", Severity.WARNING))
                else:
                    cleaned = True
        return cleaned

    def _kept(self, document: Document, name: str, line: int, use: Use | None) -> None:
        if use is None:
            return
        import os

        where = Path(os.path.relpath(use.path, self.top)).as_posix()
        what = "it runs protoc" if name == TOOLS and use.line == 0 else use.why
        message = f"{name} is still required: {what}" + (f" ({where}:{use.line})" if use.line else f" ({where})")
        advice = "remove it by hand where that is not so" if " may be " in use.why or "some " in use.why else ""
        finding = Finding(KEPT, Place(document.path, line, 1), message, advice, Severity.NOTE)
        if finding not in self.findings:
            self.findings.append(finding)


def _family(document: Document) -> Iterable[str]:
    return {one.name for listing in document.listings for one in listing.requirements if is_family(one.name)}
