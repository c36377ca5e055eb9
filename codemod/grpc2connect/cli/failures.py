"""Failures of the command line itself, as click reports them, in the terms of the tool's own errors."""

from __future__ import annotations

import click

from grpc2connect.errors import Failure, Title


def of_click(problem: click.ClickException) -> Failure:
    """What click has found, with a title and a next step: the nearest name there is, or the page to look at."""
    context = getattr(problem, "ctx", None)
    page = f"see {context.command_path if context is not None else 'grpc2connect'} --help"
    near = getattr(problem, "possibilities", None)
    cause = problem.message if near else problem.format_message()
    step = f"did you mean {' or '.join(map(repr, near))}?" if near else page
    return Failure(_title(problem), cause.rstrip("."), step)


def _title(problem: click.ClickException) -> Title:
    match problem:
        case click.NoSuchOption():
            return Title.UNKNOWN_OPTION
        case click.MissingParameter():
            return Title.BAD_USAGE
        case click.BadParameter():
            return Title.BAD_VALUE
        case _ if "command" in problem.message and getattr(problem, "command_name", None) is not None:
            return Title.UNKNOWN_COMMAND
        case _:
            return Title.BAD_USAGE
