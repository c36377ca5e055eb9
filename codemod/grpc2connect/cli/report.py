"""`grpc2connect report`: the run for people and machines, whole or in part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grpc2connect.cli import codes
from grpc2connect.cli.help import Command
from grpc2connect.cli.session import Session, project_command, side_option
from grpc2connect.errors import Failure, Title

if TYPE_CHECKING:
    from grpc2connect.report.document import Document

FORMATS = ("json", "sarif", "github", "html", "text", "markdown")


@click.command(
    cls=Command, short_help="Report as a page, JSON, SARIF, annotations, text or Markdown.", epilog=codes.HELP
)
@project_command
@side_option
@click.option("--format", "form", type=click.Choice(FORMATS), default="json", show_default=True)
@click.option(
    "--output",
    "-o",
    "to",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Write there instead of to stdout.",
)
@click.option(
    "--unit",
    "units",
    multiple=True,
    metavar="SERVICE",
    help="Show only this service, by its full name or its last part.",
)
@click.option(
    "--path",
    "globs",
    multiple=True,
    metavar="GLOB",
    help="Show only files that this pattern matches, as in .gitignore.",
)
@click.option("--owner", "owners", multiple=True, metavar="OWNER", help="Show only what is this owner's.")
@click.option("--since", default=None, metavar="REV", help="Show only files changed since HEAD left this revision.")
@click.option("--shard", default=None, metavar="I/N", help="Show part I of N; each service is whole in one part.")
@click.option("--merge", is_flag=True, help="PATHS are the JSON reports of all parts: put them together.")
@click.option(
    "--codeowners",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Who owns what; instead of the repository's CODEOWNERS.",
)
@click.option("--rules-url", default="", metavar="URL", help="Where docs/rules can be read, for links in SARIF.")
def report(
    session: Session,
    *,
    form: str,
    to: Path | None,
    units: tuple[str, ...],
    globs: tuple[str, ...],
    owners: tuple[str, ...],
    since: str | None,
    shard: str | None,
    merge: bool,
    codeowners: Path | None,
    rules_url: str,
) -> int:
    """Report every reference, finding and error; write no source file. Exit code 0 unless something failed.

    What is asked for in part (--unit, --path, --owner, --since, --shard) changes what is shown, never what is decided.
    """
    from grpc2connect.cli.reporting import Wishes, merged, reported

    wishes = Wishes(units, globs, owners, since, shard, codeowners)
    document = merged(session, wishes) if merge else reported(session, wishes)
    if session.as_json:
        form = "json"
    lines = _rendered(document, form, session, rules_url)
    data = lines.encode("utf-8", "backslashreplace")
    if to is None:
        session.output.raw(data)
    else:
        try:
            to.write_bytes(data)
        except OSError as problem:
            what = f"{to}: cannot be written: {problem.strerror}"
            raise Failure(Title.OUTPUT_NOT_WRITTEN, what, "name a file that can be") from None
    if form != "text":
        from grpc2connect.report import plain

        session.output.notes([plain.summary_line(document)])
    return document["exit_code"]


def _rendered(document: Document, form: str, session: Session, rules_url: str) -> str:
    """The report in a format; each is imported when it is asked for."""
    if form == "html":
        from grpc2connect.report import page

        return page.render(document)
    if form == "sarif":
        from grpc2connect.report import sarif

        over = sarif.left_out(document)
        if over:
            session.output.notes([f"{over} results left out, since {sarif.MOST_RESULTS} can be uploaded; use --shard"])
        return sarif.render(document, rules_url=rules_url)
    if form == "github":
        from grpc2connect.report import github

        return _joined(github.render(document))
    if form == "markdown":
        from grpc2connect.report import markdown

        return markdown.render(document)
    if form == "text":
        from grpc2connect.report import plain

        return _joined(plain.render(document, session.output.out))
    from grpc2connect.report import json_report

    return json_report.dump(document)


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
