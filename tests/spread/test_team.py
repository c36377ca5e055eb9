"""Several processes find what one does, in the same order, and none of them is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grpc2connect import cache
from grpc2connect import config as configuration
from grpc2connect.engine import analyse
from grpc2connect.expendable import Expendable
from grpc2connect.isolation import run as isolated
from grpc2connect.options import Options
from grpc2connect.rules_api import Registry, load
from grpc2connect.spread import ALONE, Team, usable
from tests.programs.conftest import Program, program

__all__ = ["program"]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is one process where there is no fork")

USE = "import grpc\n\nimport greeting_pb2_grpc\n\nstub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('a:1'))\n"
TEXT = "import grpc\n\n\ndef code(error: 'grpc.RpcError') -> 'grpc.StatusCode':\n    return error.code()\n"
HERE = os.getpid()
ENDLESS = """
import os, sys, time
from pathlib import Path
from grpc2connect.spread import Team

def work(item):
    (Path(sys.argv[1]) / str(os.getpid())).touch()
    time.sleep(600)

Team(2).each([1, 2], work, path=lambda item: Path(str(item)), weight=lambda item: item, least=1)
"""


def each(team: Team, count: int, work: Callable[[int], object]) -> list[object]:
    return team.each(range(count), work, path=lambda item: Path(f"{item}.py"), weight=lambda item: 1, least=1)


def in_child(harm: Callable[[], object]) -> Callable[[int], int]:
    """Work that does harm at the item 3, unless it is done in this process."""

    def work(item: int) -> int:
        if item == 3 and os.getpid() != HERE:
            harm()
        return item

    return work


def test_in_order_and_elsewhere() -> None:
    found = each(Team(3), 2500, lambda item: (item, os.getpid()))
    assert [item for item, _ in found] == list(range(2500))  # type: ignore[misc]
    assert HERE not in {process for _, process in found}  # type: ignore[misc]
    assert {process for _, process in each(ALONE, 3, lambda item: (item, os.getpid()))} == {HERE}  # type: ignore[misc]


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (os.abort, "ended the analysis (exit code -6)"),
        (lambda: os._exit(3), "ended the analysis (exit code 3)"),
        (lambda: time.sleep(600), "took more than 1 s"),
    ],
)
def test_a_crash_and_a_hang_are_their_items(harm: Callable[[], object], reason: str) -> None:
    done: list[int] = []
    with pytest.raises(Expendable) as lost:
        Team(2, seconds=1).each(
            range(6),
            in_child(harm),
            path=lambda item: Path(f"{item}.py"),
            weight=lambda _: 1,
            least=1,
            done=done.append,
        )
    assert (lost.value.path, lost.value.reason) == (Path("3.py"), reason)
    assert max(done) >= 5  # the others were done all the same


def test_the_first_that_fails_is_told_as_by_one_process() -> None:
    def work(item: int) -> int:
        if item % 2:
            raise Expendable(Path(f"{item}.py"), "is odd")
        return item

    for team in (ALONE, Team(3)):
        with pytest.raises(Expendable, match=r"1\.py: is odd"):
            each(team, 9, work)


def test_a_process_that_is_killed_is_told_once_and_its_work_done_here() -> None:
    said: list[str] = []
    found = each(Team(2, say=said.append), 9, in_child(lambda: os.kill(os.getpid(), signal.SIGKILL)))
    assert found == list(range(9))
    (line,) = said
    assert "killed" in line and "memory" in line and "--jobs 1" in line


def test_what_cannot_be_sent_is_done_here() -> None:
    found = each(Team(2), 4, lambda item: lambda: item)
    assert [one() for one in found] == [0, 1, 2, 3]  # type: ignore[operator]


def test_what_is_open_here_closes_nothing_in_a_child(tmp_path: Path) -> None:
    """A file of this process's that is let go of late, by the garbage collector, may have had any number."""
    (tmp_path / "read").write_text("all of it")

    def work(item: int) -> str:
        assert os.getpid() != HERE
        with (tmp_path / "read").open() as read:
            for one in opened:
                one.close()
            return read.read()

    opened = [(tmp_path / str(number)).open("w") for number in range(50)]
    try:
        assert each(Team(2), 8, work) == ["all of it"] * 8
    finally:
        for one in opened:
            one.close()


