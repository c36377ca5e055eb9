"""A program under test: a folder with the greeting stubs and the files that a test writes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from grpc2connect.engine import run
from grpc2connect.options import Options
from grpc2connect.results import RunResult

STUBS = Path(__file__).parents[2] / "fixtures" / "projects" / "hello_flat"


class Program:
    """A folder to migrate; `migrate` applies what a run would change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
            shutil.copy(STUBS / name, folder)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the program."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return path

    def run(self, **settings: object) -> RunResult:
        """What a migration would do."""
        return run(Options(self.folder, (self.folder,), **settings))  # type: ignore[arg-type]

    def migrate(self) -> RunResult:
        """Do it."""
        result = self.run()
        assert result.audit.holds, result.audit
        assert not result.errors, result.errors
        for change in result.changes:
            change.path.parent.mkdir(parents=True, exist_ok=True)
            change.path.write_bytes(change.after)
        return result

    def text(self, name: str) -> str:
        """A file's text as it is now."""
        return (self.folder / name).read_bytes().decode()


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


Check = Callable[[str, str], RunResult]


@pytest.fixture
def becomes(program: Program) -> Check:
    """Migrates one file and compares it; a second run must change nothing."""

    def check(before: str, after: str) -> RunResult:
        program.write("app.py", before)
        result = program.migrate()
        assert program.text("app.py") == after
        again = program.run()
        assert [change.path.name for change in again.changes] == []
        return result

    return check
