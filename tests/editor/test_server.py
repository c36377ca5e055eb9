"""The real server over its streams, on a copy of a project; what it offers is made by the test, as an editor does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editor.client import Editor
from tests.editor.conftest import Shell

HELLO = Path(__file__).parents[2] / "fixtures" / "projects" / "hello_flat"
ABLE = {
    "workspace": {
        "workspaceEdit": {
            "documentChanges": True,
            "resourceOperations": ["create", "rename", "delete"],
            "changeAnnotationSupport": {},
        }
    },
    "textDocument": {
        "hover": {"contentFormat": ["plaintext"]},
        "codeAction": {"resolveSupport": {"properties": ["edit"]}},
        "publishDiagnostics": {"versionSupport": True},
    },
}
HINT, INFORMATION, WARNING = 4, 3, 2


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hello").resolve() / "é p"  # editors write %20
    shutil.copytree(HELLO, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pyproject.toml").write_text('[tool.grpc2connect]\nruntime = "package"\n')
    return folder


@pytest.fixture(scope="module")
def editor(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    beside = tmp_path_factory.mktemp("beside")
    with open(beside / "complaints", "w+b") as complaints:
        editor = Editor(project, ABLE, beside / "cache", complaints)
        yield editor
        assert editor.close() == 0
        complaints.seek(0)
        assert complaints.read() == b""


def test_diagnostics_follow_what_is_typed(editor: Editor, project: Path) -> None:
    before = {path: path.read_bytes() for path in project.iterdir()}
    found = editor.open("client.py")
    assert editor.server["capabilities"]["textDocumentSync"]["openClose"]
    by_code = {one["code"]: one for one in found}
    assert by_code["G2C501"]["severity"] == HINT
    assert by_code["G2C501"]["codeDescription"]["href"].endswith("calls.md#g2c501-g2c502-g2c503")
    assert by_code["G2C401"]["severity"] == INFORMATION
    text = editor.texts[(project / "client.py").as_uri()]
    typed = text.replace('\t\tprint("one:"', '\t\t"\U0001f600é", stub.SayHello\x0c\n\t\tprint("one:"')
    new = [one for one in editor.type("client.py", typed) if one["range"]["start"]["line"] == 14]
    # A tab twice, then ["😀é", ] of which the face counts two.
    assert [(one["range"]["start"]["character"], one["range"]["end"]["character"]) for one in new] == [(9, 22)]
    assert len(editor.type("client.py", text)) == len(found)
    assert {path: path.read_bytes() for path in project.iterdir()} == before


def test_hover_says_what_explain_says(
    editor: Editor, project: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    said = shell("explain", "client.py:16").out
    place = {"textDocument": {"uri": (project / "client.py").as_uri()}, "position": {"line": 15, "character": 20}}
    hover = editor.ask("textDocument/hover", place)
    assert hover["contents"]["value"] == said.rstrip("\n")
    assert "because" in said and "outcome" in said
    assert hover["range"] == {"start": {"line": 15, "character": 15}, "end": {"line": 15, "character": 33}}


def test_a_move_is_what_migrate_writes(
    editor: Editor, project: Path, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = "# typed, not saved\n" + (project / "client.py").read_text()
    editor.type("client.py", typed)
    action = next(one for one in editor.actions("client.py", (16, 20)) if one["title"].startswith("Move hello.flat"))
    made = editor.make(editor.ask("codeAction/resolve", action)["edit"])
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    (tmp_path / "client.py").write_text(typed)
    before = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    monkeypatch.chdir(tmp_path)
    assert shell("migrate", "--allow-no-vcs").code == 0
    after = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    written = {path: data for path, data in after.items() if before.get(path) != data}
    assert {path.relative_to(project): text.encode() for path, text in made.items()} == written
    assert Path("greeting_connect.py") in written and Path("requirements.txt") in written


def test_a_comment_with_a_reason_silences(editor: Editor, project: Path) -> None:
    text = (project / "client.py").read_text()
    editor.type("client.py", text)
    action = next(one for one in editor.actions("client.py", (15, 20)) if one["title"].startswith("Ignore G2C501"))
    (typed,) = editor.make(action["edit"]).values()
    assert typed.splitlines()[15].endswith("times=3)):  # g2c: ignore[G2C501] ")
    told = {one["code"] for one in editor.type("client.py", typed) if one["range"]["start"]["line"] == 15}
    assert told == {"G2C501", "G2C020"}  # until there is a reason
    reasoned = typed.replace("ignore[G2C501] ", "ignore[G2C501] the example of the docs")
    assert not [one for one in editor.type("client.py", reasoned) if one["range"]["start"]["line"] == 15]


def test_a_code_is_explained_and_files_elsewhere_are_not_looked_at(editor: Editor, tmp_path: Path) -> None:
    said = editor.ask("workspace/executeCommand", {"command": "grpc2connect.explain", "arguments": ["G2C501"]})
    assert said.startswith("A call of a stub's method becomes")
    elsewhere = tmp_path / "client.py"
    item = {"uri": elsewhere.as_uri(), "languageId": "python", "version": 1, "text": "import grpc\ngrpc.server(None)\n"}
    editor.tell("textDocument/didOpen", {"textDocument": item})
    assert editor.actions(str(elsewhere), (1, 3)) == []
    assert not [one for one in editor.aside if one.get("params", {}).get("uri") == elsewhere.as_uri()]
