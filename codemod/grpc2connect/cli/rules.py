"""`grpc2connect rules` and `grpc2connect explain`: what the tool knows, and why it did what it did."""

from __future__ import annotations

import json
from pathlib import Path

import click

from grpc2connect.cli import codes
from grpc2connect.cli.completion import codes_and_files
from grpc2connect.cli.engine import RuleInfo
from grpc2connect.cli.help import Command
from grpc2connect.cli.output import Output
from grpc2connect.cli.session import held, open_session
from grpc2connect.cli.target import absolute
from grpc2connect.codes import CODES, FAMILY
from grpc2connect.config import suggestion
from grpc2connect.errors import Failure, Title
from grpc2connect.report import explain as explanation
from grpc2connect.report import text
from grpc2connect.results import RunResult


@click.command(cls=Command, short_help="List the rules.", epilog=codes.HELP)
@click.option("--json", "as_json", is_flag=True, help="As JSON on stdout.")
@click.option("--rules", "packs", multiple=True, metavar="PACK", help="Rules of your own, beside the built-in ones.")
def rules(*, as_json: bool, packs: tuple[str, ...]) -> int:
    """List the rules: code, family and title. `explain CODE` shows a rule's documentation.

    Rules that can do more with --unsafe say so: such an edit changes what a program does today.
    """
    output = Output("auto")
    catalogue = sorted(held().catalogue(packs), key=lambda rule: rule.code)
    if as_json:
        rows = [
            {"code": rule.code, "family": rule.family, "title": rule.title, "unsafe": rule.unsafe} for rule in catalogue
        ]
        output.raw((json.dumps(rows, indent=2) + "\n").encode())
        return codes.ExitCode.OK
    family = None
    for rule in catalogue:
        if rule.family != family:
            family = rule.family
            output.lines([output.out.bold(family)])
        output.lines([f"  {output.out.mark(rule.code)}  {rule.title}"])
        if rule.unsafe:
            output.lines([f"           {output.out.warn('with --unsafe:')} {rule.unsafe}"])
    return codes.ExitCode.OK


@click.command(cls=Command, short_help="Explain a rule, or what happens at a line.", epilog=codes.HELP)
@click.argument("what", metavar="CODE|TITLE|FILE:LINE", shell_complete=codes_and_files)
@click.option("--python", type=click.Path(path_type=Path), default=None, metavar="VENV",
              help="The project's virtual environment, for installed stubs.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For FILE:LINE.")
@click.option("--rules", "packs", multiple=True, metavar="PACK", help="Rules of your own, beside the built-in ones.")
@click.option("--unsafe", is_flag=True, help="For FILE:LINE: with the edits that --unsafe lets in.")
def explain(*, what: str, python: Path | None, form: str, packs: tuple[str, ...], unsafe: bool) -> int:
    """Explain a rule by its CODE, an error by its TITLE, or what is at FILE:LINE: what it is, by which facts, and what
    becomes of it.
    """
    path, line = _place(what)
    if path is None:
        if Path(what.partition(":")[0]).is_file():
            raise Failure(
                Title.NO_SUCH_PLACE,
                f"{what} is a file, and no place in it",
                "give FILE:LINE, with the number of a line",
            )
        return _explain_rule(what, list(held().catalogue(packs)))
    if path.is_file() and line < 1:
        raise Failure(Title.NO_SUCH_PLACE, f"{path} has no line {line}", "lines are counted from 1")
    if not path.is_file():
        raise Failure(
            Title.NO_SUCH_PLACE, f"{path} is not a file", "give FILE:LINE, or a rule code (see grpc2connect rules)"
        )
    only = absolute(path)
    session = open_session(held(), paths=(path,), python=python, rules=packs, unsafe=unsafe, explain=(only, line))
    result = session.run()
    output = session.output
    failed = [error for error in result.errors if error.path == only]
    output.notes(text.error_line(error, result.root, output.err) for error in failed)
    if not result.explained and not 0 < line <= len(path.read_bytes().splitlines()):
        raise Failure(Title.NO_SUCH_PLACE, f"{path} has no line {line}", "give a line of the file as it is now")
    if form == "json":
        output.raw(explanation.render(result, f"{path.as_posix()}:{line}").encode())
    else:
        nothing = [] if failed else [f"{what}: no gRPC reference here"]
        output.lines(_explain_line(result, only, line, output, packs) or nothing)
    return codes.of(result) if failed else codes.ExitCode.OK


def _place(what: str) -> tuple[Path | None, int]:
    """The path and line in `FILE:LINE` or `FILE:LINE:COLUMN`; no path if `what` is neither."""
    head, _, tail = what.rpartition(":")
    if not head or not tail.isdigit():
        return None, 0
    front, _, middle = head.rpartition(":")
    if front and middle.isdigit():
        return Path(front), int(middle)
    return Path(head), int(tail)


def _explain_rule(code: str, catalogue: list[RuleInfo]) -> int:
    output = Output("auto")
    error = next((title for title in Title if title.slug == code.lower()), None)
    if error is not None:
        output.lines([output.out.bold(f"error[{error.slug}]"), "", error.meaning, f"What to do: {error.remedy}"])
        output.lines(f"{code}: {CODES[code]}" for code in error.codes)
        return codes.ExitCode.OK
    if code.upper() in CODES:
        output.lines([output.out.bold(f"{code.upper()} ({FAMILY})"), "", f"{code.upper()}: {CODES[code.upper()]}"])
        return codes.ExitCode.OK
    rule = next((rule for rule in catalogue if rule.code.lower() == code.lower()), None)
    if rule is None:
        known = [*CODES, *(rule.code for rule in catalogue)]
        raise Failure(Title.UNKNOWN_CODE, f"no rule {code!r}", suggestion(code.upper(), known))
    output.lines([output.out.bold(f"{rule.code} ({rule.family})"), "", rule.documentation.strip()])
    if rule.unsafe:
        output.lines(["", f"With --unsafe: {rule.unsafe}"])
    return codes.ExitCode.OK


def _explain_line(result: RunResult, path: Path, line: int, output: Output, packs: tuple[str, ...]) -> list[str]:
    titles = {rule.code: rule.title for rule in held().catalogue(packs)} | CODES
    out = explanation.lines(result, titles, output.out)
    for finding in result.findings:
        if (finding.place.path, finding.place.line) == (path, line):
            out.append(text.finding_line(finding, result, output.out))
    return out
