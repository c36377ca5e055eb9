"""Bad input costs one clear line and the right exit code; the other files are done and nothing is lost."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e import running
from tests.e2e.projects import PROJECTS

HELLO = next(project for project in PROJECTS if project.name == "hello_flat")
REWRITTEN = ("server.py", "aio_server.py", "client.py", "aio_client.py")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """hello_flat in a clean repository."""
    folder = running.copy(HELLO, tmp_path / "project")
    running.commit_all(folder)
    return folder


def commit(folder: Path) -> None:
    for arguments in (["add", "-A", "-f"], ["commit", "-q", "-m", "more"]):
        done = running.git(folder, *arguments)
        assert done.returncode == 0, running.said(done)


def lines_about(done: subprocess.CompletedProcess[bytes], name: str) -> list[str]:
    """The lines of either stream that name a file, but for those that say it was written."""
    assert b"Traceback" not in done.stderr + done.stdout, running.said(done)
    lines = (done.stderr + done.stdout).decode().splitlines()
    return [line for line in lines if name in line and not line.startswith("wrote ")]


def assert_others_done(folder: Path, before: dict[str, bytes], *names: str) -> None:
    after = running.tree(folder)
    assert set(before) <= set(after), "a file is gone"
    for name in names:
        assert after[name] != before[name], f"{name} was not migrated"
        compile(after[name], name, "exec")


def test_codes_of_a_clean_run(folder: Path) -> None:
    assert running.tool("diff", cwd=folder).returncode == 1
    migrated = running.tool("migrate", cwd=folder)
    assert migrated.returncode == 0, running.said(migrated)
    assert running.tool("diff", cwd=folder).returncode == 0


def test_syntax_error(folder: Path) -> None:
    broken = folder / "notes.py"
    broken.write_bytes(b"import grpc\r\n\r\ndef half(:\r\n    pass")
    commit(folder)
    before = running.tree(folder)
    dry = running.tool("diff", cwd=folder)
    assert dry.returncode == 3, running.said(dry)
    assert b"diff --git a/server.py b/server.py" in dry.stdout
    assert running.tree(folder) == before
    done = running.tool("migrate", cwd=folder)
    assert done.returncode == 3, running.said(done)
    said = lines_about(done, "notes.py")
    assert len(said) == 1, running.said(done)
    assert "line 3" in said[0]
    assert running.tree(folder)["notes.py"] == before["notes.py"]
    assert_others_done(folder, before, *REWRITTEN)


def test_syntax_error_in_a_file_that_names_the_service(folder: Path) -> None:
    """Nobody can tell what such a file does with the service, so all that belongs to the service stays."""
    (folder / "broken_client.py").write_bytes(b"import greeting_pb2_grpc\nstub = greeting_pb2_grpc.GreeterStub(\n")
    commit(folder)
    before = running.tree(folder)
    done = running.tool("migrate", cwd=folder)
    assert done.returncode == 3, running.said(done)
    assert [line for line in lines_about(done, "broken_client.py") if "G2C002" in line], running.said(done)
    after = running.tree(folder)
    # Whatever was decided, it was decided for the service as a whole.
    assert len({after[name] == before[name] for name in ("server.py", "aio_server.py")}) == 1
    assert after["broken_client.py"] == before["broken_client.py"]
    running.own_tests(HELLO, folder)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"import grpc\nname = '\xe9'\n", id="neither UTF-8 nor declared"),
        pytest.param(b"# coding: klingon-8\nimport grpc\n", id="unknown encoding"),
        pytest.param(b"import grpc\n\x00\n", id="a null byte"),
    ],
)
def test_undecodable_file(folder: Path, content: bytes) -> None:
    (folder / "legacy.py").write_bytes(content)
    commit(folder)
    before = running.tree(folder)
    done = running.tool("migrate", cwd=folder)
    assert done.returncode == 3, running.said(done)
    assert len(lines_about(done, "legacy.py")) == 1, running.said(done)
    assert running.tree(folder)["legacy.py"] == content
    assert_others_done(folder, before, *REWRITTEN)


def test_unreadable_file(folder: Path) -> None:
    secret = folder / "secret.py"
    secret.write_bytes(b"import grpc\n")
    commit(folder)
    before = running.tree(folder)
    secret.chmod(0)
    try:
        if os.access(secret, os.R_OK):
            pytest.skip("this user may read everything")
        done = running.tool("migrate", cwd=folder)
    finally:
        secret.chmod(0o644)
    # git may see the changed mode as an edit; then nothing is done at all.
    assert done.returncode in (2, 3), running.said(done)
    assert len(lines_about(done, "secret.py")) == 1, running.said(done)
    if done.returncode == 3:
        assert_others_done(folder, before, *REWRITTEN)


def test_dangling_link(folder: Path) -> None:
    """The unreadable file that even root cannot read."""
    link = folder / "gone.py"
    try:
        link.symlink_to(folder / "nowhere.py")
    except OSError:
        pytest.skip("no symbolic links here")
    commit(folder)
    before = running.tree(folder)
    done = running.tool("migrate", cwd=folder)
    assert done.returncode in (0, 3), running.said(done)
    assert len(lines_about(done, "gone.py")) == (1 if done.returncode else 0), running.said(done)
    assert link.is_symlink()
    assert_others_done(folder, before, *REWRITTEN)


def test_folder_named_like_a_module(folder: Path) -> None:
    (folder / "odd.py").mkdir()
    (folder / "odd.py" / "inner.txt").write_text("grpc")
    commit(folder)
    before = running.tree(folder)
    done = running.tool("migrate", cwd=folder)
    assert done.returncode == 0, running.said(done)
    assert_others_done(folder, before, *REWRITTEN)


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        pytest.param("half.proto", 'syntax = "proto3";\nservice Half {\n  rpc Do(\n', "half.proto", id="broken"),
        pytest.param(
            "orphan.proto",
            'syntax = "proto3";\nimport "elsewhere/base.proto";\nmessage Orphan { elsewhere.Base base = 1; }\n'
            "service Orphans { rpc Get(Orphan) returns (Orphan); }\n",
            "elsewhere/base.proto",
            id="missing import",
        ),
    ],
)
def test_bad_proto(folder: Path, name: str, text: str, word: str) -> None:
    (folder / name).write_text(text)
    commit(folder)
    before = running.tree(folder)
    done = running.tool("migrate", cwd=folder)
    assert done.returncode == 3, running.said(done)
    said = lines_about(done, name)
    assert len(said) == 1, running.said(done)
    assert word in said[0]
    assert running.tree(folder)[name] == before[name]
    assert_others_done(folder, before, *REWRITTEN)


def test_the_service_s_own_proto_is_broken(folder: Path) -> None:
    """The checked-in modules say the same, so the work goes on with those."""
    (folder / "greeting.proto").write_text('syntax = "proto3";\nservice {\n')
    commit(folder)
    before = running.tree(folder)
    done = running.tool("migrate", cwd=folder)
    assert done.returncode == 3, running.said(done)
    assert len(lines_about(done, "greeting.proto")) == 1, running.said(done)
    assert_others_done(folder, before, *REWRITTEN)
    running.own_tests(HELLO, folder)


@pytest.mark.parametrize("state", ["edited", "untracked", "staged"])
def test_dirty_tree(folder: Path, state: str) -> None:
    if state == "untracked":
        (folder / "new.py").write_bytes(b"import grpc\n")
    else:
        (folder / "server.py").write_bytes((folder / "server.py").read_bytes() + b"# mine\n")
    if state == "staged":
        assert running.git(folder, "add", "-A").returncode == 0
    before = running.tree(folder)
    done = running.tool("migrate", cwd=folder)
    assert done.returncode == 2, running.said(done)
    said = done.stderr.decode().splitlines()
    assert len(said) == 1, running.said(done)
    assert "--allow-dirty" in said[0]
    assert running.tree(folder) == before
    allowed = running.tool("migrate", "--allow-dirty", cwd=folder)
    assert allowed.returncode == 0, running.said(allowed)
    if state != "untracked":
        assert (folder / "server.py").read_bytes().endswith(b"# mine\n")


def test_no_repository(tmp_path: Path) -> None:
    folder = running.copy(HELLO, tmp_path / "project")
    before = running.tree(folder)
    done = running.tool("migrate", cwd=folder)
    assert done.returncode == 2, running.said(done)
    assert len(done.stderr.decode().splitlines()) == 1, running.said(done)
    assert running.tree(folder) == before


def test_no_such_path(folder: Path) -> None:
    done = running.tool("migrate", "nowhere", cwd=folder)
    assert done.returncode == 2, running.said(done)
    assert "nowhere" in done.stderr.decode()


def test_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_bytes(b"print('no RPC here')\n")
    running.commit_all(tmp_path)
    for command in ("diff", "migrate"):
        done = running.tool(command, cwd=tmp_path)
        assert done.returncode == 0, running.said(done)
    assert running.git(tmp_path, "status", "--porcelain", "--ignored").stdout == b""
