"""A second run is the first one remembered, as long as nothing that it depends on has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grpc2connect import cache, isolation
from grpc2connect.cli.engine import InstalledEngine
from grpc2connect.options import Options, RuntimeMode
from grpc2connect.results import RunResult
from tests.programs.conftest import Program, program

__all__ = ["program"]

USE = "import grpc\n\nimport greeting_pb2_grpc\n\nstub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('a:1'))\n"


@pytest.fixture
def runs(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """The runs that were made, and not remembered."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path_factory.mktemp("cache")))
    made: list[Options] = []
    real = isolation.run

    def run(options: Options, progress: object = None, parts: Path | None = None) -> RunResult:
        made.append(options)
        return real(options)

    monkeypatch.setattr(isolation, "run", run)
    return made


def ask(program: Program, **settings: object) -> RunResult:
    return InstalledEngine().run(replace(Options(program.folder, (program.folder,)), **settings))  # type: ignore[arg-type]


def test_a_second_run_is_remembered(program: Program, runs: list[Options]) -> None:
    program.write("app.py", USE)
    first = ask(program)
    assert first.changes
    assert ask(program) == first
    assert len(runs) == 1


def test_whatever_changes_is_seen(program: Program, runs: list[Options]) -> None:
    program.write("app.py", USE)
    seen = [ask(program)]
    program.write("app.py", USE + "# more\n")
    seen.append(ask(program))
    program.write("other.py", "x = 1\n")
    seen.append(ask(program))
    seen.append(ask(program, runtime=RuntimeMode.PACKAGE))
    (program.folder / "greeting_connect.py").write_text("# by hand\n")
    seen.append(ask(program, runtime=RuntimeMode.PACKAGE))
    program.write("requirements.txt", "other\n")  # by which an import is a library's
    seen.append(ask(program, runtime=RuntimeMode.PACKAGE))
    assert len(runs) == len(seen) == 6


def test_what_is_in_the_way_of_a_change_is_seen(program: Program, runs: list[Options]) -> None:
    program.write("app.py", USE)
    first = ask(program)
    runtime = next(change for change in first.changes if change.path.name == "py.typed")
    runtime.path.parent.mkdir()
    runtime.path.write_text("by hand")
    assert ask(program) != first
    assert len(runs) == 2


def test_requirements_are_looked_at_each_time(program: Program, runs: list[Options]) -> None:
    program.write("app.py", USE)
    ask(program)
    program.write("requirements.txt", "grpcio\n")
    assert "requirements.txt" in {change.path.name for change in ask(program).changes}
    assert len(runs) == 2  # what is required says which modules are a library's


def test_what_is_broken_is_made_again(program: Program, runs: list[Options]) -> None:
    program.write("app.py", USE)
    first = ask(program)
    home = cache.folder()
    assert home is not None
    for path in home.iterdir():
        path.write_bytes(b"nonsense")
    assert ask(program) == first
    assert len(runs) == 2


def test_only_the_latest_are_kept(program: Program, runs: list[Options], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "KEPT", 2)
    for number in range(4):
        program.write("app.py", f"x = {number}\n")
        ask(program)
    home = cache.folder()
    assert home is not None and len(list(home.iterdir())) == 2


def test_a_folder_that_cannot_be_written_is_no_error(
    program: Program, runs: list[Options], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file" / "below"))
    program.write("app.py", USE)
    assert ask(program) == ask(program)
    assert len(runs) == 2
