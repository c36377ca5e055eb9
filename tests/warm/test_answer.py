"""The short way of the hook: fine only where the long way would say so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grpc2connect import cache
from grpc2connect.cli import run
from grpc2connect.warm.answer import fine, home
from tests.cli.conftest import git

GATEWAY = Path(__file__).parents[2] / "fixtures" / "projects" / "gateway_downstream"
OPTIONS = ["--baseline", "base.txt"]
CELLS = '{"cells": [{"cell_type": "code", "source": [\n"import grpc\\n",\n"c = grpc.insecure_channel(1)"\n%s]}]}'


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a baseline, whose last check is remembered."""
    scratch = tmp_path_factory.mktemp("warm")
    folder = scratch / "project"
    shutil.copytree(GATEWAY, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "shop" / "words.py").write_text("def words(channel):\n    return 'word'\n")
    with open(folder / "shop" / "stock.py", "a") as file:
        file.write("\n\nfrom shop.words import words  # noqa\n\nwords(grpc.insecure_channel('a:1'))\n")
    (folder / "plain.py").write_text("import json\n\nprint(json.dumps(1))\n")
    (folder / "other.py").write_text("import plain\n")
    (folder / "try.ipynb").write_text(CELLS % "")
    (folder / "tests" / "conftest.py").write_text(
        "import grpc\nimport pytest\n\n\n@pytest.fixture\ndef wire():\n    yield grpc.insecure_channel('a:1')\n"
    )
    (folder / ".gitignore").write_text("ignored.py\n")
    (folder / "ignored.py").write_text("x = 1\n")
    if os.name != "nt":
        (folder / "shop" / "loop").symlink_to("loop")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "start")
    before = Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(cache.VARIABLE, str(scratch / "cache"))
        os.chdir(folder)
        try:
            assert run(["check", *OPTIONS, "--update-baseline"]) == 0
            assert run(["check", *OPTIONS]) == 0
            assert run(["check"]) == 1
            yield folder
        finally:
            os.chdir(before)


