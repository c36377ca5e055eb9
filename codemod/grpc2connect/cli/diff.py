"""`grpc2connect diff`: what a migration would do."""

from __future__ import annotations

import click

from grpc2connect.cli import codes
from grpc2connect.cli.help import Command
from grpc2connect.cli.session import Session, project_command, stage_option
from grpc2connect.cli.target import focus
from grpc2connect.report import diff as patches


@click.command(cls=Command, short_help="Show what would change; write nothing.", epilog=codes.HELP)
@project_command
@stage_option
def diff(session: Session) -> int:
    """Show what would change, and write nothing.

    The patch goes to stdout and is taken by `git apply` as it is; findings, ledger and summary go to stderr. Given
    single files, it is what `migrate` would write for them: nothing of a service that needs other files too.
    """
    narrowed = focus(session.run(), session.target.only)
    result = narrowed.result
    code = codes.of(result, remains=bool(result.changes or narrowed.blocked))
    if not session.as_json:
        changes = sorted(result.changes, key=lambda change: (not change.units and change.before is None, change.path))
        session.output.raw(patches.patch(changes, session.target.patch_base, colour=session.output.out.on))
    session.note_others(narrowed)
    return session.finish("diff", result, code, changed="would change", to_stderr=True)
