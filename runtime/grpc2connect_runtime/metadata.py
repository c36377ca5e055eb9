"""gRPC metadata next to Connect's `Headers`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from connectrpc.request import Headers

from .named_records import shown_as

__all__ = ["Metadatum", "metadata", "pairs"]

_TRANSPORT = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "grpc-accept-encoding",
        "grpc-encoding",
        "grpc-internal-encoding-request",
        "grpc-message",
        "grpc-server-stats-bin",
        "grpc-status",
        "grpc-tags-bin",
        "grpc-timeout",
        "grpc-trace-bin",
        "host",
        "keep-alive",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "vary",
    }
)


class Metadatum(NamedTuple):
    """One key and value of gRPC metadata; a plain pair that also has `.key` and `.value`.

    Native form: a `(key, value)` of `Headers.allitems()`. Values of `-bin` keys are bytes here and base64 text there.

    Source: `grpc._cython.cygrpc._Metadatum`, grpcio 1.85.
    """

    key: str
    value: Any

    def __repr__(self) -> str:
        return shown_as("_Metadatum", self, Metadatum)


def pairs(source: Any) -> Iterable[tuple[Any, Any]]:
    """Iterate over the pairs of `Headers`, a mapping or a sequence of pairs."""
    if isinstance(source, Headers):
        return source.allitems()
    if isinstance(source, Mapping):
        return source.items()
    return (tuple(pair) for pair in source)


def _is_transport(key: str) -> bool:
    return key.startswith((":", "connect-")) or key in _TRANSPORT


def encoded(value: bytes) -> str:
    """Return the value of a `-bin` key as it goes over the wire; the inverse of `decoded`, for one."""
    return base64.b64encode(value).rstrip(b"=").decode("ascii")


def decoded(value: str) -> Iterable[bytes]:
    """Return the values that a `-bin` key has on the wire; what is no base64 is taken as it is."""
    for part in value.split(","):
        part = part.strip()
        try:
            yield base64.b64decode(part + "=" * (-len(part) % 4))
        except (binascii.Error, ValueError):
            yield part.encode()


def metadata(source: Any) -> tuple[Metadatum, ...]:
    """Return HTTP headers or trailers as gRPC metadata.

    Args:
        source: `Headers`, a mapping of str to str, or pairs of str. What only the transport needs (content-type, te,
            grpc-status, connect-*, ...) is left out, the values of `-bin` keys are decoded to bytes.

    Native form: `Headers.allitems()`. Go there where only text values are read.

    Source: what `invocation_metadata()` and `trailing_metadata()` show in grpcio 1.85.
    """
    result: list[Metadatum] = []
    for key, value in pairs(source):
        if _is_transport(key):
            continue
        if key.endswith("-bin"):
            result.extend(Metadatum(key, one) for one in decoded(value))
        else:
            result.append(Metadatum(key, value))
    return tuple(result)
