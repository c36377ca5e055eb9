"""`grpc2connect completion`: what makes a shell complete commands, options, files and codes."""

from __future__ import annotations

import click

from grpc2connect.cli import codes
from grpc2connect.cli.help import Command
from grpc2connect.cli.output import Output
from grpc2connect.cli.session import held
from grpc2connect.codes import CODES
from grpc2connect.errors import Title

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_GRPC2CONNECT_COMPLETE"


@click.command(cls=Command, short_help="Print a script that makes your shell complete.", epilog=codes.HELP)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(*, shell: str) -> int:
    """Print the script that makes SHELL complete grpc2connect's commands, options, files and codes.

    \b
    bash  eval "$(grpc2connect completion bash)"            in ~/.bashrc
    zsh   eval "$(grpc2connect completion zsh)"             in ~/.zshrc
    fish  grpc2connect completion fish | source             in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    assert made is not None
    root = click.get_current_context().find_root().command
    Output("never").lines([made(root, {}, "grpc2connect", VARIABLE).source()])
    return codes.ExitCode.OK


def codes_and_files(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[object]:
    """What can stand after `explain`: the codes or titles of errors that begin so, or else files."""
    from click.shell_completion import CompletionItem

    known = [*CODES, *(rule.code for rule in held(ctx).catalogue())] if typed.upper().startswith("G2C") else []
    found = [CompletionItem(code) for code in sorted(known) if code.startswith(typed.upper())]
    if typed and not found:
        found = [CompletionItem(title.slug) for title in Title if title.slug.startswith(typed)]
    return list(found or [CompletionItem(typed, type="file")])
