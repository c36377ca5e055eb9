"""Runs commands in processes that are killed at a chosen operation on files; run as a program by `test_kills`.

The kill is a real SIGKILL that a process sends to itself right before the n-th operation that Python audits, so that
every moment between two operations comes up, and no clock is involved.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from grpc2connect.cli import run
from tests.cli.fakes import FakeEngine, answer

OPERATIONS = ("open", "os.", "fcntl.", "shutil.", "tempfile.")
Snapshot = dict[str, tuple[int, bytes | None]]


def snapshot(folder: Path) -> Snapshot:
    """Every file and folder with its mode and bytes."""
    return {
        str(path.relative_to(folder)): (
            stat.S_IMODE(path.stat().st_mode),
            path.read_bytes() if path.is_file() else None,
        )
        for path in sorted(folder.rglob("*"))
    }


def command(arguments: Sequence[str], engine: FakeEngine, kill_at: int = 0) -> int:
    """The exit code (negative: the signal) of a command in a process of its own."""
    child = os.fork()
    if child == 0:
        count = 0

        def hook(event: str, _: object) -> None:
            nonlocal count
            if event.startswith(OPERATIONS):
                count += 1
                if count == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)

        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open("errors.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
        sys.addaudithook(hook)
        code = run(arguments, engine)
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(folder: Path, most: int) -> dict[str, int]:
    """Kill `migrate` before each of its operations (fewer than `most`), and see what can be made of it.

    Of three times it is finished once, taken back once, and taken back with a kill in the middle of that once.
    """
    os.chdir(folder.parent)
    changes = json.loads((folder.parent / "changes.json").read_text())
    engine = FakeEngine(answer())

    def prepare() -> None:
        from grpc2connect.results import FileChange

        engine.answer = answer(
            *(
                FileChange(
                    folder / name,
                    (folder / name).read_bytes() if (folder / name).exists() else None,
                    after.encode("latin-1"),
                    tuple(units),
                )
                for name, after, units in changes
            ),
            entries=[],
        )

    before = snapshot(folder)
    prepare()
    migrate, undo = ["migrate", "--allow-no-vcs", str(folder)], ["undo", str(folder)]
    assert command(migrate, engine) == 0
    after = snapshot(folder)
    assert after != before
    assert command(undo, engine) == 0
    assert snapshot(folder) == before
    told = {"killed": 0, "mixed": 0}
    for at in range(1, most):
        code = command(migrate, engine, at)
        if code != -signal.SIGKILL:
            assert (code, snapshot(folder)) == (0, after)
            return told
        told["killed"] += 1
        now = snapshot(folder)
        for name, state in now.items():
            assert state in (before.get(name), after.get(name)) or ".grpc2connect-" in name, (at, name)
        assert not set(before) - set(now), at
        told["mixed"] += now not in (before, after)
        if at % 3 == 1:
            assert command(migrate, engine) == 0, at
            assert snapshot(folder) == after, at
        elif at % 3 == 2:
            command(undo, engine, at // 2)
        code = command(undo, engine)
        assert code == 0 or snapshot(folder) == before, (at, code)
        assert snapshot(folder) == before, at
    raise AssertionError(f"still at work after {most} operations")


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
