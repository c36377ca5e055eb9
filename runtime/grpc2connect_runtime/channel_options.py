"""Channel options, and the settings that clients of a channel share.

| option                                    | here                                                          |
|-------------------------------------------|---------------------------------------------------------------|
| `grpc.max_receive_message_length`         | honoured (`read_max_bytes`); 4 MiB by default, as in grpcio     |
| `grpc.ssl_target_name_override`           | honoured                                                      |
| `grpc.max_send_message_length`            | honoured (`sending_limits`); unlimited by default, as in grpcio |
| `grpc.keepalive_*`, `grpc.http2.*`        | nothing: TCP keepalive instead of HTTP/2 pings                |
| `grpc.min_reconnect_backoff_ms`, `initial` | honoured as a limit to connecting, see `first_answers`         |
| `grpc.max_reconnect_backoff_ms`           | nothing: a failed connection is tried anew by the next call   |
| `grpc.lb_policy_name` = `pick_first`      | nothing: there is one address                                 |
| `grpc.enable_retries` = 0                 | nothing: there are no retries                                 |
| `SingleThreadedUnaryStream`               | nothing: no thread is started for a stream anyway             |
| `grpc.enable_http_proxy`                  | honoured, see `wire.proxies`                                  |
| `grpc.service_config` and the rest        | the channel takes grpcio's wire; a warning if it cannot       |
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectrpc.protocol import ProtocolType

from .sending_limits import send_limit

_log = logging.getLogger(__name__)
_BACKOFFS_MS = {"grpc.min_reconnect_backoff_ms": 20_000, "grpc.initial_reconnect_backoff_ms": 1_000}
_READ_MAX_BYTES = 4 * 1024 * 1024
_HONOURED = frozenset(
    {
        "grpc.enable_http_proxy",
        "grpc.initial_reconnect_backoff_ms",
        "grpc.max_receive_message_length",
        "grpc.max_send_message_length",
        "grpc.min_reconnect_backoff_ms",
        "grpc.ssl_target_name_override",
    }
)
_HARMLESS_PREFIXES = ("grpc.keepalive_", "grpc.http2.")
_HARMLESS = frozenset(
    {
        "SingleThreadedUnaryStream",
        "grpc.dns_min_time_between_resolutions_ms",
        "grpc.max_metadata_size",
        "grpc.max_reconnect_backoff_ms",
        "grpc.optimization_target",
        "grpc.so_reuseport",
        "grpc.use_local_subchannel_pool",
    }
)
_HARMLESS_VALUES = {"grpc.lb_policy_name": "pick_first", "grpc.enable_retries": 0}

NO_PROXY = (("grpc.enable_http_proxy", 0),)
"""Options of a channel to a server of the same process, which no proxy of the environment is for."""


@dataclass(frozen=True)
class ChannelOptions:
    """The options that are honoured.

    Attributes:
        connecting_s: for how long a server may be silent after a connection is made, in seconds.
    """

    read_max_bytes: int | None = _READ_MAX_BYTES
    target_name: str | None = None
    send_max_bytes: int | None = None
    connecting_s: float = 20.0


def channel_options(options: Sequence[tuple[str, Any]] | None) -> ChannelOptions:
    """Return the options that mean something here; of the others, those that are not harmless are logged."""
    read_max_bytes: int | None = _READ_MAX_BYTES
    target_name: str | None = None
    for key, value in without_equivalent(options):
        _log.warning("channel option %s=%r has no effect without grpcio (grpc2connect-runtime[grpc])", key, value)
    texts = named(options)
    for key, value in texts:
        if key == "grpc.max_receive_message_length":
            read_max_bytes = None if value < 0 else int(value)
        elif key == "grpc.ssl_target_name_override":
            target_name = value.decode() if isinstance(value, bytes) else str(value)
    return ChannelOptions(read_max_bytes, target_name, send_limit(texts), _connecting_s(dict(texts)))


def _connecting_s(options: dict[str, Any]) -> float:
    """Return how long an attempt to connect may last: the longer one of two backoffs, and no less than 0.1 s each."""
    return max(max(int(options.get(name, default)), 100) for name, default in _BACKOFFS_MS.items()) / 1000


def named(options: Sequence[tuple[str | bytes, Any]] | None) -> list[tuple[str, Any]]:
    """Return options with their names as text: grpcio takes bytes as well."""
    return [(key.decode() if isinstance(key, bytes) else key, value) for key, value in options or ()]


def without_equivalent(options: Sequence[tuple[str, Any]] | None) -> list[tuple[str, Any]]:
    """Return the options that mean something to grpcio alone."""
    return [(key, value) for key, value in named(options) if not _is_known(key, value)]


def _is_known(key: str, value: Any) -> bool:
    if key in _HONOURED or key in _HARMLESS or key.startswith(_HARMLESS_PREFIXES):
        return True
    return bool(_HARMLESS_VALUES.get(key, ...) == value)


def client_protocol() -> ProtocolType:
    """Return the protocol that clients speak: gRPC, or what `G2C_CLIENT_PROTOCOL` says (connect, grpc, grpc-web).

    Raises:
        ValueError: the variable names no protocol.
    """
    name = os.environ.get("G2C_CLIENT_PROTOCOL", "grpc").strip().lower() or "grpc"
    protocols = {"grpc": ProtocolType.GRPC, "connect": ProtocolType.CONNECT, "grpc-web": ProtocolType.GRPC_WEB}
    if name not in protocols:
        raise ValueError(f"G2C_CLIENT_PROTOCOL must be one of {', '.join(protocols)}, not {name!r}")
    return protocols[name]
