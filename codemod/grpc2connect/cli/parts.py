"""`--shard I/N` on the command line."""

from __future__ import annotations

from grpc2connect.cli.session import usage
from grpc2connect.report import shards


def wished_part(text: str | None) -> shards.Shard | None:
    """The part that `--shard` names, if it is given."""
    try:
        return shards.parse(text) if text is not None else None
    except ValueError as problem:
        usage(f"--shard {problem}")
