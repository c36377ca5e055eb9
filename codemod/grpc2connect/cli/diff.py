"""`grpc2connect diff`: what a migration would do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from grpc2connect.cli import codes, pager
from grpc2connect.cli.help import Command
from grpc2connect.cli.session import Session, project_command, stage_option
from grpc2connect.cli.target import focus
from grpc2connect.cli.units import run_units, unit_option
from grpc2connect.errors import Failure, Title
from grpc2connect.report import diff as patches
from grpc2connect.report import groups, json_report
from grpc2connect.report.groups import By
from grpc2connect.report.stat import stat as statistics
from grpc2connect.results import FileChange, RunResult


@click.command(cls=Command, short_help="Show what would change; write nothing.", epilog=codes.HELP)
@project_command
@stage_option
@click.option(
    "--by",
    type=click.Choice([one.value for one in By]),
    default=None,
    help="In groups, each under a heading that says how it ended; `git apply` takes this too.",
)
@unit_option
@click.option("--stat", is_flag=True, help="How much changes in each file, instead of the patch.")
@click.option(
    "--output",
    "-o",
    "to",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Write the patch there, each hunk with its services, rules and states; as JSON to FILE.json.",
)
@click.option("--no-pager", is_flag=True, help="No pager, though stdout is a terminal.")  # fmt: skip
def diff(
    session: Session, *, by: str | None, stat: bool, to: Path | None, no_pager: bool, units: tuple[str, ...]
) -> int:
    """Show what would change, and write nothing.

    The patch goes to stdout and is taken by `git apply` as it is; findings, ledger and summary go to stderr. Given
    single files, it is what `migrate` would write for them: nothing of a service that needs other files too.
    """
    if stat and by is not None:
        raise Failure(Title.OPTIONS_CLASH, "--stat has a line for each file, and no groups", "leave out --by or --stat")
    narrowed = focus(run_units(session, units)[0], session.target.only)
    result = narrowed.result
    code = codes.of(result, remains=bool(result.changes or narrowed.blocked))
    grouping = By(by) if by else None
    if to is not None:
        _write(session, result, code, grouping, to)
    if (to is None or stat) and not session.as_json:
        _show(session, _face(session, result, grouping, stat=stat), paged=not no_pager)
    session.note_others(narrowed)
    return session.finish("diff", result, code, changed="would change", to_stderr=True)


def _face(session: Session, result: RunResult, by: By | None, *, stat: bool) -> bytes:
    """What goes to stdout."""
    base, paint = session.target.patch_base, session.output.out
    if stat:
        lines = statistics(result, _ordered(result), paint)
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
    if by is not None:
        return groups.render(result, by, base, _titles(session), colour=paint.on)
    return patches.patch(_ordered(result), base, colour=paint.on)


def _ordered(result: RunResult) -> list[FileChange]:
    """What belongs to no service, and is new, comes last: it is the least to read."""
    return sorted(result.changes, key=lambda change: (not change.units and change.before is None, change.path))


def _titles(session: Session) -> dict[str, str]:
    return {rule.code: rule.title for rule in session.engine.catalogue()}


def _show(session: Session, data: bytes, *, paged: bool) -> None:
    if paged and data and sys.stdout.isatty() and not session.output.quiet:
        program = pager.command(os.environ)
        if program is not None and pager.page(data, program):
            return
    session.output.raw(data)


def _write(session: Session, result: RunResult, code: codes.ExitCode, by: By | None, to: Path) -> None:
    if to.suffix == ".json":
        data = json_report.render(result, command="diff", exit_code=code, with_hunks=True).encode()
    elif by is not None:
        data = groups.render(result, by, session.target.patch_base, _titles(session))
    else:
        data = patches.patch(_ordered(result), session.target.patch_base, labels=True)
    try:
        to.write_bytes(data)
    except OSError as problem:
        what = f"{to}: cannot be written: {problem.strerror}"
        raise Failure(Title.OUTPUT_NOT_WRITTEN, what, "name a file that can be") from None
    session.output.notes([f"wrote {to}"])
