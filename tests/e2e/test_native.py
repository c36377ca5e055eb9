"""Clients that `--native` gives a transport of their own see of old and new servers what the old ones saw."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.e2e import running
from tests.e2e.conftest import Copies
from tests.e2e.projects import PROJECTS, Project

HELLO = next(project for project in PROJECTS if project.name == "hello_flat")
CLIENTS = ("client.py", "aio_client.py")


def test_native_clients_see_what_the_old_ones_saw(copies: Copies, tmp_path: Path) -> None:
    old, native = copies.old(HELLO), running.copy(HELLO, tmp_path / "native")
    done = running.migrate(native, "--native")
    assert done.returncode == 0, running.said(done)
    for name in CLIENTS:
        text = (native / name).read_text("utf-8")
        assert "HTTPTransport(http_version=HTTPVersion.HTTP2)" in text
        assert "insecure_channel" not in text

    with running.serving(HELLO.servers["sync"], old, HELLO.source) as port:
        expected = [asked(HELLO, old, name, port) for name in CLIENTS]
        assert expected[0].splitlines()[-1] == "refused: INVALID_ARGUMENT a name, please"
        assert [asked(HELLO, native, name, port) for name in CLIENTS] == expected
    with running.serving(HELLO.servers["aio"], native, HELLO.source) as port:
        assert [asked(HELLO, native, name, port) for name in CLIENTS] == expected


def asked(project: Project, folder: Path, name: str, port: int) -> str:
    """What a client prints."""
    done = subprocess.run(
        [sys.executable, name, f"127.0.0.1:{port}", "Ada"],
        cwd=folder,
        env=running.environment(folder / project.source),
        capture_output=True,
        timeout=running.SCENARIO_SECONDS,
        check=False,
    )
    # What docs/native.md says is given up: before CPython 3.14, pyqwest's own threads may abort a process that ends.
    ends = {0, -signal.SIGABRT} if name == "aio_client.py" else {0}
    assert done.returncode in ends, running.said(done)
    return done.stdout.decode("utf-8")
