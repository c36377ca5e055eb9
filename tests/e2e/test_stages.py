"""One side after the other: the old other side goes on working, and both steps make what `migrate` makes in one go."""

from __future__ import annotations

from pathlib import Path

import pytest

from grpc2connect.engine import run
from grpc2connect.options import Options, Stage
from grpc2connect.results import RunResult, State
from tests.e2e import running
from tests.e2e.conftest import Copies
from tests.e2e.projects import PROJECTS, Project

BY_NAME = {project.name: project for project in PROJECTS}


def step(folder: Path, stage: Stage) -> RunResult:
    result = run(Options(folder, (folder,), stage=stage))
    assert result.audit.holds, result.audit
    assert not result.errors, result.errors
    for change in result.changes:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        change.path.write_bytes(change.after)
    return result


def texts(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in running.tree(folder).items() if name.endswith(".py")}


def waiting(result: RunResult) -> set[str]:
    """The services of which the other side waits; nothing else of them may be left."""
    left = [entry for entry in result.ledger if entry.state is State.LEFT]
    assert all(entry.later for entry in left)
    assert {finding.severity.value for finding in result.findings if finding.code == "G2C016"} == {"note"}
    return {finding.unit for finding in result.findings if finding.code == "G2C016"}


@pytest.mark.parametrize("first", [Stage.SERVER, Stage.CLIENT])
def test_sync_sides_one_by_one(first: Stage, tmp_path: Path, copies: Copies) -> None:
    project = BY_NAME["hello_flat"]
    folder = running.copy(project, tmp_path / project.name)
    old = texts(folder)
    assert waiting(step(folder, first)) == {"hello.flat.Greeter"}
    servers = {"server.py", "aio_server.py"}
    clients = {"client.py", "aio_client.py", "scenario.py"}
    new = texts(folder)
    assert {name for name in old if new[name] != old[name]} == (servers if first is Stage.SERVER else clients)
    # So that the four ways of running old and new ends hold for this one as well.
    one_go = texts(copies.new(project))
    assert new == {name: one_go[name] if old.get(name) != new[name] else old[name] for name in new}
    assert step(folder, Stage.CLIENT if first is Stage.SERVER else Stage.SERVER).changes
    assert texts(folder) == one_go


def test_aio_sides_one_by_one(tmp_path: Path, copies: Copies) -> None:
    project: Project = BY_NAME["accounts_aio"]
    folder = running.copy(project, tmp_path / project.name)
    assert waiting(step(folder, Stage.SERVER)) == {"bank.accounts.v2.Accounts"}
    running.own_tests(project, folder)
    assert not [entry for entry in step(folder, Stage.CLIENT).ledger if entry.state is State.LEFT]
    assert texts(folder) == texts(copies.new(project))


@pytest.mark.parametrize("name", ["accounts_aio", "gateway_downstream"])
def test_clients_first_end_so_too(name: str, tmp_path: Path, copies: Copies) -> None:
    """Codes that clients and servers share are bridged while the servers stay, and no longer."""
    only = BY_NAME[name]
    folder = running.copy(only, tmp_path / name)
    waits = step(folder, Stage.CLIENT)
    assert waiting(waits)
    assert any(b"rpc_error(" in content for content in texts(folder).values())
    assert not [entry for entry in step(folder, Stage.SERVER).ledger if entry.state is State.LEFT]
    assert texts(folder) == texts(copies.new(only))


def test_after_all_has_moved_nothing_is_left(project: Project, copies: Copies) -> None:
    """What goes on as it is (an add-on's services, on servers that have moved) is bridged in later runs, too."""
    folder = copies.new(project)
    again = run(Options(folder, (folder,)))
    assert not again.changes
    assert not [entry for entry in again.ledger if entry.state is State.LEFT]
