"""How large the messages may be that this side sends: `grpc.max_send_message_length`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["excess", "send_limit"]

_OPTION = "grpc.max_send_message_length"


def send_limit(options: Sequence[tuple[str, Any]]) -> int | None:
    """Return the bytes that channel or server options allow for a message; None for any number, as without them.

    Args:
        options: with their names as text (`channel_options.named`).
    """
    given = [int(value) for key, value in options if key == _OPTION]
    return given[-1] if given and given[-1] >= 0 else None


def excess(message: Any, limit: int | None) -> str | None:
    """Return what grpcio says of a message that is too large; None of one that is not.

    Args:
        message: a message of protobuf, or one in bytes.
        limit: what `send_limit` returns.

    Source: what grpcio 1.85 answers, after `CLIENT: ` or `SERVER: `.
    """
    if limit is None:
        return None
    by_message = getattr(message, "ByteSize", None)
    size = len(message) if by_message is None else by_message()
    return f"Sent message larger than max ({size} vs. {limit})" if size > limit else None
