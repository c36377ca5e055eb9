"""`undo`: everything as it was, whatever a run did and whatever happened since."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from grpc2connect.journal import Writing, runs
from grpc2connect.results import FileChange
from tests.cli.conftest import Shell, git
from tests.cli.fakes import FakeEngine, addition, answer, edit
from tests.journal.killing import snapshot

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX modes, links and limits")


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without git, as the working directory."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    folder = tmp_path / "plain"
    (folder / "pkg").mkdir(parents=True)
    for name in ("server.py", "client.py", "pkg/größe.py"):
        (folder / name).write_bytes(b"\xef\xbb\xbfimport grpc\r\n")
    monkeypatch.chdir(folder)
    return folder


def changes(folder: Path) -> list[FileChange]:
    edits = [edit(folder / name) for name in ("server.py", "client.py", "pkg/größe.py")]
    return [*edits, addition(folder / "gen" / "deep" / "x_connect.py", "helloworld.Greeter"), addition(folder / "r.py")]


@posix
def test_everything_is_as_it_was(plain: Path, engine: FakeEngine, shell: Shell) -> None:
    (plain / "server.py").chmod(0o755)
    (plain / "client.py").chmod(0o444)
    before = snapshot(plain)
    engine.answer = answer(*changes(plain))
    assert shell("migrate", "--allow-no-vcs").code == 0
    assert snapshot(plain) != before
    (plain / "gen" / "deep" / "__pycache__").mkdir()
    (plain / "gen" / "deep" / "__pycache__" / "x_connect.cpython-311.pyc").write_bytes(b"bytecode")
    outcome = shell("undo", "pkg")
    assert outcome.code == 0
    assert snapshot(plain) == before
    assert outcome.out.splitlines()[-1].endswith(": 3 files restored, 2 removed")
    outcome = shell("undo")
    assert outcome.code == 2
    assert "there is nothing to undo" in outcome.err


def test_several_runs_from_a_folder_below(
    project: Path, engine: FakeEngine, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "below").mkdir()
    states = [snapshot(project / "..")]
    for name in ("server.py", "client.py"):
        engine.answer = answer(edit(project / name))
        assert shell("migrate", "--allow-dirty").code == 0
        states.append(snapshot(project / ".."))
    monkeypatch.chdir(project / "below")
    listed = shell("undo", "--list").out.splitlines()
    assert [line.partition(" migrate: ")[2] for line in listed] == ["1 file", "1 file"]
    for state in reversed(states[:-1]):
        assert shell("undo").code == 0
        now = snapshot(project / "..")
        assert {name: one for name, one in now.items() if name.endswith(".py")} == {
            name: one for name, one in state.items() if name.endswith(".py")
        }


def test_generate_is_undone_too(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(addition(project / "x_connect.py"))
    shell("generate")
    assert shell("undo").out.startswith("removed x_connect.py\nundid the generate of ")
    assert not (project / "x_connect.py").exists()


@posix
def test_what_a_run_deletes_comes_back(project: Path, engine: FakeEngine, shell: Shell) -> None:
    (project / "plain.py").chmod(0o755)
    for name, value in (("user.name", "t"), ("user.email", "t@example.invalid")):
        git(project, "config", name, value)
    git(project, "commit", "-qam", "a script")
    gone = FileChange(project / "plain.py", b"x = 1\n", b"", deletes=True)
    for options in ([], ["--commit-per", "all"]):
        engine.answer = answer(edit(project / "server.py"), gone)
        assert shell("migrate", *options).code == 0
        assert not (project / "plain.py").exists()
        assert shell("undo").code == 0
        assert (project / "plain.py").read_bytes() == b"x = 1\n"
        assert stat.S_IMODE((project / "plain.py").stat().st_mode) == 0o755
    told = subprocess.run(["git", "log", "-2", "--format=%s"], cwd=project, capture_output=True, text=True, timeout=60)
    assert told.stdout.splitlines()[0] == "Delete what nothing uses any more"


@pytest.mark.parametrize("how", ["edited", "removed", "mode"])
def test_what_changed_since_is_named_and_kept(plain: Path, engine: FakeEngine, shell: Shell, how: str) -> None:
    before = snapshot(plain)
    engine.answer = answer(*changes(plain))
    shell("migrate", "--allow-no-vcs")
    server = plain / "server.py"
    if how == "edited":
        server.write_bytes(b"mine\n")
    elif how == "removed":
        server.unlink()
    elif os.name == "posix":
        server.chmod(0o700)
    now = snapshot(plain)
    outcome = shell("undo")
    assert outcome.code == 2
    assert outcome.err.startswith("server.py: has changed since the migrate of ")
    assert snapshot(plain) == now
    outcome = shell("undo", "--force")
    assert outcome.code == 0
    assert snapshot(plain) == before
    if how == "edited":
        (line,) = [line for line in outcome.out.splitlines() if line.startswith("kept what server.py was as ")]
        copy = Path(line.removeprefix("kept what server.py was as "))
        assert copy.read_bytes() == b"mine\n"
        assert not copy.is_relative_to(plain)


@posix
def test_links_stay_links(plain: Path, engine: FakeEngine, shell: Shell) -> None:
    (plain / "real").mkdir()
    (plain / "server.py").rename(plain / "real" / "s.py")
    (plain / "server.py").symlink_to("real/s.py")
    engine.answer = answer(edit(plain / "server.py"))
    shell("migrate", "--allow-no-vcs")
    assert (plain / "real" / "s.py").read_bytes().endswith(b"import connect\r\n")
    assert shell("undo").code == 0
    assert (plain / "server.py").is_symlink()
    assert (plain / "real" / "s.py").read_bytes() == b"\xef\xbb\xbfimport grpc\r\n"


def interrupt(plain: Path, engine: FakeEngine, shell: Shell) -> None:
    """A run that has written one of its files and no more."""
    engine.answer = answer(*changes(plain))
    shell("migrate", "--allow-no-vcs")
    (run,) = runs(plain)
    log = run.home / "log"
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[0])
    (plain / "client.py").write_bytes(b"\xef\xbb\xbfimport grpc\r\n")
    (plain / "r.py").unlink()
    (plain / ".grpc2connect-x.tmp").write_bytes(b"half")


def test_the_next_command_says_that_one_was_interrupted(plain: Path, engine: FakeEngine, shell: Shell) -> None:
    before = snapshot(plain)
    interrupt(plain, engine, shell)
    engine.answer = answer()
    for command in ("diff", "check", "report"):
        err = shell(command).err
        assert (
            "was interrupted: 3 of its 5 files are written; grpc2connect undo takes it back, migrate finishes it" in err
        )
    assert shell("undo", "--list").out.endswith(": 5 files, interrupted\n")
    assert shell("undo").code == 0
    assert snapshot(plain) == before
    assert shell("diff").err.count("interrupted") == 0


def test_migrate_finishes_what_was_interrupted(plain: Path, engine: FakeEngine, shell: Shell) -> None:
    before = snapshot(plain)
    engine.answer = answer(*changes(plain))
    shell("migrate", "--allow-no-vcs")
    after = snapshot(plain)
    shell("undo")
    interrupt(plain, engine, shell)
    asked = len(engine.asked)
    outcome = shell("migrate")
    assert (outcome.code, len(engine.asked)) == (0, asked)
    assert "finished the migrate of " in outcome.out
    assert snapshot(plain) == after
    assert shell("undo").code == 0
    assert snapshot(plain) == before


def test_an_interrupted_run_is_not_finished_over_edits(plain: Path, engine: FakeEngine, shell: Shell) -> None:
    interrupt(plain, engine, shell)
    (plain / "client.py").write_bytes(b"mine\n")
    now = snapshot(plain)
    outcome = shell("migrate")
    assert outcome.code == 2
    assert "client.py changed since; grpc2connect undo --force" in outcome.err
    assert snapshot(plain) == now


@posix
def test_a_run_that_is_at_work_is_not_interrupted(plain: Path, engine: FakeEngine, shell: Shell) -> None:
    interrupt(plain, engine, shell)
    (run,) = runs(plain)
    at_work = Writing(run.home)
    try:
        assert "interrupted" not in shell("diff").err
        outcome = shell("undo")
        assert (outcome.code, "another process is writing" in outcome.err) == (2, True)
    finally:
        at_work.close()


def test_commits_stay(project: Path, engine: FakeEngine, shell: Shell) -> None:
    for name, value in (("user.name", "t"), ("user.email", "t@example.invalid")):
        git(project, "config", name, value)
    engine.answer = answer(edit(project / "server.py"))
    assert shell("migrate", "--commit-per", "all").code == 0
    outcome = shell("undo")
    assert outcome.code == 0
    assert (project / "server.py").read_bytes() == b"import grpc\r\n"
    assert "its 1 commit (" in outcome.err and "git reset " in outcome.err


@posix
def test_nothing_is_written_without_a_record(plain: Path, engine: FakeEngine, tmp_path: Path) -> None:
    """The disk is full: a real limit on the size of files, in a process of its own."""
    before = snapshot(plain)
    (plain / "big.py").write_bytes(os.urandom(60_000))
    program = """
