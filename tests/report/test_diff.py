"""The patch is taken by `git apply` byte for byte, whatever the bytes and the names are."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grpc2connect.report import diff
from grpc2connect.results import FileChange

Git = Callable[..., bytes]

_LINES = st.lists(
    st.sampled_from(
        [b"a\n", b"a\r\n", b"b\n", b"\n", b"\r\n", b"\xe9t\xe9\n", b"\tx\n", b" \n", b"x\ry\n", b"x\x0cy\n"]
    )
    | st.binary(max_size=6).map(lambda data: data + b"\n"),
    max_size=14,
)
_CONTENTS = st.builds(lambda body, tail: b"".join(body) + tail, _LINES, st.sampled_from([b"", b"end", b"\xff", b"\r"]))


def applied(repository: Path, changes: list[FileChange], git: Git) -> None:
    """Writes the old contents, applies the patch with git, and compares with the new contents."""
    for child in repository.iterdir():
        if child.name != ".git":
            shutil.rmtree(child) if child.is_dir() else child.unlink()
    for change in changes:
        if change.before is not None:
            change.path.parent.mkdir(parents=True, exist_ok=True)
            change.path.write_bytes(change.before)
    data = diff.patch(changes, repository)
    if data:
        git(repository, "apply", "-", stdin=data)
    for change in changes:
        assert change.path.read_bytes() == change.after


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=_CONTENTS, after=_CONTENTS)
def test_any_bytes_to_any_bytes(repository: Path, git: Git, before: bytes, after: bytes) -> None:
    applied(repository, [FileChange(repository / "f.py", before, after)], git)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(after=_CONTENTS)
def test_new_file_of_any_bytes(repository: Path, git: Git, after: bytes) -> None:
    applied(repository, [FileChange(repository / "new" / "f.py", None, after)], git)


@pytest.mark.parametrize(
    "before, after",
    [
        pytest.param(b"a\r\nb\r\nc\r\n", b"a\r\nB\r\nc\r\n", id="crlf"),
        pytest.param(b"a\nb", b"a\nc", id="no final newline on both sides"),
        pytest.param(b"a\nb", b"a\nb\n", id="final newline added"),
        pytest.param(b"a\nb\n", b"a\nb", id="final newline lost"),
        pytest.param(b"\xef\xbb\xbfa\nb\n", b"\xef\xbb\xbfa\nc\n", id="byte order mark"),
        pytest.param(
            b"# -*- coding: latin-1 -*-\ns = '\xe9'\nx\n", b"# -*- coding: latin-1 -*-\ns = '\xe9'\ny\n", id="latin-1"
        ),
        pytest.param(b"\tif x:\n\t\ty \n", b"\tif x:\n\t\tz \n", id="tabs and trailing blank"),
        pytest.param(
            b"a\x0cb\x1cc\x85d\xe2\x80\xa8e\nx\n", b"a\x0cb\x1cc\x85d\xe2\x80\xa8e\ny\n", id="other line ends"
        ),
        pytest.param(b"", b"a\n", id="was empty"),
        pytest.param(b"a\n", b"", id="becomes empty"),
        pytest.param(b"-- a\n++ b\n", b"++ b\n-- c\n", id="lines that look like headers"),
    ],
)
def test_bytes_survive(repository: Path, git: Git, before: bytes, after: bytes) -> None:
    applied(repository, [FileChange(repository / "f.py", before, after)], git)


@pytest.mark.parametrize(
    "name",
    [
        "with blank.py",
        "größe.py",
        'quo"te.py',
        "back\\slash.py",
        "tab\there.py",
        "new\nline.py",
        "пакет/сервис.py",
        "a b/c d.py",
    ],
)
def test_names(repository: Path, git: Git, name: str) -> None:
    if os.name == "nt" and re.search(r'["\\\t\n]', name):
        pytest.skip("not a file name on this system")
    applied(repository, [FileChange(repository / name, b"a\n", b"b\n")], git)
    applied(repository, [FileChange(repository / name, None, b"b\n")], git)


def test_quotes_names_as_git_does(repository: Path, git: Git) -> None:
    path = repository / 'gr\u00f6\u00dfe "1".py'
    path.write_bytes(b"a\n")
    git(repository, "add", "-A")
    path.write_bytes(b"b\n")
    theirs = git(repository, "diff")
    ours = diff.patch([FileChange(path, b"a\n", b"b\n")], repository)
    assert [line for line in theirs.splitlines() if not line.startswith(b"index ")] == ours.splitlines()


def test_several_files_in_one_patch_from_a_folder_below(repository: Path, git: Git) -> None:
    changes = [
        FileChange(repository / "sub" / "a.py", b"1\n2\n3\n4\n5\n6\n7\n8\n9\n", b"1\nx\n3\n4\n5\n6\n7\ny\n9\n"),
        FileChange(repository / "sub" / "new.py", None, b"new"),
        FileChange(repository / "sub" / "empty" / "__init__.py", None, b""),
    ]
    applied(repository, changes, git)
    changes[0].path.write_bytes(changes[0].before or b"")
    for change in changes[1:]:
        change.path.unlink()
    git(repository / "sub", "apply", "-", stdin=diff.patch(changes, repository))
    assert all(change.path.read_bytes() == change.after for change in changes)


def test_mode_of_an_existing_file_is_kept(repository: Path, git: Git) -> None:
    script = repository / "run.py"
    script.write_bytes(b"a\n")
    script.chmod(0o755)
    git(repository, "apply", "-", stdin=diff.patch([FileChange(script, b"a\n", b"b\n")], repository))
    assert script.stat().st_mode & 0o777 == 0o755


def test_nothing_for_a_file_that_does_not_change() -> None:
    assert diff.patch([FileChange(Path("/r/a.py"), b"a\n", b"a\n")], Path("/r")) == b""


def test_colour_adds_only_escape_sequences() -> None:
    changes = [FileChange(Path("/r/a.py"), b"a: List[int]\r\nb\xe9", b"a: Dict[int]\r\nc\xe9\n")]
    plain, coloured = diff.patch(changes, Path("/r")), diff.patch(changes, Path("/r"), colour=True)
    assert coloured != plain
    assert re.sub(rb"\x1b\[\d+m", b"", coloured) == plain


def test_counts_lines() -> None:
    assert diff.counts(FileChange(Path("/r/a.py"), b"a\nb\n", b"a\nc\nd\n")) == (2, 1)


@pytest.mark.parametrize("before", [b"a\nb\n", b"a\r\nb", b"", b"\xff\n"])
def test_a_file_that_goes(repository: Path, git: Git, before: bytes) -> None:
    path = repository / "old" / "f_pb2_grpc.py"
    path.parent.mkdir()
    path.write_bytes(before)
    git(repository, "apply", "-", stdin=diff.patch([FileChange(path, before, b"", deletes=True)], repository))
    assert not path.exists()