@pytest.fixture
def project(checked: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same, put back afterwards."""
    monkeypatch.setenv(cache.VARIABLE, str(checked.parent / "cache"))
    assert fine([*OPTIONS, "plain.py"])
    kept = {path: path.read_bytes() for path in checked.rglob("*") if path.is_file() and ".git" not in path.parts}
    yield checked
    for path in [path for path in checked.rglob("*") if path.is_file() and ".git" not in path.parts]:
        if path not in kept:
            path.unlink()
    for path, data in kept.items():
        path.write_bytes(data)


def test_unchanged_files_have_their_verdict(project: Path) -> None:
    assert fine([*OPTIONS, "shop/gateway.py", "shop/words.py", "plain.py"])
    assert not fine(["shop/gateway.py"])  # without the baseline
    assert fine(["plain.py", "other.py"])
    assert not fine([*OPTIONS, "ignored.py"])  # not of the project: the long way says so
    assert not fine([*OPTIONS, "--quiet", "plain.py"])


def test_times_alone_do_not_matter(project: Path) -> None:
    for path in project.rglob("*.py"):
        os.utime(path)
    replaced = (project / "plain.py").with_suffix(".tmp")
    replaced.write_bytes((project / "plain.py").read_bytes())
    replaced.replace(project / "plain.py")
    assert fine([*OPTIONS, "shop/gateway.py", "plain.py"])


@pytest.mark.parametrize("text", ["import json\nfrom os import path\n", "", "not even python (\n", "x = 'reserve'\n",
                                  "from other import plain\n"])  # fmt: skip
def test_innocent_edits_are_fine(project: Path, text: str) -> None:
    (project / "plain.py").write_text(text)
    assert fine([*OPTIONS, "plain.py", "shop/gateway.py"])


GATEWAY_EDITS = {
    "a log line": (
        "        self.stock.Reserve(request)\n",
        "        LOG.debug('once more')\n        self.stock.Reserve(request)\n",
    ),
    "a helper": ("def stock_channel(", "def _half(count: int) -> int:\n    return count // 2\n\n\ndef stock_channel("),
    "an argument": ("timeout=0.6", "timeout=0.7"),
    "a comment": ("            raise\n", "            raise  # to the customer\n"),
}


def test_edits_of_a_file_with_grpc_that_are_not_about_it_are_fine(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / "shop" / "gateway.py"
    start = text = path.read_text()
    for old, new in GATEWAY_EDITS.values():
        assert old in text
        text = text.replace(old, new, 1)
        path.write_text(start.replace(old, new, 1))
        assert fine([*OPTIONS, "shop/gateway.py", "shop/stock.py", "plain.py"])
    path.write_text(text)
    assert fine([*OPTIONS, "shop/gateway.py"])
    assert not fine(["shop/gateway.py"])  # beyond what no baseline allows
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    assert run(["check", *OPTIONS, "shop/gateway.py"]) == 0


def test_another_call_in_a_file_with_grpc_goes_the_long_way(project: Path) -> None:
    path = project / "shop" / "gateway.py"
    path.write_text(path.read_text().replace("self.stock.Reserve(request)", "self.stock.Level(request)", 1))
    assert not fine([*OPTIONS, "shop/gateway.py"])


def test_without_the_names_of_a_record_edits_go_the_long_way(project: Path) -> None:
    with open(project / "shop" / "gateway.py", "a") as file:
        file.write("\n\ndef more() -> int:\n    return 1\n")
    assert fine([*OPTIONS, "shop/gateway.py"])
    kept = {path: path.read_bytes() for path in Path(os.environ[cache.VARIABLE]).glob("warm-*-names")}
    for path, data in kept.items():
        path.write_bytes(data[:-1])
    assert not fine([*OPTIONS, "shop/gateway.py"])
    for path, data in kept.items():
        path.write_bytes(data)


@pytest.mark.parametrize(
    "text",
    [
        "import grpc\n",
        "from shop import gateway\n",
        "from shop.stock import words\n",
        "import shop.gateway as g\n",
        "from shop.gateway import (  # all\n    *)\n",
        "def test(wire):\n    wire.close()\n",
        "x = 'Servicer'\n",
    ],
)
def test_what_may_lead_to_grpc_goes_the_long_way(project: Path, text: str) -> None:
    (project / "plain.py").write_text(text)
    assert not fine([*OPTIONS, "plain.py"])


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file with gRPC": lambda top: (top / "shop/gateway.py").write_text("import grpc\n"),
    "a file that one with gRPC imports": lambda top: (top / "shop/words.py").write_text("WORD = 2\n"),
    "a proto": lambda top: (top / "proto/new.proto").write_text('syntax = "proto3";\n'),
    "a line more in a cell": lambda top: (top / "try.ipynb").write_text(CELLS % ',"\\nd = grpc.insecure_channel(1)"'),
    "a new notebook": lambda top: (top / "new.ipynb").write_text('{"cells": []}'),
    "a new file": lambda top: (top / "grpc.py").write_text("x = 1\n"),
    "a file less": lambda top: (top / "other.py").unlink(),
    "what git ignores": lambda top: (top / ".gitignore").write_text(""),
    "the baseline": lambda top: (top / "base.txt").write_text((top / "base.txt").read_text() + "\n"),
    "the settings": lambda top: (top / "pyproject.toml").write_text("[tool.grpc2connect]\nserve = 'single'\n"),
    "settings of a folder": lambda top: (top / "shop/pyproject.toml").write_text("[tool.grpc2connect]\n"),
    "a requirement": lambda top: (top / "shop/requirements.txt").write_text("clients\n"),
    "a symbolic link": lambda top: (top / "link.py").symlink_to(top / "plain.py"),
    "the place of the records": lambda top: os.environ.__setitem__(cache.VARIABLE, str(top / "nowhere")),
}


@pytest.mark.parametrize("what", CHANGES)
def test_changes_elsewhere_go_the_long_way(project: Path, what: str) -> None:
    CHANGES[what](project)
    assert not fine([*OPTIONS, "shop/stock.py"])


def test_an_ignored_file_that_is_added_counts(project: Path) -> None:
    git(project, "add", "-f", "ignored.py")
    try:
        assert not fine([*OPTIONS, "plain.py"])
    finally:
        git(project, "rm", "-q", "--cached", "ignored.py")


def test_a_broken_record_is_none(project: Path) -> None:
    records = [path for path in Path(os.environ[cache.VARIABLE]).iterdir() if path.name.startswith("warm-")]
    kept = {path: path.read_bytes() for path in records}
    for path, data in kept.items():
        path.write_bytes(data[:-20] + bytes(20))
    assert not fine([*OPTIONS, "plain.py"])
    for path, data in kept.items():
        path.write_bytes(data)


def test_without_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("import os.path, json\nfrom sys import argv\n\n\ndef test(wire): ...\n")
    (tmp_path / "b.py").write_text("import a\n")
    (tmp_path / "c.pyi").write_text("import grpc\n")
    (tmp_path / "d.ipynb").write_text('{"cells": [{"cell_type": "code", "source": ["1 + 1"]}]}')
    (tmp_path / "e.ipynb").write_text('{"cells": [{"cell_type": "code", "source": ["import a"]}]}')
    assert fine(["a.py", "c.pyi", "d.ipynb"])
    assert not fine(["e.ipynb"])
    assert not fine(["b.py"])
    assert not fine(["--quiet", "a.py"])
    assert not fine(["nowhere.py"])
    (tmp_path / "conftest.py").write_text("")
    assert not fine(["a.py"])


def test_records_are_where_results_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ((cache.VARIABLE, None), ("XDG_CACHE_HOME", "/somewhere"), ("XDG_CACHE_HOME", "")):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
        assert home() == str(cache.folder())
