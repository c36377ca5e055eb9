"""What the commits of a migration say: what moved and how it ended, and what a reviewer should look at."""

from __future__ import annotations

import textwrap
from collections import Counter

from grpc2connect import __version__
from grpc2connect.report.groups import kind_of, states, told_once
from grpc2connect.report.ledger import count, plural
from grpc2connect.results import RunResult
from grpc2connect.review.parts import NEW, Kind, Per, Portion
from grpc2connect.review.renames import told

_TITLE, _BODY = 72, 72
_MOST = 20
"""Findings in one message."""


def message(portion: Portion, per: Per, result: RunResult, *, last: bool) -> str:
    """The message of a portion's commit; `last` says that the migration is complete with it."""
    body = [_what(portion)]
    if portion.entries:
        counted = count(portion.entries)
        body.append(f"{plural(counted.references, 'reference')}: {states(counted)}.")
    body += _findings(portion, result)
    body += _order(portion, per, last=last)
    paragraphs = [textwrap.fill(text, _BODY, break_long_words=False, break_on_hyphens=False) for text in body if text]
    return "\n\n".join([_title(portion), *paragraphs, f"Made-by: grpc2connect {__version__}"]) + "\n"


def _title(portion: Portion) -> str:
    match portion.kind:
        case Kind.GENERATED:
            kinds = sorted({kind_of(change) for change in portion.changes})
            text = f"Add {kinds[0]}" if len(kinds) == 1 else "Add the Connect modules and what they need"
        case Kind.RENAMES:
            text = f"Rename as Connect does{_of(portion)}"
        case Kind.DELETED:
            text = "Delete what nothing uses any more"
        case Kind.IMPORTS:
            text = "Import what comes from Connect" if portion.subject == NEW else "Drop the imports that gRPC needed"
        case _ if portion.subject in ("server", "client", "cleanup"):
            what = {"server": "Serve with Connect", "client": "Call with Connect", "cleanup": "Drop what gRPC needed"}
            text = what[portion.subject]
        case _ if portion.subject.startswith("G2C"):
            text = portion.subject.rstrip(".")
        case _:
            text = f"Move {portion.subject or 'from gRPC'} to Connect"
    return textwrap.shorten(text, _TITLE, placeholder=" ...")


def _of(portion: Portion) -> str:
    return f": {portion.subject}" if portion.subject else ""


def _what(portion: Portion) -> str:
    match portion.kind:
        case Kind.GENERATED:
            found = Counter(kind_of(change) for change in portion.changes)
            sizes = ", ".join(f"{kind} ({plural(number, 'file')})" for kind, number in sorted(found.items()))
            return f"Made by tools, nothing to review line by line: {sizes}. Nothing imports the new modules yet."
        case Kind.RENAMES:
            return f"Names alone change: {told(portion.names.items())}."
        case Kind.IMPORTS:
            return "Import statements alone change."
        case _:
            return portion.subject if len(portion.subject) > _TITLE else ""


def _findings(portion: Portion, result: RunResult) -> list[str]:
    found = told_once(portion.findings, result)
    if len(found) > _MOST:
        found = [*found[:_MOST], f"and {len(found) - _MOST} more: grpc2connect report"]
    return [f"- {line}" for line in found]


def _order(portion: Portion, per: Per, *, last: bool) -> list[str]:
    """How the commit stands to those after it."""
    if portion.kind is Kind.GENERATED:
        return []
    if portion.kind is Kind.RENAMES:
        return ["The program runs again with the commit that follows." if per in (Per.UNIT, Per.ALL) else _PART]
    return [] if last or per in (Per.UNIT, Per.ALL) else [_PART]


_PART = "One of several commits that are one migration: the program runs after the last of them."
