"""The command group, and the one place where failures become a line and an exit code."""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from itertools import pairwise

import click

from grpc2connect import __version__
from grpc2connect.cli import codes
from grpc2connect.cli.check import check
from grpc2connect.cli.completion import completion
from grpc2connect.cli.diff import diff
from grpc2connect.cli.engine import Engine, InstalledEngine
from grpc2connect.cli.failures import of_click
from grpc2connect.cli.generate import generate
from grpc2connect.cli.help import Group
from grpc2connect.cli.lsp import lsp
from grpc2connect.cli.migrate import migrate
from grpc2connect.cli.output import Output, forget_stdout
from grpc2connect.cli.report import report
from grpc2connect.cli.rules import explain, rules
from grpc2connect.cli.serve_guide import serve_guide
from grpc2connect.cli.session import hold
from grpc2connect.cli.test_rule import test_rule
from grpc2connect.cli.undo import undo
from grpc2connect.errors import Failure, Title


@click.group(
    cls=Group, epilog=codes.HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="grpc2connect", message="%(prog)s %(version)s")
def group() -> None:
    """Move Python code from grpc-python to Connect for Python.

    Start with `grpc2connect diff`: it writes nothing. Settings come from [tool.grpc2connect] in the nearest
    pyproject.toml above the first path; the command line goes before them.
    """


COMMANDS = (diff, migrate, undo, check, generate, report, rules, explain, serve_guide, lsp, test_rule, completion)
for command in COMMANDS:
    group.add_command(command)


def _output(arguments: Sequence[str]) -> Output:
    """Where failures are said, in the colour that was asked for, though the options may not have been understood."""
    given = [one.removeprefix("--color=") for one in arguments if one.startswith("--color=")]
    given += [value for name, value in pairwise(arguments) if name == "--color"]
    return Output(given[-1] if given else "auto")


def run(arguments: Sequence[str], engine: Engine | None = None) -> int:
    """Run the command line with `engine`, or the installed one, and hand back the exit code."""
    try:
        code = group.main(
            list(arguments), "grpc2connect", standalone_mode=False, obj=hold(engine or InstalledEngine(), arguments)
        )
        return int(code or 0)
    except click.exceptions.NoArgsIsHelpError as shown:
        shown.show()
        return codes.ExitCode.USAGE
    except click.ClickException as problem:
        _output(arguments).error(of_click(problem))
        return codes.ExitCode.USAGE
    except Failure as failure:
        _output(arguments).error(failure)
        return codes.ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        what, step = "stopped before the end", "run it again; what migrate has written, grpc2connect undo takes back"
        _output(arguments).error(Failure(Title.INTERRUPTED, what, step))
        return codes.ExitCode.INTERRUPTED
    except BrokenPipeError:
        forget_stdout()  # the reader has gone (`| head`), which is no fault
        return codes.ExitCode.OK
    except Exception as problem:
        if os.environ.get("G2C_TRACEBACK"):
            traceback.print_exc()
        step = "please report it, with what G2C_TRACEBACK=1 shows"
        _output(arguments).error(Failure(Title.INTERNAL, f"{type(problem).__name__}: {problem}", step))
        return codes.ExitCode.INTERNAL
