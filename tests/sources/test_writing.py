"""Writing: all or nothing, whatever fails."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from grpc2connect.results import FileChange
from grpc2connect.sources import write_all, write_atomic

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX modes and links")


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@posix
def test_mode_is_kept_or_set(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"1")
    path.chmod(0o751)
    write_atomic(path, b"2")
    assert path.stat().st_mode & 0o777 == 0o751
    write_atomic(path, b"3", 0o640)
    assert (path.stat().st_mode & 0o777, path.read_bytes()) == (0o640, b"3")
    os.umask(mask := os.umask(0))
    write_atomic(tmp_path / "new" / "b.py", b"4")
    assert (tmp_path / "new" / "b.py").stat().st_mode & 0o777 == 0o666 & ~mask


@posix
def test_links_stay_links(tmp_path: Path) -> None:
    target = tmp_path / "real" / "a.py"
    target.parent.mkdir()
    target.write_bytes(b"1")
    link = tmp_path / "link.py"
    link.symlink_to("real/a.py")
    write_atomic(link, b"2")
    assert link.is_symlink()
    assert target.read_bytes() == b"2"


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    (tmp_path / "a.py").write_bytes(b"1")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, function, fail)
    with pytest.raises(OSError, match="space"):
        write_atomic(tmp_path / "a.py", b"2")
    with pytest.raises(OSError, match="space"):
        write_atomic(tmp_path / "new" / "b.py", b"2")
    assert content(tmp_path) == {"a.py": b"1"}
    assert not (tmp_path / "new").exists()
    errors = write_all([FileChange(tmp_path / "a.py", b"1", b"2"), FileChange(tmp_path / "b.py", None, b"2")])
    assert {error.code for error in errors} == {"G2C010"}
    assert content(tmp_path) == {"a.py": b"1"}


def test_a_failure_halfway_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {"a.py": b"1", "b.py": b"1", "c.py": b"1"}
    for name, data in before.items():
        (tmp_path / name).write_bytes(data)
    replace = os.replace

    def fail_on_c(source: str, target: str) -> None:
        if target.endswith("c.py"):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_on_c)
    changes = [FileChange(tmp_path / name, b"1", b"2") for name in before]
    changes.insert(0, FileChange(tmp_path / "sub" / "new.py", None, b"2"))
    errors = write_all(changes)
    assert [error.path.name for error in errors] == ["c.py"]
    assert content(tmp_path) == before
    assert not (tmp_path / "sub").exists()


def test_all_are_written(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"1")
    changes = [FileChange(tmp_path / "a.py", b"1", b"2"), FileChange(tmp_path / "sub" / "b.py", None, b"3")]
    assert write_all(changes) == []
    assert content(tmp_path) == {"a.py": b"2", "sub/b.py": b"3"}


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"somebody's")
    (tmp_path / "b.py").write_bytes(b"1")
    errors = write_all([FileChange(tmp_path / "b.py", b"1", b"2"), FileChange(tmp_path / "a.py", b"1", b"2")])
    assert [error.path.name for error in errors] == ["a.py"]
    assert content(tmp_path) == {"a.py": b"somebody's", "b.py": b"1"}


def test_files_go_with_what_is_written(tmp_path: Path) -> None:
    old, new = tmp_path / "old.py", tmp_path / "new.py"
    old.write_bytes(b"1")
    changes = [FileChange(old, b"1", b"", deletes=True), FileChange(new, None, b"2")]
    assert write_all(changes) == []
    assert content(tmp_path) == {"new.py": b"2"}
    assert write_all(changes) == []  # as it shall be already


def test_a_file_that_changed_meanwhile_does_not_go(tmp_path: Path) -> None:
    old, new = tmp_path / "old.py", tmp_path / "new.py"
    old.write_bytes(b"edited")
    (error,) = write_all([FileChange(old, b"1", b"", deletes=True), FileChange(new, None, b"2")])
    assert (error.path, error.code) == (old, "G2C010")
    assert content(tmp_path) == {"old.py": b"edited"}


def test_no_file_goes_if_another_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = tmp_path / "old.py", tmp_path / "new.py"
    old.write_bytes(b"1")

    def fail(source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        changes = [FileChange(old, b"1", b"", deletes=True), FileChange(new, None, b"2")]
        assert [error.code for error in write_all(changes)] == ["G2C010"]
    assert content(tmp_path) == {"old.py": b"1"}
