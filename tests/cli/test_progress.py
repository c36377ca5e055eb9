"""The progress bar, where somebody sees it; and the times of the phases, where they are asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grpc2connect.cli.phases import Phases
from tests.cli.conftest import Shell

PROGRAM = """
import time
from grpc2connect.cli.output import Output
with Output("never").progress() as progress:
    if progress:
        progress("parse", 1, 2)
        time.sleep(0.2)
print("a bar" if progress else "none")
"""


def test_on_a_terminal_only() -> None:
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PROGRAM]
    on = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=follower, timeout=60, check=True)
    os.close(follower)
    shown = os.read(leader, 65536)
    os.close(leader)
    assert on.stdout.strip() == b"a bar"
    assert b"parse" in shown
    off = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=True)
    assert (off.stdout.strip(), off.stderr) == (b"none", b"")


def test_times_by_phase(project: Path, shell: Shell) -> None:
    phases = Phases()
    seen: list[str] = []
    progress = phases.watching(lambda phase, done, total: seen.append(phase))
    for phase in ("parse", "parse", "facts", "parse"):
        progress(phase, 0, 1)
    (line,) = phases.lines()
    assert seen == ["parse", "parse", "facts", "parse"]
    assert [part.split()[0] for part in line.partition("(")[2].split(", ")] == ["start", "parse", "facts"]
    assert "from the cache" in shell("check", "--verbose").err
