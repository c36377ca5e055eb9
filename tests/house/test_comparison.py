"""docs/comparison.md: every yes names tests, and the tests are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (REPOSITORY / "docs" / "comparison.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| feature")
]


@cache
def names_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_bytes())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_is_said_is_tested(row: list[str]) -> None:
    feature, _, ours, named = row
    assert ours.startswith(("yes", "no", "in part")), feature
    found = re.findall(r"`([^`]+)::([^`]+)`", named)
    assert found or ours.startswith("no"), feature
    for path, name in found:
        there = (REPOSITORY / path).exists() and name in names_in(REPOSITORY / path)
        assert there or "†" in ours, f"{feature}: {path}::{name} is not there"


def test_the_table_is_whole() -> None:
    assert len(ROWS) > 30
