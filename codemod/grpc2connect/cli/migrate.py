"""`grpc2connect migrate`: write it."""

from __future__ import annotations

from dataclasses import replace

import click

from grpc2connect.cli import codes, git
from grpc2connect.cli.session import Session, project_command, usage
from grpc2connect.cli.target import focus
from grpc2connect.cli.writing import write
from grpc2connect.report.paint import shown


@click.command(short_help="Migrate the project.", epilog=codes.HELP)
@project_command
@click.option("--allow-dirty", is_flag=True, help="Write although git has edits that are not committed.")
@click.option("--allow-no-vcs", is_flag=True, help="Write although git could not bring the files back.")
def migrate(session: Session, *, allow_dirty: bool, allow_no_vcs: bool) -> int:
    """Migrate the project: rewrite its files, add the generated modules and the runtime.

    Given single files, as by pre-commit, a service moves only if all files that have to change with it are given;
    the others are named. If the ledger does not add up, nothing is written.
    """
    _ask_git(session, allow_dirty=allow_dirty, allow_no_vcs=allow_no_vcs)
    narrowed = focus(session.run(), session.target.only)
    result = narrowed.result
    if not result.audit.holds:
        session.output.notes(["nothing is written, because the ledger does not add up"])
        return session.finish("migrate", result, codes.of(result), changed="would change", to_stderr=False)
    done, failed = write(result.changes, session.engine)
    result = replace(result, changes=tuple(done), errors=(*result.errors, *failed))
    code = codes.of(result, remains=bool(narrowed.blocked))
    if not session.as_json and not session.output.quiet:
        session.output.lines(f"wrote {shown(change.path, result.root)}" for change in done)
    session.note_others(narrowed)
    session.note_requirements(result)
    return session.finish("migrate", result, code, changed="written", to_stderr=False)


def _ask_git(session: Session, *, allow_dirty: bool, allow_no_vcs: bool) -> None:
    """Refuse, before anything else is done, to write what git could not bring back."""
    target = session.target
    asked = sorted(target.only) if target.only is not None else list(target.paths)
    folders = {path if path.is_dir() else path.parent for path in asked}
    tops = {folder: git.top(folder) for folder in sorted(folders)}
    outside = [folder for folder, top in tops.items() if top is None]
    if outside and not allow_no_vcs:
        usage(f"{outside[0]} is not in a git repository; git init and commit, or pass --allow-no-vcs")
    if allow_dirty:
        return
    for top in sorted({top for top in tops.values() if top is not None}):
        mine = [path for path in asked if path.is_relative_to(top)]
        edited = git.dirty(top, mine, unstaged_only=target.only is not None)
        if edited:
            names = ", ".join(shown(path, top) for path in edited[:3]) + (", ..." if len(edited) > 3 else "")
            state = "edits that are not staged" if target.only is not None else "edits that are not committed"
            usage(f"{top} has {state} ({names}); commit or stash them, or pass --allow-dirty")
