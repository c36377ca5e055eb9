"""`grpc2connect migrate`: write it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import click

from grpc2connect.cli import codes
from grpc2connect.cli.help import Command
from grpc2connect.cli.recorded import Commit, Written, carry_out, finish
from grpc2connect.cli.session import Session, project_command, stage_option
from grpc2connect.cli.target import Focus, focus
from grpc2connect.cli.units import joined, run_units, unit_option
from grpc2connect.errors import Failure, Title
from grpc2connect.journal import Part, Run, interrupted
from grpc2connect.options import Choices
from grpc2connect.report.ledger import plural
from grpc2connect.report.paint import shown
from grpc2connect.report.stat import listed
from grpc2connect.report.text import error_line
from grpc2connect.results import RunResult
from grpc2connect.review.messages import message
from grpc2connect.review.parts import Per, by_unit, moving, portions, steps
from grpc2connect.sources import commit, dirty_files, repository_of, why_no_commit


@click.command(cls=Command, short_help="Migrate the project.", epilog=codes.HELP)
@project_command
@stage_option
@unit_option
@click.option("--interactive", "-i", is_flag=True, help="Ask about each place; a service still moves as a whole.")
@click.option(
    "--commit-per",
    type=click.Choice([one.value for one in Per]),
    default=None,
    help="Commit what is written: a commit per service, rule or stage; new modules and renames by themselves.",
)
@click.option("--no-verify", is_flag=True, help="With --commit-per: without the repository's commit hooks.")
@click.option("--allow-dirty", is_flag=True, help="Write although git has edits that are not committed.")
@click.option("--allow-no-vcs", is_flag=True, help="Write although git could not bring the files back.")  # fmt: skip
def migrate(
    session: Session,
    *,
    interactive: bool,
    commit_per: str | None,
    no_verify: bool,
    allow_dirty: bool,
    allow_no_vcs: bool,
    units: tuple[str, ...],
) -> int:
    """Migrate the project: rewrite its files, add the generated modules and the runtime.

    Given single files, as by pre-commit, a service moves only if all files that have to change with it are given;
    the others are named. If the ledger does not add up, nothing is written. `grpc2connect undo` takes it back.
    """
    per = Per(commit_per) if commit_per else None
    pending = interrupted(session.target.patch_base)
    if pending is not None:
        return _finish(session, pending, _committer(session, verify=not no_verify))
    _ask_git(session, allow_dirty=allow_dirty, allow_no_vcs=allow_no_vcs)
    if interactive or per is Per.UNIT:
        with session.engine.kept():
            return _migrate(session, per, units, interactive=interactive, verify=not no_verify)
    return _migrate(session, per, units, interactive=False, verify=not no_verify)


def _migrate(session: Session, per: Per | None, units: tuple[str, ...], *, interactive: bool, verify: bool) -> int:
    whole, choices = run_units(session, units)
    narrowed = focus(whole, session.target.only)
    result = narrowed.result
    if not result.audit.holds:
        what = "nothing is written, because the ledger does not add up"
        session.output.error(Failure(Title.LEDGER, what, "please report it, with the lines that begin with `ledger:`"))
        return session.finish("migrate", result, codes.of(result), changed="would change", to_stderr=False)
    session.note_first(result)
    if interactive:
        from grpc2connect.cli.interactive import decide

        decided = decide(session, result, lambda wanted: _planned(session, joined(choices, wanted)).result)
        if decided is None:
            return codes.ExitCode.OK
        result, choices = decided[0], joined(choices, decided[1])
        narrowed = replace(narrowed, result=result)
    if per is None:
        parts = [Part(result.changes)]
    else:
        _ask_git_to_commit(session, result)
        parts = _parts(session, result, per, choices)
    written = carry_out(session, "migrate", parts, _committer(session, verify=verify))
    return _told(session, narrowed, written)


def _planned(session: Session, choices: Choices) -> Focus:
    return focus(session.run(choices), session.target.only)


def _parts(session: Session, result: RunResult, per: Per, choices: Choices) -> list[Part]:
    titles = {rule.code: rule.title for rule in session.engine.catalogue()}
    if per is Per.UNIT:

        def without(units: tuple[str, ...]) -> RunResult:
            return _planned(session, replace(choices, stay=(*choices.stay, *units))).result

        found = by_unit(steps(moving(result), without, result))
    else:
        found = portions(result, per, titles)
    return [
        Part(one.changes, message(one, per, result, last=index == len(found) - 1)) for index, one in enumerate(found)
    ]


def _told(session: Session, narrowed: Focus, written: Written) -> int:
    """Say what was written, and hand back the exit code."""
    result = narrowed.result
    paths = {change.path for change in written.changes}
    result = replace(
        result,
        changes=tuple(change for change in result.changes if change.path in paths),
        errors=(*result.errors, *written.errors),
    )
    code = codes.of(result, remains=bool(narrowed.blocked))
    if not session.as_json and not session.output.quiet:
        # A file that several commits have changed is as the last one has it.
        last = {change.path: change.deletes for change in written.changes}
        for verb, deletes in (("wrote", False), ("deleted", True)):
            names = listed((path for path, gone in last.items() if gone == deletes), result.root)
            session.output.lines(f"{verb} {name}" for name in names)
        session.output.lines(f"committed {name[:10]} {title}" for name, title in written.commits)
    if written.stopped:
        _say_stopped(session, written)
        code = max(code, codes.ExitCode.FAILED_FILES)
    session.note_others(narrowed)
    session.note_requirements(result)
    return session.finish("migrate", result, code, changed="written", to_stderr=False)


def _finish(session: Session, run: Run, committer: Commit) -> int:
    """End what was interrupted; what remains to be done is for the next run."""
    written = finish(session, run, committer)
    session.output.notes(error_line(error, session.target.patch_base, session.output.err) for error in written.errors)
    session.output.lines(f"committed {name[:10]} {title}" for name, title in written.commits)
    if written.stopped:
        _say_stopped(session, written)
    else:
        files = plural(len({change.path for change in written.changes}), "file")
        session.output.lines(
            [f"finished the {run.command} of {run.started}, which was interrupted: {files} are as it was to write them"]
        )
    return codes.ExitCode.FAILED_FILES if written.errors or written.stopped else codes.ExitCode.OK


def _say_stopped(session: Session, written: Written) -> None:
    step = "do what it says, then run again; the files are as the last commit has them"
    session.output.error(Failure(Title.COMMIT_FAILED, written.stopped, step))


def _committer(session: Session, *, verify: bool) -> Callable[[Part], str]:
    repository = session.target.patch_base
    return lambda part: commit(repository, [change.path for change in part.changes], part.message, verify=verify)


def _ask_git_to_commit(session: Session, result: RunResult) -> None:
    if session.target.repository is None:
        what = f"--commit-per needs a git repository, and {session.target.root} is in none"
        raise Failure(Title.CANNOT_COMMIT, what, "git init and commit first")
    why = why_no_commit(session.target.repository, [change.path for change in result.changes])
    if why:
        cause, _, step = why.partition("; ")
        raise Failure(Title.CANNOT_COMMIT, f"--commit-per: {cause}", step)


def _ask_git(session: Session, *, allow_dirty: bool, allow_no_vcs: bool) -> None:
    """Refuse, before anything else is done, to write what git could not bring back."""
    target = session.target
    asked = sorted(target.only) if target.only is not None else list(target.paths)
    outside = next((path for path in asked if repository_of(path) is None), None)
    if outside is not None and not allow_no_vcs:
        folder = outside if outside.is_dir() else outside.parent
        what = f"{folder} is not in a git repository"
        raise Failure(Title.NOT_IN_GIT, what, "git init and commit, or pass --allow-no-vcs")
    if allow_dirty:
        return
    edited = dirty_files(asked, staged_is_fine=target.only is not None)
    if edited:
        names = ", ".join(shown(path, target.patch_base) for path in edited[:3]) + (", ..." if len(edited) > 3 else "")
        state = "edits that are not staged" if target.only is not None else "edits that are not committed"
        what = f"{target.patch_base} has {state} ({names})"
        raise Failure(Title.UNCOMMITTED_EDITS, what, "commit or stash them, or pass --allow-dirty")
