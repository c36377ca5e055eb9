"""`grpc2connect lsp`: the server that an editor starts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from grpc2connect.cli import codes
from grpc2connect.cli.help import Command
from grpc2connect.cli.target import absolute
from grpc2connect.errors import Failure, Title

_ANSWERS = "import sys; sys.path[:0] = sys.argv[1:]; from grpc2connect.cli.lsp_answers import main; main()"


@click.command(cls=Command, short_help="Serve an editor, by the Language Server Protocol.", epilog=codes.HELP)
@click.option("--python", type=click.Path(path_type=Path), default=None, metavar="VENV",
              help="The project's virtual environment: installed stubs are read there, nothing is run.")  # fmt: skip
@click.option("--rules", "packs", multiple=True, metavar="PACK", help="Rules of your own, beside the built-in ones.")
@click.option("--unsafe", is_flag=True, help="With the edits that change what the program does today.")
@click.option("--rules-url", default="", metavar="URL", help="Where docs/rules can be read, for the links of codes.")
@click.option("--delay", type=click.FloatRange(0, 60), default=0.5, metavar="SECONDS", show_default=True,
              help="How long nothing must have been typed before the project is looked at.")  # fmt: skip
def lsp(*, python: Path | None, packs: tuple[str, ...], unsafe: bool, rules_url: str, delay: float) -> int:
    """Serve an editor: diagnostics as one types, hovers and edits, by the Language Server Protocol on stdin and stdout.

    Settings come from the project's pyproject.toml. The server writes no file: the editor makes the edits, and can
    take them back. docs/editor.md has what to put into VS Code, Neovim, Helix and others.
    """
    try:
        import pygls  # noqa: F401
    except ImportError:
        step = "pip install 'pygls>=2,<3' (the extra grpc2connect[editor])"
        raise Failure(Title.EXTRA_MISSING, "lsp needs pygls, which is not installed", step) from None
    from grpc2connect.editor.questions import Settings
    from grpc2connect.editor.server import serve

    named = tuple(str(absolute(Path(one))) if os.path.exists(one) else one for one in packs)
    serve(_command(), Settings(absolute(python) if python else None, named, unsafe), rules_url, delay)
    return codes.ExitCode.OK


def _command() -> list[str]:
    """Isolated (-I), so that no folder of a project gets on the path and none of its code is run."""
    here = {"", os.getcwd()}
    return [sys.executable, "-I", "-c", _ANSWERS, *(path for path in sys.path if path not in here)]
