"""A program under test: a folder with the greeting stubs and the files that a test writes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from grpc2connect.engine import run
from grpc2connect.options import Options
from grpc2connect.results import RunResult, State

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


Files = dict[str, str]


def check_form(program: Program, files: Files, wanted: Files, *, passed_on: bool = False) -> RunResult:
    """Migrates files; every reference must end native or bridged, and the wanted lines must stand in the files.

    `files` and `wanted` are texts by file name; the files must compile, and a second run must change nothing.
    With `passed_on`, imports that pass generated names on, or take all of them, may stay.
    """
    for name, text in files.items():
        program.write(name, text)
    result = program.migrate()
    left = [
        (entry.place, entry.code, entry.text, entry.why)
        for entry in result.ledger
        if entry.state is State.LEFT and not (passed_on and entry.kind == "Import")
    ]
    assert left == [], "\n".join(map(str, left))
    assert result.changes
    for name, lines in wanted.items():
        text = program.text(name)
        missing = [line for line in lines.splitlines() if line.strip() and line not in text.splitlines()]
        assert missing == [], f"{missing}\n{text}"
    for name in files:
        text = program.text(name)
        compile(text, name, "exec")
        assert "SayHello" not in text.replace('"SayHello"', ""), text
        assert passed_on or "_pb2_grpc" not in text, text
    assert program.run().changes == ()
    return result


def check_stays(program: Program, files: Files, code: str) -> RunResult:
    """Migrates files; none may change, and a finding with the code must say why."""
    for name, text in files.items():
        program.write(name, text)
    result = program.migrate()
    assert {name: program.text(name) for name in files} == files
    assert code in {finding.code for finding in result.findings}, result.findings
    return result
