"""Runs the programs of `fixtures/tricky` as they are written and migrated, over each wire.

All are migrated in one run, and those of one kind run in one process: each program has services and modules of its own,
so that nothing of one reaches another.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grpc_tools import protoc

from grpc2connect.engine import run
from grpc2connect.options import Options
from grpc2connect.results import RunResult
from tests.e2e import running

REPOSITORY = Path(__file__).parents[2]
SOURCE = REPOSITORY / "fixtures" / "tricky"
NAMES = sorted(path.name for path in SOURCE.iterdir() if path.is_dir())
WIRES = ("", "connect", "grpcio")
"""What `G2C_WIRE` is; without it, as the tool writes: ports on grpcio's core, channels on Connect's transport."""

Printed = dict[str, str]
"""What programs print, by their names."""


class Programs:
    """Copies of all programs, one of them migrated."""

    def __init__(self, folder: Path) -> None:
        """Make the copies in `folder` and migrate one."""
        self._old, self._new = folder / "old", folder / "new"
        shutil.copytree(SOURCE, self._old, ignore=shutil.ignore_patterns("__pycache__", "*.md"))
        for proto in sorted(self._old.rglob("*.proto")):
            root = self._old / proto.relative_to(self._old).parts[0]
            asked = [f"-I{root}", f"--python_out={root}", f"--grpc_python_out={root}", str(proto.relative_to(root))]
            assert protoc.main(["", *asked]) == 0
        shutil.copytree(self._old, self._new)
        self.result: RunResult = run(Options(self._new, (self._new,)))
        for change in self.result.changes:
            change.path.parent.mkdir(parents=True, exist_ok=True)
            change.path.write_bytes(change.after)

    def again(self) -> RunResult:
        """What a second run would do."""
        return run(Options(self._new, (self._new,)))

    def program(self, name: str) -> str:
        """The text of a program after migration."""
        return (self._new / name / "program.py").read_text()

    def of(self, name: str) -> Path:
        """The folder of a migrated program."""
        return self._new / name

    def observe(self) -> tuple[Printed, dict[str, Printed]]:
        """What the programs print as they are written, and migrated on each wire."""
        with ThreadPoolExecutor(2) as pool:
            old = pool.submit(_printed, self._old, {})
            new = {wire: pool.submit(_printed, self._new, {"G2C_WIRE": wire} if wire else {}) for wire in WIRES}
            return old.result(), {wire: found.result() for wire, found in new.items()}


def _printed(folder: Path, extra: dict[str, str]) -> Printed:
    command = [sys.executable, str(Path(__file__).with_name("runner.py")), str(folder)]
    done = subprocess.run(
        [*command, *(str(folder / name) for name in NAMES)],
        cwd=folder,
        env=running.environment(folder, {**extra, "GRPC_VERBOSITY": "NONE"}),
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, running.said(done)
    found: Printed = json.loads(done.stdout)
    return found
