"""What every call must answer, known to both sides."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

RICH = b"\x08\x09\x12\x04rich\x1a\x1c\x0a\x15type.googleapis.com/t\x12\x03abc"
"""A serialized google.rpc.Status: FAILED_PRECONDITION, "rich", one detail."""


def data(call: str, number: int, size: int) -> bytes:
    """The data of one message: it differs from call to call and from message to message."""
    seed = f"{call}/{number};".encode()
    return (seed * (size // len(seed) + 1))[:size]


def digest(parts: Iterable[bytes]) -> str:
    """A digest of the data of several messages."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()
