"""Codecs that old versions of protobuf can work with.

connectrpc 0.13 gives codecs the messages of gRPC's framing as `bytearray`, which its codec for google.protobuf passes
on. protobuf before 5.28 takes `bytes` only: "expected bytes, bytearray found". Code generated before 2024 is for such a
protobuf, and would otherwise fail in every call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from google.protobuf.empty_pb2 import Empty

__all__ = ["client_codec", "fitting", "fitting_all"]


class _OfBytes:
    """A codec that is given bytes."""

    def __init__(self, codec: Any) -> None:
        self._codec = codec

    def name(self) -> str:
        found: str = self._codec.name()
        return found

    def encode(self, message: Any) -> bytes:
        encoded: bytes = self._codec.encode(message)
        return encoded

    def decode(self, data: bytes | bytearray, message_class: type[Any]) -> Any:
        return self._codec.decode(bytes(data), message_class)


@cache
def _needs_bytes() -> bool:
    try:
        Empty.FromString(bytearray())  # type: ignore[arg-type]
    except TypeError:
        return True
    return False


def fitting(codec: Any, *, needed: Callable[[], bool] = _needs_bytes) -> Any:
    """Return a codec that works with the protobuf that is installed: this one, or one around it."""
    return _OfBytes(codec) if needed() and codec.name() == "proto" else codec


def fitting_all(codecs: Iterable[Any] | None) -> list[Any] | None:
    """Return the same of several; None stays None."""
    return None if codecs is None else [fitting(codec) for codec in codecs]


def client_codec(client_class: Any) -> dict[str, Any]:
    """Return the `codec` argument that a generated client needs, if its own default would not do."""
    if not _needs_bytes():
        return {}
    given = inspect.signature(client_class).parameters.get("codec")
    default = None if given is None else given.default
    return {} if default is None or default is inspect.Parameter.empty else {"codec": fitting(default)}
