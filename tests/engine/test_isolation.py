"""A file that the parser, the stack or the clock cannot deal with costs that file, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from grpc2connect import isolation
from grpc2connect.engine import analyse
from grpc2connect.isolation import WorkerFailed
from grpc2connect.options import Options
from tests.programs.conftest import Program, program

__all__ = ["program"]

USE = "import grpc\n\nimport greeting_pb2_grpc\n\nstub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('a:1'))\n"
DEEP = {
    "sum": "x = " + " + ".join(["1"] * 90_000),
    "calls": "x = a" + ".b()" * 90_000,
    "minus": "x = " + "-" * 90_000 + "1",
    "elif": "if a:\n    pass\n" + "elif a:\n    pass\n" * 20_000,
    "parentheses": "x = " + "(" * 3_000 + "1" + ")" * 3_000,
}
WORKER = """
import os, pickle, sys, time
job = pickle.load(sys.stdin.buffer)
sink = os.fdopen(os.dup(1), "wb")
from grpc2connect.results import RunResult
from pathlib import Path
def send(*message):
    pickle.dump(message, sink)
    sink.flush()
for name in ("good.py", "bad.py"):
    path = job.options.root / name
    if path not in job.spared:
        send("at", path)
        if name == "bad.py":
            {harm}
        send("at", None)
send("result", RunResult(job.options.root, files_seen=len(job.spared)))
"""


def options(folder: Path) -> Options:
    return Options(folder, (folder,))


@pytest.mark.parametrize("kind", DEEP)
def test_too_deep(program: Program, kind: str) -> None:
    program.write("deep.py", "import grpc\n" + DEEP[kind] + "\ny = grpc.StatusCode.OK\n")
    program.write("fine.py", USE)
    result = isolation.run(options(program.folder))
    assert result.audit.holds
    assert {error.path.name for error in result.errors} <= {"deep.py"}
    assert [change.path.name for change in result.changes if change.before is not None][-1] == "fine.py"
    if kind in ("sum", "calls", "minus"):
        (error,) = result.errors
        assert error.code == "G2C014"
        assert "nested too deeply" in error.message


def test_two_thousand_terms_are_no_problem(program: Program) -> None:
    program.write("deep.py", USE + "x = " + " + ".join(["1"] * 2_000) + "\n")
    result = isolation.run(options(program.folder))
    assert result.errors == ()
    assert "deep.py" in {change.path.name for change in result.changes}


def test_as_in_this_process(program: Program) -> None:
    program.write("fine.py", USE)
    assert isolation.run(options(program.folder)) == analyse(options(program.folder))


@pytest.mark.parametrize(
    ("harm", "reason"),
    [("os.abort()", "ended the analysis"), ("os._exit(3)", "exit code 3"), ("time.sleep(60)", "took more than 1 s")],
)
def test_a_crash_and_a_hang_cost_the_file(tmp_path: Path, harm: str, reason: str) -> None:
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n" + WORKER.format(harm=harm)]
    result = isolation.run(options(tmp_path), file_seconds=1, command=command)
    assert result.files_seen == 1
    with isolation.Conversation(file_seconds=1, command=command) as conversation:
        outcome = conversation._attempt(isolation.Job(options(tmp_path), {}), None)
    assert isinstance(outcome, tuple)
    path, why = outcome
    assert path == tmp_path / "bad.py"
    assert reason in why


def test_what_is_of_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WorkerFailed, match="exit code 5"):
        isolation.run(options(tmp_path), command=[sys.executable, "-c", "import os; os._exit(5)"])


def test_no_module_of_the_project_is_imported(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pickle", "ast", "tokenize", "grpc2connect", "queue"):
        program.write(f"{name}.py", "raise SystemExit('the code of the project was run')\n")
    program.write("fine.py", USE)
    monkeypatch.chdir(program.folder)
    assert isolation.run(options(program.folder)).changes
