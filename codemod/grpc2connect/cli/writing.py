"""Changes onto the disk: what belongs to one service is written as a whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterable

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
        return [], errors
    done = {id(change) for change in shared}
    for group in groups(change for change in ordered if change.units):
        failed = engine.write(group)
        errors += failed
        if not failed:
            done.update(map(id, group))
    return [change for change in ordered if id(change) in done], errors
