"""The comparison itself: a difference that nobody reviewed fails, and so does a row that nothing needs."""

from __future__ import annotations

from tests.e2e.differences import Known, compare, flat, load, unused

ROW = Known("f", "a/b", "x", "y", "because", ("sync",), ("new-old",))


def test_table_is_readable() -> None:
    assert all(row.reason for row in load())


def test_flat() -> None:
    assert dict(flat({"a": {"b": [1]}, "c": {}, "d": None})) == {"a/b": [1], "c": {}, "d": None}


def test_listed_and_unlisted() -> None:
    seen = {"old-old": {"a": {"b": "x"}}, "new-old": {"a": {"b": "y"}}, "old-new": {"a": {"b": "y"}}}
    unlisted, used = compare("f", "sync", seen, (ROW,))
    assert unlisted == ["f, sync server, old-new: a/b: 'x' became 'y'"]
    assert used == {(ROW, "sync", "new-old")}
    assert unused((ROW,), used) == []


def test_missing_key_is_a_difference() -> None:
    assert compare("f", "sync", {"old-old": {"a": 1}, "new-new": {}}, ())[0]


def test_unused_row() -> None:
    _, used = compare("f", "aio", {"old-old": {"a": {"b": "x"}}, "new-old": {"a": {"b": "y"}}}, (ROW,))
    assert unused((ROW,), used) == ["f, sync server, new-old: a/b: not seen any more"]
