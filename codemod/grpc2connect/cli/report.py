"""`grpc2connect report`: the run for machines."""

from __future__ import annotations

from pathlib import Path

import click

from grpc2connect.cli import codes
from grpc2connect.cli.session import Session, project_command, usage
from grpc2connect.cli.target import focus
from grpc2connect.report import github, json_report, ledger


@click.command(short_help="Report as JSON or as GitHub annotations.", epilog=codes.HELP)
@project_command
@click.option("--format", "form", type=click.Choice(["json", "github"]), default="json", show_default=True)
@click.option("--output", "-o", "to", type=click.Path(path_type=Path, dir_okay=False), default=None, metavar="FILE",
              help="Write there instead of to stdout.")  # fmt: skip
def report(session: Session, *, form: str, to: Path | None) -> int:
    """Report every reference, finding and error; write no source file. Exit code 0 unless something failed."""
    result = focus(session.run(), session.target.only).result
    code = codes.of(result)
    if form == "json" or session.as_json:
        data = json_report.render(result, command="report", exit_code=code).encode()
    else:
        data = "".join(f"{line}\n" for line in github.render(result)).encode("utf-8", "backslashreplace")
    if to is None:
        session.output.raw(data)
    else:
        try:
            to.write_bytes(data)
        except OSError as problem:
            usage(f"{to}: cannot be written: {problem.strerror}")
    session.output.notes(ledger.audit_lines(result))
    session.output.notes([ledger.summary_line(result)])
    return code
