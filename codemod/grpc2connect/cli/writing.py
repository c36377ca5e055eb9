"""Changes onto the disk, in order; one that fails is reported and the others go on."""

from __future__ import annotations

from collections.abc import Iterable

from grpc2connect.cli.engine import Engine
from grpc2connect.results import FileChange, FileError

CHANGED_MEANWHILE = "G2C090"
NOT_WRITTEN = "G2C091"


def write(changes: Iterable[FileChange], engine: Engine) -> tuple[list[FileChange], list[FileError]]:
    """The changes that were written, and an error for each that was not."""
    done: list[FileChange] = []
    errors: list[FileError] = []
    for change in changes:
        try:
            current = change.path.read_bytes() if change.path.exists() else None
            if current == change.after:
                done.append(change)
                continue
            if current != change.before:
                errors.append(
                    FileError(change.path, CHANGED_MEANWHILE, "changed while the run was under way", "run again")
                )
                continue
            change.path.parent.mkdir(parents=True, exist_ok=True)
            engine.write(change.path, change.after)
        except OSError as problem:
            reason = problem.strerror or str(problem)
            errors.append(FileError(change.path, NOT_WRITTEN, f"was not written: {reason}", "correct it and run again"))
        else:
            done.append(change)
    return done, errors
