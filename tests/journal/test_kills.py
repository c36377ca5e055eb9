"""However `migrate` is killed, each file is as it was or as it shall be, and all can be taken back or finished.

`G2C_KILLS=200 ./test tests/journal` also kills the installed tool that often, at times drawn from a seed.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journal.killing import snapshot

REPOSITORY = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


def environment(tmp_path: Path) -> dict[str, str]:
    paths = [str(REPOSITORY / name) for name in ("", "codemod", "rules")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "G2C_STATE_DIR": str(tmp_path / "state")}


def test_killed_before_each_operation(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "pkg").mkdir(parents=True)
    (folder / "run.py").write_bytes(b"import grpc\r\n")
    (folder / "run.py").chmod(0o755)
    (folder / "pkg" / "größe.py").write_bytes(b"\xef\xbb\xbfimport grpc\n")
    (folder / "pkg" / "größe.py").chmod(0o444)
    (folder / "other.py").write_bytes(b"import grpc")
    (tmp_path / "changes.json").write_text(
        json.dumps(
            [
                ["runtime/deep/__init__.py", "# runtime\n", []],
                ["run.py", "import connect\r\n", ["a.A"]],
                ["pkg/größe.py", "\xef\xbb\xbfimport connect\n", ["a.A"]],
                ["pkg/a_connect.py", "# new", ["a.A"]],
                ["other.py", "import connect", ["b.B"]],
            ]
        )
    )
    # Without git on the path, since what is tested must not need it.
    done = subprocess.run(
        [sys.executable, "-m", "tests.journal.killing", str(folder), "400"],
        env={**environment(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    errors = tmp_path / "errors.txt"
    assert done.returncode == 0, done.stderr + (errors.read_text() if errors.exists() else "")
    told = json.loads(done.stdout)
    assert told["killed"] > 50
    assert told["mixed"] > 10


@pytest.mark.skipif("G2C_KILLS" not in os.environ, reason="takes long; G2C_KILLS says how many")
@pytest.mark.timeout(3600)
def test_killed_at_any_time(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(REPOSITORY / "fixtures" / "projects" / "gateway_downstream", folder)
    tool = [sys.executable, "-m", "grpc2connect"]
    settings = {**environment(tmp_path), "G2C_CACHE_DIR": str(tmp_path / "cache")}
    before = snapshot(folder)

    def run(*arguments: str, timeout: float = 120) -> int:
        command = [*tool, *arguments, str(folder)]
        with subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                return process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                return process.wait()

    assert run("migrate", "--allow-no-vcs") == 0
    after = snapshot(folder)
    assert run("undo") == 0
    assert snapshot(folder) == before
    drawn = random.Random(1)
    killed = 0
    for _ in range(int(os.environ["G2C_KILLS"])):
        killed += run("migrate", "--allow-no-vcs", timeout=drawn.uniform(0.3, 1.5)) < 0
        for name, state in snapshot(folder).items():
            assert state in (before.get(name), after.get(name)) or ".grpc2connect-" in name, name
        run("undo")
        assert snapshot(folder) == before
    assert killed
