"""Changes onto the disk: what belongs to one service is written as a whole, or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace

from grpc2connect.cli.engine import Engine
from grpc2connect.cli.target import groups
from grpc2connect.results import FileChange, FileError


def write(changes: Iterable[FileChange], engine: Engine) -> tuple[list[FileChange], list[FileError]]:
    """The changes that were written, and an error for each file that could not be.

    What belongs to no service (the runtime, requirements) is for all of them: it comes first, and if it fails nothing
    is written.
    """
    ordered = list(changes)
    shared = [change for change in ordered if not change.units]
    errors = engine.write(shared)
    if errors:
        return [], _first(errors)
    done: set[int] = set()
    moving = False
    for group in groups(change for change in ordered if change.units):
        failed = engine.write(group)
        errors += _first(failed)
        if not failed:
            moving = True
            done.update(map(id, group))
    if moving or len(shared) == len(ordered):
        done.update(map(id, shared))
    else:
        take_back(shared, engine)
    return [change for change in ordered if id(change) in done], errors


def _first(errors: list[FileError]) -> list[FileError]:
    """One of the errors of a group that was not written: the rest mostly say the same of other files."""
    if len(errors) < 2:
        return errors
    first = errors[0]
    return [replace(first, message=f"{first.message} (as {len(errors) - 1} more that belong together with it)")]


def take_back(changes: list[FileChange], engine: Engine) -> None:
    """Undo changes that were written: what all services need where none of them moved, or what is not committed."""
    engine.write(
        [
            FileChange(change.path, None if change.deletes else change.after, change.before)
            for change in changes
            if change.before is not None
        ]
    )
    for change in changes:
        if change.before is None:
            change.path.unlink(missing_ok=True)
    for folder in sorted({change.path.parent for change in changes}, reverse=True):
        with contextlib.suppress(OSError):
            folder.rmdir()
