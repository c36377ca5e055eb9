"""How messages are compressed: gRPC's names, and connectrpc's compressions."""

from __future__ import annotations

import enum
import logging
import zlib
from typing import Any

from connectrpc.code import Code
from connectrpc.compression import Compression as ConnectCompression
from connectrpc.compression.gzip import GzipCompression
from connectrpc.errors import ConnectError

__all__ = ["ACCEPTED", "Compression", "request_compression"]

_log = logging.getLogger(__name__)


class Compression(enum.IntEnum):
    """The compressions of gRPC; equal to the members of `grpc.Compression`.

    Native form: `connectrpc.compression.gzip.GzipCompression`.

    Source: `grpc.Compression`, grpcio 1.85.
    """

    NoCompression = 0
    Deflate = 1
    Gzip = 2


def request_compression(compression: Any) -> ConnectCompression | None:
    """Return what compresses the requests of a channel.

    Args:
        compression: a member of `Compression` or `grpc.Compression`, or None. Deflate is none, and logged: servers on
            connectrpc refuse it.
    """
    if compression == Compression.Deflate:
        _log.warning("requests are not compressed: Connect has no deflate")
    return GzipCompression() if compression == Compression.Gzip else None


class _Deflate:
    """What gRPC calls deflate: zlib's format. connectrpc 0.13 has no such; servers of grpcio send it where told to."""

    def name(self) -> str:
        return "deflate"

    def compress(self, data: bytes | bytearray | memoryview) -> bytes:
        return zlib.compress(data)

    def decompress(self, data: bytes | bytearray | memoryview, read_max_bytes: int | None = None) -> bytes:
        try:
            if read_max_bytes is None:
                return zlib.decompress(data)
            found = zlib.decompressobj().decompress(data, read_max_bytes + 1)
        except zlib.error as error:
            raise ConnectError(Code.INTERNAL, "message cannot be decompressed") from error
        if len(found) > read_max_bytes:
            raise ConnectError(Code.RESOURCE_EXHAUSTED, f"message is larger than configured max {read_max_bytes}")
        return found


ACCEPTED: tuple[ConnectCompression, ...] = (GzipCompression(), _Deflate())
"""What clients take."""
