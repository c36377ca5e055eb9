"""Under load and while it stops, a server loses no call and answers none wrongly: `benchmarks/load.py`, in small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
CALLS = 400
SECONDS = 150

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals"),
]


@pytest.mark.parametrize("mode", ["Server", "AioServer", "Server+grpcio", "AioServer+grpcio"])
def test_no_call_is_lost_or_wrong(mode: str) -> None:
    options = [
        "--modes",
        mode,
        "--calls",
        str(CALLS),
        "--clients",
        "8",
        "--stops",
        "1",
        "--stop-after",
        "100",
        "--json",
    ]
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "benchmarks" / "load.py"), *options],
        cwd=REPOSITORY,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.stdout, done.stderr.decode(errors="replace")
    report = json.loads(done.stdout)
    assert (report["wrong"], report["lost"], report["stop_lost"]) == ([], [], [])
    assert report["calls"] == CALLS
    assert report["leaked"] == 0
    assert report["stopped"] > 0
    assert report["files"][1] <= report["files"][0] + 2
    assert [line for line in report["noise"] if not line.startswith("grpc.RpcError")] == []
