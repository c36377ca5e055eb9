"""A row for each server that is installed; `python scripts/server_matrix.py` tries all of them with everything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from grpc2connect.serving.table import table

from . import installed, matrix
from .outcomes import Outcome
from .program import REPOSITORY

SECONDS = 170
INSTALLED_S = 430
"""How long the servers' installation may take that began before the tests."""
SERVERS = [server.name for server in table().servers]

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and file descriptors"),
    pytest.mark.timeout(SECONDS + INSTALLED_S),
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of all rows, several at a time."""
    installed.best()
    results = tmp_path_factory.mktemp("servers") / "results.json"
    command = [sys.executable, str(REPOSITORY / "scripts" / "server_matrix.py"), "--smoke", "--installed"]
    done = subprocess.run(
        [*command, "--jobs", "3", "--json", str(results)], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert results.exists(), done.stdout + done.stderr
    every: dict[str, Any] = json.loads(results.read_text())
    return every


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_carries_what_the_table_says(name: str, found: dict[str, Any]) -> None:
    if missing := found["missing"].get(name):
        pytest.skip(f"not installed: {', '.join(missing)}; python scripts/server_matrix.py --install")
    row = found["servers"][name]
    assert row["problems"] == []
    assert set(row["outcomes"]) == set(matrix.SMOKE)


def test_what_the_tests_need_anyway_is_tried(found: dict[str, Any]) -> None:
    """The servers of the development environment, whatever else there is."""
    assert {"hypercorn", "Server-dual", "Server-single", "AioServer-dual", "AioServer-single"} <= set(found["servers"])


def test_a_cell_that_is_not_as_the_table_says_is_a_problem(tmp_path: Path) -> None:
    """Both a failure that the table does not name, and a limit that is none any more."""
    row = matrix.Row(table().server("uvicorn"), {})
    row.outcomes = {
        "connect_unary": Outcome("UNKNOWN"),
        "grpc_unary": Outcome("ok"),
        "grpc_bidi": Outcome("INTERNAL"),
        "connect_json": Outcome("ok"),
        "grpc_errors": Outcome("UNAVAILABLE"),
        "grpc_8mib": Outcome("Blocking: UNAVAILABLE, Looped: UNAVAILABLE"),
        "grpc_deadline": Outcome("Blocking: UNAVAILABLE, Looped: ok"),
    }
    assert [problem.split(" (")[0] for problem in row.problems()] == [
        "uvicorn: connect_unary: UNKNOWN, not ok",
        "uvicorn: grpc_unary: ok, not UNAVAILABLE",
        "uvicorn: grpc_bidi: INTERNAL, not UNAVAILABLE",
        "uvicorn: grpc_deadline: Blocking: UNAVAILABLE, Looped: ok, not UNAVAILABLE",
    ]
