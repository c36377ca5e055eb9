"""The report as one page of HTML that needs nothing else: no server, no network, and no script to be read.

The page holds its style and its script, and a policy that lets the browser run these two alone, told by their hashes.
All that comes from the project is escaped by the template, and none of it stands in the script. What is looked at is
made in `view`; `page.html.j2` says how it stands on the page.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from grpc2connect.report.document import Document
from grpc2connect.report.page.view import view


def render(document: Document) -> str:
    """The page; the same report gives the same bytes."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    style, script = _part("page.css"), _part("page.js")
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined
    )
    environment.filters["prose"] = _prose
    environment.filters["grouped"] = "{:,}".format
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    page = environment.from_string(_part("page.html.j2"))
    # Both are files of this package, and hold nothing of the project.
    return page.render(view=view(document), style=Markup(style), script=Markup(script), policy=policy)


def _part(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _prose(text: str) -> str:
    """A paragraph of documentation: what stands between backticks is code."""
    from markupsafe import Markup

    pieces = text.split("`")
    out = Markup("")
    for index, piece in enumerate(pieces):
        code = index % 2 == 1 and index < len(pieces) - 1
        out += Markup("<code>{}</code>").format(piece) if code else Markup("{}").format(piece)
    return out
