"""Failures of the command line itself, as click reports them, in the terms of the tool's own errors."""

from __future__ import annotations

import difflib
import re

import click

from grpc2connect.errors import Failure, Title

_COMMAND = re.compile(r"No such command '(.*)'")


def of_click(problem: click.ClickException) -> Failure:
    """What click has found, with a title and a next step: the nearest name there is, or the page to look at."""
    context: click.Context | None = getattr(problem, "ctx", None)
    near = getattr(problem, "possibilities", None) or _commands_like(problem, context)
    cause = problem.message if near else problem.format_message()
    page = f"see {context.command_path if context is not None else 'grpc2connect'} --help"
    step = f"did you mean {' or '.join(map(repr, near))}?" if near else page
    return Failure(_title(problem), cause.rstrip("."), step)


def _commands_like(problem: click.ClickException, context: click.Context | None) -> list[str]:
    """The commands that are nearly what was typed; click before 8.4 does not look for them."""
    typed = _COMMAND.match(problem.message)
    if typed is None or context is None or not isinstance(context.command, click.Group):
        return []
    return difflib.get_close_matches(typed[1], context.command.commands)


def _title(problem: click.ClickException) -> Title:
    match problem:
        case click.NoSuchOption():
            return Title.UNKNOWN_OPTION
        case click.MissingParameter():
            return Title.BAD_USAGE
        case click.BadParameter():
            return Title.BAD_VALUE
        case _ if _COMMAND.match(problem.message):
            return Title.UNKNOWN_COMMAND
        case _:
            return Title.BAD_USAGE
