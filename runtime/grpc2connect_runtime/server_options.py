"""Options of `grpc.server` and `grpc.aio.server`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectrpc.server import DEFAULT_READ_MAX_BYTES

from .channel_options import named
from .sending_limits import send_limit

_log = logging.getLogger(__name__)

_HARMLESS = frozenset(
    {
        "grpc.keepalive_permit_without_calls",
        "grpc.keepalive_time_ms",
        "grpc.keepalive_timeout_ms",
        "grpc.http2.max_ping_strikes",
        "grpc.http2.max_pings_without_data",
        "grpc.http2.min_ping_interval_without_data_ms",
        "grpc.http2.min_recv_ping_interval_without_data_ms",
        "grpc.max_concurrent_streams",
        "grpc.max_metadata_size",
        "grpc.optimization_target",
        "grpc.server_handshake_timeout_ms",
        "grpc.enable_http_proxy",
    }
)


@dataclass(frozen=True)
class ServerOptions:
    """The options that are honoured."""

    read_max_bytes: int | None = DEFAULT_READ_MAX_BYTES
    reuse_port: bool = True
    send_max_bytes: int | None = None


def server_options(options: Sequence[tuple[str, Any]] | None, *, known: bool = False) -> ServerOptions:
    """Return the options that mean something here; the others are harmless, or logged as a warning.

    Args:
        options: those of the user.
        known: whether grpcio gets them too, so that nothing need be said of the others.
    """
    read_max_bytes: int | None = DEFAULT_READ_MAX_BYTES
    reuse_port = True
    texts = named(options)
    for key, value in texts:
        if key == "grpc.max_receive_message_length":
            read_max_bytes = None if value < 0 else int(value)
        elif key == "grpc.so_reuseport":
            reuse_port = bool(value)
        elif not known and key not in _HARMLESS and key != "grpc.max_send_message_length":
            _log.warning("server option %s=%r has no effect", key, value)
    return ServerOptions(read_max_bytes, reuse_port, send_limit(texts))
