"""Metadata that this side sends."""

from __future__ import annotations

import re
from typing import Any

from connectrpc.code import Code
from connectrpc.request import Headers

from .errors import CallError
from .metadata import encoded, pairs
from .metadata import metadata as as_metadata

__all__ = ["SentHeaders", "headers"]

_KEY = re.compile(r"[0-9a-z_.-]+")
_VALUE = re.compile(rb"[\x20-\x7e]*")


def _text(key: str, value: Any) -> str:
    if key.endswith("-bin"):
        if not isinstance(value, bytes):
            raise TypeError(f'Binary metadata key="{key}" expected bytes, got {type(value)}')
        return encoded(value)
    if value is None:
        return ""
    if isinstance(value, str):
        value = value.encode()
    if not isinstance(value, bytes):
        raise TypeError(f"Expected str, not {type(value)}")
    if not _VALUE.fullmatch(value):
        raise CallError(Code.INTERNAL, "Invalid metadata")
    return value.decode("ascii")


class SentHeaders(Headers):
    """The headers of a call, and the list or tuple of which they were made: interceptors are shown that, as in grpcio.

    They add to it, and a list and a tuple do not add up.
    """

    given: Any = None

    def metadata(self) -> Any:
        """Return what the headers were made of, or what they are now, if they have been changed since."""
        same = self.given is not None and list(self.allitems()) == list(_made_of(self.given).allitems())
        return self.given if same else as_metadata(self)


def headers(metadata: Any) -> Headers | None:
    """Return the `headers=` argument of a Connect call for the `metadata=` of a gRPC call.

    Args:
        metadata: a sequence of `(key, value)` pairs, a `grpc.aio.Metadata`, a mapping, `Headers` (taken as they are),
            or None. Keys are lower-case; values are str or bytes, and None is sent as the empty str. Those of keys that
            end in `-bin` are bytes, sent as base64 without padding, as gRPC does.

    Raises:
        CallError: INTERNAL "Invalid metadata", for a key or value that gRPC refuses to send.
        TypeError: a key or a value is neither str nor bytes, or a value of a `-bin` key no bytes; in grpcio's words.

    Native form: `headers={"key": "value"}` or `Headers([...])`. Go there where keys are literals without `-bin`.

    Source: what a grpcio 1.85 sync call answers; gRPC over HTTP/2, "Custom-Metadata".
    """
    if metadata is None or isinstance(metadata, Headers):
        return metadata
    result = _made_of(metadata)
    if isinstance(metadata, list | tuple):
        result.given = metadata
    return result


def _made_of(metadata: Any) -> SentHeaders:
    result = SentHeaders()
    for key, value in pairs(metadata):
        if isinstance(key, bytes):
            key = key.decode("ascii")
        if not isinstance(key, str):
            raise TypeError(f"Expected str, not {type(key)}")
        if not _KEY.fullmatch(key):
            raise CallError(Code.INTERNAL, "Invalid metadata")
        result.add(key, _text(key, value))
    return result
