"""`grpc2connect undo`: take back what the last run wrote."""

from __future__ import annotations

from pathlib import Path

import click

from grpc2connect.cli import codes
from grpc2connect.cli.help import Command
from grpc2connect.cli.output import Output
from grpc2connect.cli.target import absolute
from grpc2connect.errors import Failure, Title
from grpc2connect.journal import Run, Undone, Writing, changed_since, runs, take_back
from grpc2connect.report.ledger import plural
from grpc2connect.report.paint import shown
from grpc2connect.report.stat import listed
from grpc2connect.report.text import error_line
from grpc2connect.sources import repository_of


@click.command(cls=Command, short_help="Take back what the last run wrote.", epilog=codes.HELP)
@click.argument("path", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--force", is_flag=True, help="Also what has changed since; a copy of it is kept, and named.")
@click.option("--list", "listed", is_flag=True, help="The runs that can be taken back, the next first.")
@click.option("--quiet", "-q", is_flag=True, help="Only errors and the last line.")
def undo(path: Path | None, *, force: bool, listed: bool, quiet: bool) -> int:
    """Take back what the last migrate or generate wrote, to the byte, with git or without; again: the one before.

    If files have changed since, they are named, and nothing is done. Commits that the run made stay in the history.
    """
    output = Output("auto", quiet=quiet)
    folder = absolute(path or Path.cwd())
    folder = repository_of(folder) or folder
    found = runs(folder)
    if listed:
        output.lines(_line(run, folder) for run in found)
        if not found:
            output.notes([f"no run is on record for {folder}"])
        return codes.ExitCode.OK
    if not found:
        what = f"there is nothing to undo for {folder}"
        raise Failure(Title.NOTHING_TO_UNDO, what, "name the folder that was migrated")
    return _undo(found[0], output, force=force)


def _undo(run: Run, output: Output, *, force: bool) -> int:
    record = Writing(run.home)
    try:
        changed = changed_since(run)
        if changed and not force:
            output.notes(
                f"{shown(path, run.root)}: has changed since the {run.command} of {run.started}" for path in changed
            )
            what = f"nothing is undone, because {plural(len(changed), 'file')} changed since"
            raise Failure(Title.CHANGED_SINCE, what, "put these back, or pass --force, which keeps a copy of each")
        undone = take_back(run)
    finally:
        record.close()
    return _told(run, undone, output)


def _told(run: Run, undone: Undone, output: Output) -> int:
    root = run.root
    if not output.quiet:
        output.lines(f"restored {name}" for name in listed(undone.restored, root))
        output.lines(f"removed {name}" for name in listed(undone.removed, root))
    output.lines(f"kept what {shown(path, root)} was as {copy}" for path, copy in undone.kept)
    output.notes(error_line(error, root, output.err) for error in undone.errors)
    done = f"{plural(len(undone.restored), 'file')} restored, {len(undone.removed)} removed"
    if undone.errors:
        what = f"the {run.command} of {run.started} is not undone as a whole: {done}"
        output.error(Failure(Title.UNDO_INCOMPLETE, what, "make these writable, then undo again"))
        return codes.ExitCode.FAILED_FILES
    output.lines([f"undid the {run.command} of {run.started}: {done}"])
    if run.commits:
        first, last = run.commits[0][:10], run.commits[-1][:10]
        output.notes(
            [
                f"its {plural(len(run.commits), 'commit')} ({first} to {last}) are in git still; "
                "commit this, or, if nobody has them yet and nothing else is staged or edited: "
                f"git reset {first}~"
            ]
        )
    return codes.ExitCode.OK


def _line(run: Run, folder: Path) -> str:
    files = run.files()
    state = "" if run.ended else ", interrupted"
    where = "" if run.root == folder else f" in {run.root}"
    return f"{run.started} {run.command}{where}: {plural(len(files), 'file')}{state}"