def test_what_a_child_writes_to_files_of_this_process_goes_nowhere(tmp_path: Path) -> None:
    with (tmp_path / "told").open("w") as told:

        def work(item: int) -> int:
            told.write("at")
            told.flush()
            return item

        assert each(Team(2), 4, work) == [0, 1, 2, 3]
    assert (tmp_path / "told").read_text() == ""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_running(tmp_path: Path, ending: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(tmp_path)], stderr=subprocess.DEVNULL, start_new_session=True
    )
    assert soon(lambda: len(list(tmp_path.iterdir())) == 2)
    children = [int(path.name) for path in tmp_path.iterdir()]
    os.kill(parent.pid, ending)
    parent.wait(30)
    assert soon(lambda: not any(map(is_running, children)))


def soon(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")  # one that nobody has asked for its end is not running
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_small_runs_are_done_by_one() -> None:
    assert Team().workers([1000] * 20, 400_000) == 1
    assert Team().workers([400_000] * 20, 400_000) == min(usable(), 8)
    assert Team(5).workers([1] * 3, 400_000) == 3
    assert Team(1).workers([400_000] * 20, 400_000) == 1


@pytest.fixture
def several(program: Program) -> Iterator[Program]:
    for name in ("a.py", "b.py", "c/d.py"):
        program.write(name, USE)
    program.write("broken.py", "import grpc\n(")
    program.write("latin.py", "# -*- coding: latin-1 -*-\n" + USE)
    program.write("text.py", TEXT)
    program.write(
        "test_a.py",
        "from unittest import mock\n\nimport a\n\n\ndef test():\n    with mock.patch('a.stub'):\n        a.stub\n",
    )
    # What no import leads to is met where a file is looked at, which is in another process.
    program.write("other/plain.py", "import os\n")
    program.write(
        "test_b.py",
        "from unittest import mock\n\nimport a\n\n\ndef test(top):\n"
        "    with mock.patch(f'{top}other.plain.grpc'):\n        a.stub\n",
    )
    yield program


def options(program: Program, jobs: int | None = None) -> Options:
    return Options(program.folder, (program.folder,), jobs=jobs)


def test_results_are_the_same(several: Program) -> None:
    said: list[str] = []
    alone = analyse(options(several))
    assert alone.changes and alone.errors and alone.ledger
    for jobs in (2, 5):
        assert analyse(options(several), team=Team(jobs, say=said.append)) == alone
    through = isolated(options(several, jobs=2))
    assert replace(through, root=alone.root) == alone
    assert said == []
    assert cache.key(options(several, jobs=2)) == cache.key(options(several))


def test_a_file_that_ends_its_process_costs_that_file(several: Program) -> None:
    rules = load()

    def harmful(one: object) -> object:
        def function(reference: object) -> object:
            if reference.module.path.name == "b.py" and os.getpid() != HERE:  # type: ignore[attr-defined]
                os.abort()
            return one.function(reference)  # type: ignore[attr-defined]

        return replace(one, function=function)  # type: ignore[type-var]

    result = analyse(options(several), team=Team(2), rules=Registry([harmful(rule) for rule in rules.rules]))  # type: ignore[misc]
    assert ("b.py", "G2C014") in {(error.path.name, error.code) for error in result.errors}
    assert "ended the analysis (exit code -6)" in "".join(error.message for error in result.errors)
    assert result.audit.holds


def test_the_number_can_be_configured(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("[tool.grpc2connect]\njobs = 3\n")
    found = configuration.load(path)
    assert found is not None and found.jobs == 3
    path.write_text("[tool.grpc2connect]\njobs = 0\n")
    with pytest.raises(configuration.ConfigError, match=r"jobs .* must be a number of processes"):
        configuration.load(path)
