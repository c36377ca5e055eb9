"""The project of `fixtures/deployment`: analysed once, completed with whatever settings a test has."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from grpc2connect.engine import analyse
from grpc2connect.options import Options, RuntimeMode
from grpc2connect.project.deployment import deploy
from grpc2connect.results import RunResult

FIXTURE = Path(__file__).parents[2] / "fixtures" / "deployment"
STUBS = Path(__file__).parents[2] / "fixtures" / "projects" / "hello_flat"
PROGRAMS = ("greeting", "front")


@dataclass(frozen=True)
class Project:
    """A copy of the fixture, and what the engine says of its code."""

    folder: Path
    analysed: RunResult

    @classmethod
    def copied(cls, folder: Path) -> Project:
        """A fresh copy, with the greeting's stubs beside both programs."""
        shutil.copytree(FIXTURE / "project", folder, dirs_exist_ok=True)
        for program in PROGRAMS:
            for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
                shutil.copy(STUBS / name, folder / program)
        return cls(folder, analyse(cls.options(folder)))

    @staticmethod
    def options(folder: Path, **settings: object) -> Options:
        """The settings of a run on the whole folder."""
        wanted = {"runtime": RuntimeMode.PACKAGE, "project": folder, **settings}
        return Options(folder, (folder,), **wanted)  # type: ignore[arg-type]

    def moved(self, folder: Path) -> Project:
        """The same project in another folder."""
        ledger = tuple(
            replace(entry, place=replace(entry.place, path=folder / entry.place.path.relative_to(self.folder)))
            for entry in self.analysed.ledger
        )
        return Project(folder, replace(self.analysed, root=folder, ledger=ledger, changes=()))

    def deployed(self, **settings: object) -> RunResult:
        """What is added to the code's own result."""
        return self.after(replace(self.analysed, changes=(), findings=(), errors=()), **settings)

    def after(self, result: RunResult, **settings: object) -> RunResult:
        """What is added to another result."""
        return deploy(result, self.options(self.folder, **settings))

    def places(self, result: RunResult) -> list[str]:
        """The ledger's and the findings' lines, by place."""
        entries = [
            (entry.place, f"{entry.code} {entry.state.value} {entry.kind}: {entry.text}")
            for entry in result.ledger[len(self.analysed.ledger) :]
        ]
        said = [(one.place, f"{one.code} {one.severity.value}: {one.message}; {one.advice}") for one in result.findings]
        lines = sorted([*entries, *said])
        return [f"{place.path.relative_to(self.folder).as_posix()}:{place.line} {text}" for place, text in lines]
