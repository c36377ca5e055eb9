"""Changes of names alone: `SayHello` where `say_hello` stands afterwards, and nothing else."""

from __future__ import annotations

import io
import re
import textwrap
import tokenize
from collections.abc import Iterable

from grpc2connect.report.hunks import Block

_NAME = re.compile(r"[^\W\d]\w*")


def renamed(block: Block) -> dict[str, str]:
    """The names that a block replaces, if it does nothing else; each new one is the old one spelled otherwise."""
    old, new = _tokens(block.before), _tokens(block.after)
    if not old or len(old) != len(new):
        return {}
    pairs = [(before, after) for before, after in zip(old, new, strict=True) if before != after]
    if not all(_NAME.fullmatch(a) and _NAME.fullmatch(b) and _plain(a) == _plain(b) for a, b in pairs):
        return {}
    return dict(pairs)


def told(pairs: Iterable[tuple[str, str]]) -> str:
    """`SayHello becomes say_hello`, the first few of them."""
    ordered = sorted(set(pairs))
    text = ", ".join(f"{old} becomes {new}" for old, new in ordered[:4])
    return text + (f", and {len(ordered) - 4} more" if len(ordered) > 4 else "")


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _tokens(lines: tuple[bytes, ...]) -> list[str]:
    """The texts of the tokens of some lines, comments and blanks included; none if they are no tokens by themselves."""
    text = textwrap.dedent(b"".join(lines).decode("latin-1"))
    found = []
    end = (1, 0)
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.start[0] == end[0]:
                found.append(" " * (token.start[1] - end[1]))
            found.append(token.string)
            end = token.end
    except (tokenize.TokenError, IndentationError, SyntaxError):
        # A block is often a part of a statement: brackets that are closed further down end the tokens, not the names.
        if not found:
            return []
    return found
