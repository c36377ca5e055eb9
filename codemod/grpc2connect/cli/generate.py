"""`grpc2connect generate`: only the `*_connect.py` modules."""

from __future__ import annotations

from dataclasses import replace

import click

from grpc2connect.cli import codes
from grpc2connect.cli.help import Command
from grpc2connect.cli.recorded import carry_out
from grpc2connect.cli.session import Session, project_command
from grpc2connect.journal import Part
from grpc2connect.report.stat import listed


@click.command(cls=Command, short_help="Write only the *_connect.py modules.", epilog=codes.HELP)
@project_command
def generate(session: Session) -> int:
    """Write the *_connect.py modules beside the existing stubs, and refresh a vendored runtime; nothing else."""
    result = session.generate()
    written = carry_out(session, "generate", [Part(result.changes)], lambda part: "")
    done = written.changes
    result = replace(result, changes=tuple(done), errors=(*result.errors, *written.errors))
    if not session.as_json and not session.output.quiet:
        session.output.lines(f"wrote {name}" for name in listed((change.path for change in done), result.root))
    return session.finish("generate", result, codes.of(result), changed="written", to_stderr=False, counted=False)
