"""Writing on record: journal first, then the files; and what to do about a run that was interrupted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.cli.session import Session
from grpc2connect.cli.writing import take_back, write
from grpc2connect.errors import Failure, Title
from grpc2connect.journal import Part, Run, Writing, changed_since, sweep, writing
from grpc2connect.report.paint import shown
from grpc2connect.results import FileChange, FileError
from grpc2connect.sources import CommitFailed

Commit = Callable[[Part], str]
"""Commits what a part has written, and says as what; "" if there was nothing to commit. Raises `CommitFailed`."""


@dataclass
class Written:
    """What came of writing: the changes that were made, failures, commits (with their titles), and why it stopped."""

    changes: list[FileChange] = field(default_factory=list)
    errors: list[FileError] = field(default_factory=list)
    commits: list[tuple[str, str]] = field(default_factory=list)
    stopped: str = ""


def carry_out(session: Session, command: str, parts: Sequence[Part], commit: Commit) -> Written:
    """Write all parts, on record; nothing is written where there can be no record."""
    parts = [part for part in parts if part.changes]
    if not parts:
        return Written()
    with writing(session.target.patch_base, command, parts) as record:
        return _carry_out(session, parts, record, commit)


def finish(session: Session, run: Run, commit: Commit) -> Written:
    """Write what an interrupted run has not written."""
    changed = changed_since(run)
    if changed:
        what = f"the {run.command} of {run.started} was interrupted, and {names(changed, session)} changed since"
        step = "grpc2connect undo --force keeps a copy and takes that run back"
        raise Failure(Title.INTERRUPTED_RUN, what, step)
    sweep(run)
    with closing(Writing(run.home)) as record:
        written = _carry_out(session, run.parts()[run.parts_done :], record, commit)
        record.end()
        return written


def _carry_out(session: Session, parts: Sequence[Part], record: Writing, commit: Commit) -> Written:
    written = Written()
    for part in parts:
        done, failed = write(part.changes, session.engine)
        written.errors += failed
        try:
            if failed and part.message:
                raise CommitFailed("what cannot be written as a whole is not committed")
            name = commit(part) if part.message else ""
        except CommitFailed as problem:
            take_back(done, session.engine)
            written.stopped = str(problem)
            break
        written.changes += done
        record.part_done(name)
        if name:
            written.commits.append((name, part.message.partition("\n")[0]))
    return written


def names(paths: Sequence[Path], session: Session) -> str:
    """The first few of some files, for one line."""
    told = ", ".join(shown(path, session.target.patch_base) for path in paths[:3])
    return told + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
