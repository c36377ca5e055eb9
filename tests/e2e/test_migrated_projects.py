"""What the migration leaves behind: tests that pass, stable, patchable, and byte for byte as it was elsewhere."""

from __future__ import annotations

import io
import tokenize
from collections import Counter
from pathlib import Path

from tests.e2e import running
from tests.e2e.conftest import Copies
from tests.e2e.projects import PROJECTS, Project

GENERATED = ("_pb2.py", "_pb2_grpc.py", "_pb2.pyi", "_connect.py")


def test_own_tests_pass(project: Project, copies: Copies) -> None:
    running.own_tests(project, copies.new(project))


def test_generated_grpc_modules_stay(project: Project, copies: Copies) -> None:
    old, new = running.tree(copies.old(project)), running.tree(copies.new(project))
    assert {name: new.get(name) for name in old if name.endswith(GENERATED)} == {
        name: content for name, content in old.items() if name.endswith(GENERATED)
    }
    assert any(name.endswith("_connect.py") for name in new)


def test_second_migrate_changes_nothing(project: Project, copies: Copies) -> None:
    new = copies.new(project)
    before = running.tree(new)
    again = running.migrate(new)
    assert again.returncode == 0, running.said(again)
    assert running.tree(new) == before
    diff = running.tool("diff", "--runtime", "vendor", str(new), cwd=new)
    assert (diff.returncode, diff.stdout) == (0, b""), running.said(diff)


def test_diff_applied_equals_migrate(project: Project, copies: Copies, tmp_path: Path) -> None:
    folder = running.copy(project, tmp_path / project.name)
    running.commit_all(folder)
    before = running.tree(folder)
    diff = running.tool("diff", "--runtime", "vendor", str(folder), cwd=folder)
    assert diff.returncode == 1, running.said(diff)
    assert running.tree(folder) == before
    assert running.git(folder, "status", "--porcelain", "--ignored").stdout == b""
    applied = running.git(folder, "apply", "-", data=diff.stdout)
    assert applied.returncode == 0, running.said(applied)
    assert running.tree(folder) == running.tree(copies.new(project))


def test_form_of_files_is_kept(project: Project, copies: Copies) -> None:
    old, new = running.tree(copies.old(project)), running.tree(copies.new(project))
    for name, before in old.items():
        after = new[name]
        if name.endswith(".py"):
            assert form(after) == form(before), name
        if name.endswith(".py") and not name.endswith(GENERATED):
            lost = Counter(comments(before)) - Counter(comments(after))
            assert not lost, f"{name}: lost {sorted(lost)}"


def form(content: bytes) -> dict[str, object]:
    """What is no code: encoding, newlines, tabs, the end of the file."""
    lines = content.splitlines(keepends=True)
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    content.decode(encoding)
    return {
        "BOM": content.startswith(b"\xef\xbb\xbf"),
        "encoding": encoding,
        "newlines": {b"\r\n" if line.endswith(b"\r\n") else b"\n" for line in lines if line.endswith(b"\n")},
        "newline at the end": content.endswith(b"\n"),
        "indentation": {line[:1] for line in lines if line[:1] in b" \t" and line.strip()},
    }


def comments(content: bytes) -> list[str]:
    tokens = tokenize.tokenize(io.BytesIO(content).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


def test_words_in_latin_1_are_kept(copies: Copies) -> None:
    accounts = next(project for project in PROJECTS if project.name == "accounts_aio")
    content = (copies.new(accounts) / "accounts" / "service.py").read_bytes()
    assert "Für Bücher in alter Kodierung".encode("latin-1") in content
    assert 'NO_ACCOUNT = "kein Konto für %s"'.encode("latin-1") in content


def test_runtime_is_there_once(project: Project, copies: Copies) -> None:
    """Two copies on one path would be two `Abort` classes, of which neither is the other."""
    found = [path for path in running.tree(copies.new(project)) if path.endswith("grpc2connect_runtime/__init__.py")]
    assert len(found) == 1
