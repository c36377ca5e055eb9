"""The rules' fixtures: where they are, and how one is migrated."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from grpc2connect.engine import run
from grpc2connect.options import Options, RuntimeMode
from grpc2connect.results import RunResult

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rules"
STUBS = FIXTURES / "_stubs"
UNTOUCHED = FIXTURES / "_untouched"


def golden() -> list[Path]:
    """The folders `<CODE>-<name>`, each with a `before` and an `after`."""
    return sorted(path for path in FIXTURES.iterdir() if path.is_dir() and not path.name.startswith("_"))


def code_of(folder: Path) -> str:
    """The rule that a fixture is for."""
    return folder.name.partition("-")[0]


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a tree: its path from the tree's top, and its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@dataclass
class Project:
    """A copy of a fixture and of the stubs that all fixtures share."""

    folder: Path
    own: frozenset[str]
    native: bool = False

    @classmethod
    def copied(cls, tree: Path, folder: Path) -> Project:
        """A fresh copy of a fixture's tree, with the stubs beside it."""
        shutil.copytree(STUBS, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(tree, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        return cls(folder, frozenset(files(tree)), "-native-" in tree.parent.name)

    def run(self) -> RunResult:
        """What a migration would change; writes nothing."""
        result = run(Options(self.folder, (self.folder,), runtime=RuntimeMode.PACKAGE, native=self.native))
        assert result.audit.holds, result.audit
        assert not result.errors, [str(error) for error in result.errors]
        return result

    def migrate(self) -> RunResult:
        """Run, and write what it would change."""
        result = self.run()
        for change in result.changes:
            change.path.parent.mkdir(parents=True, exist_ok=True)
            change.path.write_bytes(change.after)
        return result

    def theirs(self) -> dict[str, bytes]:
        """The files that the fixture brought, as they are now."""
        return {name: content for name, content in files(self.folder).items() if name in self.own}

    def findings(self, result: RunResult) -> list[str]:
        """What was reported, as `path:line CODE`, in order."""
        return sorted(
            f"{finding.place.path.relative_to(self.folder).as_posix()}:{finding.place.line} {finding.code}"
            for finding in result.findings
        )
