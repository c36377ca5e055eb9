"""`grpc2connect serve-guide`: which servers carry what of a migrated program, and how to run it with them."""

from __future__ import annotations

import json

import click

from grpc2connect.cli import codes
from grpc2connect.cli.help import Command
from grpc2connect.cli.session import Session, project_command
from grpc2connect.config import suggestion
from grpc2connect.errors import Failure, Title
from grpc2connect.report.text import error_line


@click.command(
    "serve-guide", cls=Command, short_help="Which servers run the migrated program, and how.", epilog=codes.HELP
)
@project_command
@click.option("--server", "servers", multiple=True, metavar="NAME", help="Only this server; may be repeated.")
@click.option("--program", "wanted", default=None, metavar="MODULE", help="Only the server of this module or file.")
@click.option("--app-module", is_flag=True, help="Print the module with `app` and `wsgi_app` that servers import.")
def serve_guide(session: Session, *, servers: tuple[str, ...], wanted: str | None, app_module: bool) -> int:
    """Print, for each server that a migrated project makes, which servers carry its kinds of RPC and protocols.

    Reads the files and runs nothing. What it says of servers is a table that is tried on the real ones.
    """
    from grpc2connect.serving import faces, guide
    from grpc2connect.serving.table import table

    for name in set(servers) - {one.name for one in table().servers}:
        known = [one.name for one in table().servers]
        raise Failure(Title.UNKNOWN_SERVER, f"no server is called {name!r}", suggestion(name, known))
    project, errors = guide.load(session.options)
    root = session.options.root
    session.output.notes(error_line(error, root, session.output.err) for error in errors)
    every = guide.guides(project, servers)
    found = [one for one in every if wanted is None or one.is_called(wanted, root)]
    names = ", ".join(dict.fromkeys(faces.name_of(one, every, root) for one in every))
    if wanted is not None and not found:
        step = f"there are {names}" if names else "none is made anywhere here: name the migrated project's folder"
        raise Failure(Title.NO_SERVER_FOUND, f"no server is made in {wanted}", step)
    if not found and not project.applications and not project.handed:
        step = "name its folder, or run `grpc2connect migrate` first"
        raise Failure(Title.NO_SERVER_FOUND, "no migrated server was found here", step)
    code = codes.ExitCode.FAILED_FILES if errors else codes.ExitCode.OK
    if app_module:
        if len(found) != 1:
            many = "several servers are" if found else "no server is"
            raise Failure(Title.NO_SERVER_FOUND, f"{many} made here", f"name one by --program: {names}")
        session.output.notes(f"to be filled in: {hole}" for hole in found[0].module.holes)
        session.output.notes(found[0].module.warnings)
        session.output.raw(found[0].module.text.encode())
        return code
    if session.as_json:
        data = faces.as_json(found, project, root)
        session.output.raw((json.dumps(data, indent=2) + "\n").encode())
    else:
        session.output.lines(faces.text(found, project, root))
    return code
