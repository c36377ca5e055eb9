"""Blocks and hunks: whose each change is, in groups that git takes as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grpc2connect.report import diff, groups, json_report
from grpc2connect.report.groups import By
from grpc2connect.report.hunks import applied, blocks
from grpc2connect.report.paint import Paint
from grpc2connect.report.stat import stat
from grpc2connect.report.words import compare
from grpc2connect.results import Entry, FileChange, Finding, Place, Region, RunResult, State

Git = Callable[..., bytes]
_LINES = st.lists(st.sampled_from([b"a\n", b"b\r\n", b"\n", b"c\n", b"d"]), max_size=12).map(b"".join)


def region(path: Path, line: int, code: str, *units: str, state: State = State.NATIVE) -> Region:
    return Region(line - 1, line - 1, Place(path, line, 1), code, state, units)


def sample(folder: Path) -> RunResult:
    """Two services in one file, an import, a generated module and a file of the project."""
    shop = folder / "shop.py"
    before = b"import grpc\n\n\nx = 1\nold_a\nx = 2\nx = 3\nold_b\nx = 4\nx = 5\nx = 6\nx = 7\nx = 8\nold_c\n"
    after = before.replace(b"old", b"new").replace(b"grpc", b"connectrpc")
    regions = (
        region(shop, 1, ""),
        region(shop, 5, "G2C201", "a.A"),
        region(shop, 8, "G2C201", "b.B", state=State.BRIDGED),
        region(shop, 14, "G2C501", "a.A"),
    )
    return RunResult(
        folder,
        changes=(
            FileChange(folder / "pyproject.toml", b"[project]\n", b"[project]\nx = 1\n"),
            FileChange(shop, before, after, ("a.A", "b.B"), regions=regions),
            FileChange(folder / "a_connect.py", None, b"# new\n", ("a.A",)),
        ),
        ledger=tuple(Entry(one.place, "K", one.code, one.state, "t", one.units) for one in regions[1:]),
        findings=(Finding("G2C201", regions[1].place, "is so", "do that", unit="a.A"),),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=_LINES, after=_LINES, chosen=st.integers(0, 255))
def test_any_choice_of_blocks_is_a_patch(repository: Path, git: Git, before: bytes, after: bytes, chosen: int) -> None:
    change = FileChange(repository / "f.py", before, after)
    found = blocks(change)
    first = [block for index, block in enumerate(found) if chosen >> index & 1]
    rest = [block for block in found if block not in first]
    assert applied(change, found) == after
    change.path.write_bytes(before)
    data = diff.file_patch(change, repository, wanted=first) if first else b""
    data += diff.file_patch(change, repository, wanted=rest, done=first) if rest else b""
    if data:
        git(repository, "apply", "-", stdin=data)
    assert change.path.read_bytes() == after


@pytest.mark.parametrize("by", By)
def test_groups_are_one_patch(repository: Path, git: Git, by: By) -> None:
    result = sample(repository)
    for change in result.changes:
        if change.before is not None:
            change.path.write_bytes(change.before)
        else:
            change.path.unlink(missing_ok=True)
    git(repository, "apply", "-", stdin=groups.render(result, by, repository, {}))
    assert all(change.path.read_bytes() == change.after for change in result.changes)


def headings(by: By) -> list[str]:
    told = groups.render(sample(Path("/r")), by, Path("/r"), {"G2C201": "aborts `raise` [int]"})
    return [line[2:] for line in told.decode().splitlines() if line.startswith("# ")]


def test_headings() -> None:
    assert headings(By.UNIT) == [
        "a.A",
        "  2 references: 2 native; +2 -2 in 1 file",
        "  shop.py:5:1 G2C201 is so; do that",
        "a.A and b.B",
        "  +1 -1 in 1 file",
        "b.B",
        "  1 reference: 1 bridged; +1 -1 in 1 file",
        "files of the project around its code",
        "  +1 -0 in 1 file",
        "generated modules",
        "  +1 -0 in 1 file",
    ]
    assert headings(By.RULE)[:2] == [
        "G2C201: aborts `raise` [int]",
        "  2 references: 1 native, 1 bridged (50.0% native); +2 -2 in 1 file",
    ]
    assert headings(By.FILE)[:3] == [
        "shop.py",
        "  3 references: 2 native, 1 bridged (66.7% native); +4 -4 in 1 file",
        "  of a.A, b.B",
    ]


def test_labels_say_whose_a_hunk_is() -> None:
    result = sample(Path("/r"))
    told = diff.patch(result.changes, Path("/r"), labels=True).decode()
    assert "@@ -1,14 +1,14 @@ G2C201 bridged, G2C201 native, G2C501 native [a.A, b.B]\n" in told
    assert re.sub(r"(?m)(@@ .* @@).*", r"\1", told) == diff.patch(result.changes, Path("/r")).decode()


def test_json_carries_hunks() -> None:
    result = sample(Path("/r"))
    document = json.loads(json_report.render(result, command="diff", exit_code=1, with_hunks=True))
    (change,) = [change for change in document["changes"] if change["path"] == "shop.py"]
    (hunk,) = change["hunks"]
    assert (hunk["units"], hunk["codes"], hunk["state"]) == (["a.A", "b.B"], ["G2C201", "G2C501"], "bridged")
    assert [(one["line"], one["code"], one["state"]) for one in hunk["references"]] == [
        (5, "G2C201", "native"), (8, "G2C201", "bridged"), (14, "G2C501", "native"),
    ]  # fmt: skip
    old = [line[1:] for line in hunk["lines"] if line[0] != "+"]
    assert "".join(old).encode(change["encoding"]) == result.changes[1].before
    latin = RunResult(Path("/r"), (FileChange(Path("/r/l.py"), b"\xe9\n", b"\xe8\n"),))
    (change,) = json.loads(json_report.render(latin, command="diff", exit_code=1, with_hunks=True))["changes"]
    assert change["hunks"][0]["lines"][0].encode(change["encoding"]) == b"-\xe9\n"


def test_words_that_differ_are_marked() -> None:
    old, new = compare([b"  x = stub.SayHello(r, timeout=5)\n"], [b"  x = stub.say_hello(r, timeout_ms=5000)\n"])
    assert [text for text, news in old[0] if news] == [b"SayHello", b"timeout=5"]
    assert [text for text, news in new[0] if news] == [b"say_hello", b"timeout_ms=5000"]
    old, new = compare([b"import grpc\n"], [b"something = quite.different(here)\n"])
    assert not any(news for line in (*old, *new) for _, news in line)


def test_stat_has_a_line_for_each_file_and_one_for_the_runtime() -> None:
    result = sample(Path("/r"))
    runtime = [FileChange(Path(f"/r/grpc2connect_runtime/{name}.py"), None, b"x\n" * 100) for name in "ab"]
    assert stat(result, [*result.changes, *runtime], Paint()) == [
        " pyproject.toml        |   1 +",
        " shop.py               |   8 ++++----  2 native, 1 bridged",
        " a_connect.py          |   1 +         new",
        " grpc2connect_runtime/ | 200 ++++++++  2 files, 2 new",
        " 5 files changed, 206 insertions(+), 4 deletions(-)",
    ]
