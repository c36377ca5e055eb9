"""How messages are compressed: gRPC's names, and connectrpc's compressions."""

from __future__ import annotations

import enum
import logging
from typing import Any

from connectrpc.compression import Compression as ConnectCompression
from connectrpc.compression.gzip import GzipCompression

__all__ = ["Compression", "request_compression"]

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
        compression: a member of `Compression` or `grpc.Compression`, or None. Deflate, which connectrpc does not have,
            is none, and logged.
    """
    if compression == Compression.Deflate:
        _log.warning("requests are not compressed: Connect has no deflate")
    return GzipCompression() if compression == Compression.Gzip else None
