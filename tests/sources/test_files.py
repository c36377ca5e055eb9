"""Which files a run is about."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from grpc2connect.options import Options
from grpc2connect.project.files import find as find_project_files
from grpc2connect.sources import dirty_files, find, repository_of


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x = 1\n")


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def names(root: Path, *given: str, **settings: tuple[str, ...]) -> list[str]:
    paths = tuple(root / one for one in given) or (root,)
    found, errors = find(Options(root, paths, **settings))
    assert not errors
    assert found == sorted(found)
    return [path.relative_to(root).as_posix() for path in found]


FILES = (
    "a.py",
    "pkg/b.py",
    "pkg/c.proto",
    "pkg/d.txt",
    "pkg/build/e.py",
    "ignored.py",
    ".venv/lib/f.py",
    "env/pyvenv.cfg",
    "env/lib/g.py",
    "node_modules/h.py",
    "pkg/__pycache__/i.py",
)
KEPT = ["a.py", "pkg/b.py", "pkg/c.proto"]


@pytest.fixture(params=["git", "plain"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    make(tmp_path, *FILES)
    (tmp_path / ".gitignore").write_text("/ignored.py\n")
    (tmp_path / "pkg" / ".gitignore").write_text("build/\n*.py\n!b.py\n")
    if request.param == "git":
        git(tmp_path, "init", "-q")
    return tmp_path


def test_ignored_files_and_environments_are_left_out(tree: Path) -> None:
    assert names(tree) == KEPT


def test_generated_stubs_count_although_git_ignores_them(tree: Path) -> None:
    make(
        tree,
        "pkg/x_pb2.py",
        "pkg/x_pb2_grpc.py",
        "pkg/build/y_pb2.py",
        "env/lib/z_pb2.py",
        "gen/w_pb2_grpc.py",
        "gen/v.py",
    )
    (tree / ".gitignore").write_text("/ignored.py\n*_pb2*.py\n/gen/\n")
    assert names(tree) == [*KEPT[:1], "gen/w_pb2_grpc.py", *KEPT[1:], "pkg/x_pb2.py", "pkg/x_pb2_grpc.py"]


def test_a_dockerfile_is_no_proto(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile.proto").write_text("FROM python:3.12\n")
    (tmp_path / "a.proto").write_text('syntax = "proto3";\n')
    options = Options(tmp_path, (tmp_path,))
    assert find(options)[0] == [tmp_path / "a.proto"]
    assert find_project_files(options) == [tmp_path / "Dockerfile.proto"]


def test_given_files_always_count(tree: Path) -> None:
    given = names(tree, "ignored.py", "pkg/build/e.py", "pkg/d.txt", exclude=("*",))
    assert given == ["ignored.py", "pkg/build/e.py", "pkg/d.txt"]


def test_given_folders_bound_the_search(tree: Path) -> None:
    assert names(tree, "pkg") == ["pkg/b.py", "pkg/c.proto"]


def test_include_and_exclude(tree: Path) -> None:
    assert names(tree, include=("pkg/",)) == ["pkg/b.py", "pkg/c.proto"]
    assert names(tree, include=("**/*.py",), exclude=("pkg",)) == ["a.py"]
    assert names(tree, "pkg", exclude=("pkg/*.proto",)) == ["pkg/b.py"]


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_links_are_not_followed(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    make(outside, "z.py")
    (tree / "loop").symlink_to(tree, target_is_directory=True)
    (tree / "out").symlink_to(outside, target_is_directory=True)
    (tree / "z.py").symlink_to(outside / "z.py")
    assert names(tree) == KEPT
    assert names(tree, "z.py") == ["z.py"]


def test_missing_paths_are_errors(tmp_path: Path) -> None:
    found, errors = find(Options(tmp_path, (tmp_path / "nowhere",)))
    assert not found
    assert [error.code for error in errors] == ["G2C003"]


def test_submodules_and_odd_names(tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "protos"
    make(tmp_path / "outer", "a b.py", "\u00e9.py", "deleted.py")
    make(inner, "x.proto")
    for folder in (inner, tmp_path / "outer"):
        git(folder, "init", "-q")
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "x")
    (tmp_path / "outer" / "deleted.py").unlink()
    assert names(tmp_path / "outer") == ["a b.py", "protos/x.proto", "\u00e9.py"]


@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
def test_a_submodule_that_is_not_checked_out(tmp_path: Path, filled: bool) -> None:
    outer, inner = tmp_path / "outer", tmp_path / "outer" / "third_party" / "protos"
    make(outer, "a.py")
    make(inner, "x.proto")
    for folder in (inner, outer):
        git(folder, "init", "-q")
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "x")
    git(tmp_path, "clone", "-q", str(outer), "fresh")
    fresh = tmp_path / "fresh"
    assert not list((fresh / "third_party" / "protos").iterdir())
    if filled:  # by hand, or by a build: not git's, and there
        make(fresh / "third_party" / "protos", "x.proto")
    wanted = ["third_party/protos/x.proto"] if filled else []
    assert names(fresh) == ["a.py", *wanted]
    assert names(fresh / "third_party") == [name.removeprefix("third_party/") for name in wanted]
    assert dirty_files([fresh]) == []


def test_a_hook_of_the_repository_is_not_run(tmp_path: Path) -> None:
    make(tmp_path, "a.py")
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "core.fsmonitor", f"touch {tmp_path.as_posix()}/ran; false")
    assert names(tmp_path) == ["a.py"]
    assert dirty_files([tmp_path])
    assert not (tmp_path / "ran").exists()


def test_dirty(tmp_path: Path) -> None:
    assert repository_of(tmp_path) is None
    assert dirty_files([tmp_path]) == []
    git(tmp_path, "init", "-q")
    make(tmp_path, "clean.py", "staged.py", "edited.py", "both.py")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "x")
    for name in ("staged.py", "edited.py", "both.py"):
        (tmp_path / name).write_text("x = 2\n")
    git(tmp_path, "add", "staged.py", "both.py")
    (tmp_path / "both.py").write_text("x = 3\n")
    make(tmp_path, "new.py")
    assert repository_of(tmp_path / "clean.py") == tmp_path

    def dirty(*given: str, staged_is_fine: bool = False) -> list[str]:
        found = dirty_files([tmp_path / one for one in given], staged_is_fine=staged_is_fine)
        return [path.name for path in found]

    assert dirty("") == ["both.py", "edited.py", "new.py", "staged.py"]
    assert dirty("", staged_is_fine=True) == ["both.py", "edited.py", "new.py"]
    assert dirty("clean.py", "staged.py", "not/yet/there.py") == ["staged.py"]
    assert dirty("clean.py") == []
