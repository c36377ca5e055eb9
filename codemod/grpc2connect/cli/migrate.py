"""`grpc2connect migrate`: write it."""

from __future__ import annotations

from dataclasses import replace

import click

from grpc2connect.cli import codes
from grpc2connect.cli.help import Command
from grpc2connect.cli.session import Session, project_command, stage_option, usage
from grpc2connect.cli.target import focus
from grpc2connect.cli.writing import write
from grpc2connect.report.paint import shown
from grpc2connect.sources import dirty_files, repository_of


@click.command(cls=Command, short_help="Migrate the project.", epilog=codes.HELP)
@project_command
@stage_option
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
    session.note_first(result)
    done, failed = write(result.changes, session.engine)
    result = replace(result, changes=tuple(done), errors=(*result.errors, *failed))
    code = codes.of(result, remains=bool(narrowed.blocked))
    if not session.as_json and not session.output.quiet:
        verbs = {False: "wrote", True: "deleted"}
        session.output.lines(f"{verbs[change.deletes]} {shown(change.path, result.root)}" for change in done)
    session.note_others(narrowed)
    session.note_requirements(result)
    return session.finish("migrate", result, code, changed="written", to_stderr=False)


def _ask_git(session: Session, *, allow_dirty: bool, allow_no_vcs: bool) -> None:
    """Refuse, before anything else is done, to write what git could not bring back."""
    target = session.target
    asked = sorted(target.only) if target.only is not None else list(target.paths)
    outside = next((path for path in asked if repository_of(path) is None), None)
    if outside is not None and not allow_no_vcs:
        folder = outside if outside.is_dir() else outside.parent
        usage(f"{folder} is not in a git repository; git init and commit, or pass --allow-no-vcs")
    if allow_dirty:
        return
    edited = dirty_files(asked, staged_is_fine=target.only is not None)
    if edited:
        names = ", ".join(shown(path, target.patch_base) for path in edited[:3]) + (", ..." if len(edited) > 3 else "")
        state = "edits that are not staged" if target.only is not None else "edits that are not committed"
        usage(f"{target.patch_base} has {state} ({names}); commit or stash them, or pass --allow-dirty")
