"""Every rule's fixture: what was before becomes what a person would have written, byte for byte, once."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.left import left
from tests.rules.projects import FIXTURES, UNTOUCHED, Project, code_of, files, golden

CASES = [pytest.param(folder, id=folder.name) for folder in golden()]
PUBLIC = ("connectrpc", "grpc2connect_runtime")


@pytest.mark.parametrize("folder", CASES)
def test_becomes_what_a_person_would_write(folder: Path, tmp_path: Path) -> None:
    project = Project.copied(folder / "before", tmp_path)
    result = project.migrate()
    wanted = files(folder / "after")
    found = project.theirs()
    assert sorted(found) == sorted(wanted)
    for name, content in wanted.items():
        assert found[name].split(b"\n") == content.split(b"\n"), name
    assert code_of(folder) in {entry.code for entry in result.ledger}, "the fixture does not reach its rule"
    reported = folder / "findings.txt"
    assert project.findings(result) == (reported.read_text("utf-8").splitlines() if reported.exists() else [])

    assert list(_missing(project.folder, wanted)) == [], "it imports what was not generated"

    again = project.run()
    assert [change.path.name for change in again.changes] == []
    assert left(again) == left(result), "what it wrote has another ledger"


def _missing(folder: Path, migrated: Mapping[str, bytes]) -> Iterator[str]:
    """The Connect modules that files import and that are nowhere."""
    there = [path.relative_to(folder).as_posix() for path in folder.rglob("*_connect.py")]
    for name, content in migrated.items():
        for node in ast.walk(ast.parse(content)) if name.endswith(".py") else ():
            dotted: list[str] = []
            if isinstance(node, ast.Import):
                dotted = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                dotted = [base, *(f"{base}.{alias.name}".lstrip(".") for alias in node.names)]
            for one in dotted:
                path = "/" + one.replace(".", "/") + ".py"
                package, _, last = one.rpartition(".")
                passes_on = migrated.get(f"{package.replace('.', '/')}/__init__.py", b"")
                found = last.encode() in passes_on or any(f"/{where}".endswith(path) for where in there)
                if last.endswith("_connect") and not found:
                    yield f"{name}: {one}"


@pytest.mark.parametrize("folder", CASES)
def test_what_is_imported_afterwards_exists(folder: Path) -> None:
    for name, content in files(folder / "after").items():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(content)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in PUBLIC:
                assert node.module is not None
                module = importlib.import_module(node.module)
                names = {alias.name for alias in node.names} - {"*"}
                missing = sorted(name for name in names if not hasattr(module, name))
                assert missing == [], f"{name}: {node.module} has no {missing}"


@pytest.mark.parametrize("folder", [pytest.param(path, id=path.name) for path in sorted(UNTOUCHED.iterdir())])
def test_what_only_looks_like_grpc_is_not_touched(folder: Path, tmp_path: Path) -> None:
    project = Project.copied(folder, tmp_path)
    before = files(tmp_path)
    result = project.migrate()
    assert files(tmp_path) == before
    assert [change.path.name for change in result.changes] == []


def test_every_fixture_is_whole() -> None:
    assert len(golden()) > 12
    for folder in golden():
        names = {path.name for path in folder.iterdir()}
        assert {"before", "after"} <= names <= {"before", "after", "findings.txt"}, folder
        assert files(folder / "before"), folder
        assert sorted(files(folder / "before")) == sorted(files(folder / "after")), folder
    assert FIXTURES.is_dir()
