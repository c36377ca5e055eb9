"""`migrate`: asks git first, writes in order, loses nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from grpc2connect.results import Audit, FileChange, Finding, Place
from tests.cli.conftest import Shell, git
from tests.cli.fakes import FakeEngine, addition, answer, edit

NEW = b"import connect\r\n"
OLD = b"import grpc\r\n"


def test_writes(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "server.py"), addition(project / "gen" / "x_connect.py"))
    outcome = shell("migrate")
    assert outcome.code == 0
    assert (project / "server.py").read_bytes() == NEW
    assert (project / "gen" / "x_connect.py").read_bytes() == b"# new\n"
    assert outcome.out.splitlines()[:2] == ["wrote server.py", "wrote gen/x_connect.py"]
    assert "2 files written" in outcome.out.splitlines()[-1]


@pytest.mark.parametrize("change", ["edited", "staged", "untracked"])
def test_refuses_a_dirty_tree_before_anything_else(
    project: Path, engine: FakeEngine, shell: Shell, change: str
) -> None:
    dirty = project / ("other.py" if change == "untracked" else "plain.py")
    dirty.write_bytes(b"mine\n")
    if change == "staged":
        git(project, "add", "plain.py")
    outcome = shell("migrate")
    assert outcome.code == 2
    assert f"edits that are not committed ({dirty.name}); commit or stash them, or pass --allow-dirty" in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert engine.asked == []
    assert shell("migrate", "--allow-dirty").code == 0


def test_edits_outside_the_given_paths_do_not_matter(project: Path, shell: Shell) -> None:
    (project / "plain.py").write_bytes(b"mine\n")
    (project / "service").mkdir()
    assert shell("migrate", "service").code == 0


def test_ignored_files_are_not_dirt(project: Path, shell: Shell) -> None:
    (project / ".gitignore").write_text("*.log\n")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "ignore")
    (project / "x.log").write_text("x")
    assert shell("migrate").code == 0


def test_refuses_a_folder_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: Shell) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    outcome = shell("migrate")
    assert outcome.code == 2
    assert "is not in a git repository; git init and commit, or pass --allow-no-vcs" in outcome.err
    assert shell("migrate", "--allow-no-vcs").code == 0


def test_failing_write_is_reported_and_other_services_go_on(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "server.py"), edit(project / "client.py", "other.Service"))
    engine.failing = frozenset({"server.py"})
    outcome = shell("migrate")
    assert outcome.code == 3
    assert "server.py: G2C010 cannot be written: Permission denied; retry\n" in outcome.err
    assert (project / "server.py").read_bytes() == OLD
    assert (project / "client.py").read_bytes() == NEW


def test_a_service_is_not_written_in_part(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "client.py"), edit(project / "server.py"))
    engine.failing = frozenset({"server.py"})
    assert shell("migrate").code == 3
    assert (project / "server.py").read_bytes() == (project / "client.py").read_bytes() == OLD


def test_nothing_moves_without_what_all_need(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "client.py"), addition(project / "runtime.py"))
    engine.failing = frozenset({"runtime.py"})
    assert shell("migrate").code == 3
    assert (project / "client.py").read_bytes() == OLD


def test_file_that_changed_meanwhile_is_left_alone(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "server.py"), addition(project / "new.py", "x.Other"))

    def edit_by_hand() -> None:
        (project / "server.py").write_bytes(b"by hand\n")
        (project / "new.py").write_bytes(b"by hand\n")

    engine.on_run = edit_by_hand
    outcome = shell("migrate")
    assert outcome.code == 3
    assert outcome.err.count("G2C010 has changed since it was read; run again") == 2
    assert (project / "server.py").read_bytes() == (project / "new.py").read_bytes() == b"by hand\n"


def test_writes_nothing_when_the_ledger_does_not_add_up(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = dataclasses.replace(answer(edit(project / "server.py")), audit=Audit(2, 1))
    outcome = shell("migrate")
    assert outcome.code == 4
    assert (project / "server.py").read_bytes() == OLD
    assert "nothing is written" in outcome.err


def test_hook_moves_a_service_only_as_a_whole(project: Path, engine: FakeEngine, shell: Shell) -> None:
    generated, runtime = project / "x_connect.py", project / "runtime.py"
    engine.answer = answer(
        edit(project / "server.py"),
        edit(project / "client.py"),
        addition(generated, "helloworld.Greeter"),
        addition(runtime),
    )
    outcome = shell("migrate", "server.py", "plain.py")
    assert outcome.code == 1
    assert "client.py: has to change together with the given files" in outcome.err
    assert (project / "server.py").read_bytes() == OLD
    assert not generated.exists() and not runtime.exists()

    outcome = shell("migrate", "server.py", "client.py")
    assert outcome.code == 0
    assert (project / "server.py").read_bytes() == (project / "client.py").read_bytes() == NEW
    assert generated.exists() and runtime.exists()


def test_hook_leaves_other_services_alone(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "server.py", "a.A"), edit(project / "client.py", "b.B"))
    assert shell("migrate", "server.py").code == 0
    assert (project / "client.py").read_bytes() == OLD


def test_hook_follows_services_through_shared_files(project: Path, engine: FakeEngine, shell: Shell) -> None:
    (project / "both.py").write_bytes(OLD)
    git(project, "add", "-A")
    engine.answer = answer(
        edit(project / "server.py", "a.A"), edit(project / "client.py", "b.B"), edit(project / "both.py", "a.A", "b.B")
    )
    outcome = shell("migrate", "server.py")
    assert outcome.code == 1
    assert "client.py: has to change" in outcome.err and "both.py: has to change" in outcome.err


def test_hook_accepts_what_is_staged_and_refuses_what_is_not(project: Path, shell: Shell) -> None:
    (project / "server.py").write_bytes(b"staged\n")
    git(project, "add", "server.py")
    assert shell("migrate", "server.py").code == 0
    (project / "server.py").write_bytes(b"and edited\n")
    outcome = shell("migrate", "server.py")
    assert outcome.code == 2
    assert "edits that are not staged (server.py)" in outcome.err


def test_generate_writes_without_asking_git(project: Path, engine: FakeEngine, shell: Shell) -> None:
    (project / "plain.py").write_bytes(b"mine\n")
    engine.answer = answer(addition(project / "x_connect.py"))
    assert shell("generate").code == 0
    assert (project / "x_connect.py").exists()


@pytest.mark.parametrize("stage", ["generate", "cleanup"])
def test_takes_one_step(project: Path, engine: FakeEngine, shell: Shell, stage: str) -> None:
    engine.answer = answer(FileChange(project / "server.py", OLD, b"", deletes=True))
    assert b"deleted file mode" in shell("diff", "--stage", stage).out.encode()
    outcome = shell("migrate", "--stage", stage)
    assert [options.stage.value for options in engine.asked] == [stage, stage]
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, "deleted server.py")
    assert not (project / "server.py").exists()
    assert "to run the result" not in outcome.err
    assert shell("migrate", "--stage", "server").code == 2


def test_says_that_python_is_too_old_before_it_writes(project: Path, engine: FakeEngine, shell: Shell) -> None:
    old = Finding("G2C921", Place(project / "setup.py", 3, 1), "it runs on Python 3.8", "raise it first")
    engine.answer = dataclasses.replace(answer(edit(project / "server.py")), findings=(old,))
    engine.failing = frozenset({"server.py"})
    assert shell("migrate").err.splitlines()[0] == "setup.py:3:1 G2C921 it runs on Python 3.8; raise it first"


def test_says_what_reflection_needs_beside_the_rest(project: Path, engine: FakeEngine, shell: Shell) -> None:
    assert "connectrpc-grpcreflect" not in shell("migrate", "--allow-dirty").err
    path = project / "server.py"
    engine.answer = answer(FileChange(path, path.read_bytes(), b"server.enable_reflection(NAMES)\n", ("greeter",)))
    assert "'connectrpc-grpcreflect'" in shell("migrate", "--allow-dirty").err