import resource, sys
from pathlib import Path
from grpc2connect.cli import run
from tests.cli.fakes import FakeEngine, answer, edit
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
engine = FakeEngine(answer(edit(Path("server.py").absolute()), edit(Path("big.py").absolute())))
sys.exit(run(["migrate", "--allow-no-vcs"], engine))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "cannot be written: File too large; name another folder in G2C_STATE_DIR" in done.stderr
    (plain / "big.py").unlink()
    assert snapshot(plain) == before
    assert runs(plain) == []


@posix
def test_a_record_is_for_its_owner_and_reads_without_the_tool(plain: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(plain / "server.py"))
    shell("migrate", "--allow-no-vcs")
    (run,) = runs(plain)
    assert stat.S_IMODE(run.home.stat().st_mode) == 0o700
    import zipfile

    with zipfile.ZipFile(run.home / "run.zip") as archive:
        (saved,) = json.loads(archive.read("run.json"))["files"]
        assert archive.read(f"content/{saved['before']}") == b"\xef\xbb\xbfimport grpc\r\n"


def test_a_runtime_is_one_line(plain: Path, engine: FakeEngine, shell: Shell) -> None:
    inside = [addition(plain / "pkg" / "grpc2connect_runtime" / name) for name in ("__init__.py", "a.py", "b.py")]
    engine.answer = answer(edit(plain / "server.py"), *inside)
    lines = shell("migrate", "--allow-no-vcs").out.splitlines()
    assert lines[:2] == ["wrote server.py", "wrote pkg/grpc2connect_runtime/ (3 files)"]
    lines = shell("undo").out.splitlines()
    assert lines[:2] == ["restored server.py", "removed pkg/grpc2connect_runtime/ (3 files)"]
    assert shell("undo", "--list").err == f"no run is on record for {plain}\n"
