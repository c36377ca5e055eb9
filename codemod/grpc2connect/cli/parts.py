"""`--shard I/N` on the command line."""

from __future__ import annotations

from grpc2connect.errors import Failure, Title
from grpc2connect.report import shards


def wished_part(text: str | None) -> shards.Shard | None:
    """The part that `--shard` names, if it is given."""
    try:
        return shards.parse(text) if text is not None else None
    except ValueError as problem:
        raise Failure(Title.BAD_VALUE, f"--shard {problem}", "give I/N, as 2/4 for part 2 of 4") from None
