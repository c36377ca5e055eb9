"""Calls for which the program makes no channel: grpcio's experimental static methods."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .channel import Channel, insecure_channel, secure_channel
from .credentials import ssl_channel_credentials

__all__ = ["call_at"]

_MOST = 256
_IDLE_S = 600.0


@dataclass
class _Kept:
    channel: Channel
    used: float = 0.0
    clients: dict[Any, Any] = field(default_factory=dict)


class _Channels:
    """Channels by what they are made with; the one that was not used for longest is closed first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Any, _Kept] = OrderedDict()

    def client(
        self, made: Any, target: str, options: Sequence[Any], credentials: Any, insecure: bool, compression: Any
    ) -> Any:
        """Return a client of the class `made`."""
        key = (target, tuple(map(tuple, options)), credentials, insecure, compression)
        with self._lock:
            now = time.monotonic()
            kept = self._kept.pop(key, None)
            self._evict(now)
            if kept is None and insecure:
                kept = _Kept(insecure_channel(target, options, compression))
            elif kept is None:
                kept = _Kept(secure_channel(target, credentials or ssl_channel_credentials(), options, compression))
            self._kept[key] = kept
            kept.used = now
            if made not in kept.clients:
                kept.clients[made] = kept.channel.client(made)
            return kept.clients[made]

    def _evict(self, now: float) -> None:
        while self._kept:
            first = next(iter(self._kept.values()))
            if len(self._kept) < _MOST and now - first.used < _IDLE_S:
                return
            self._kept.popitem(last=False)
            first.channel.close()


_channels = _Channels()


def call_at(client_class: Callable[..., Any], native: str, kind: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return a method of a service that is called with the address of a server.

    Args:
        client_class: the generated `XClientSync`.
        native: the name of the client's method.
        kind: `unary_unary`, `unary_stream`, `stream_unary` or `stream_stream`.

    Returns:
        A function `(request, target, options=(), channel_credentials=None, call_credentials=None, insecure=False,
        compression=None, wait_for_ready=None, timeout=None, metadata=None)`, timeout in seconds. Without credentials
        and `insecure` it uses TLS. Its channels are kept: 256 at most, each until it was not used for ten minutes.

    The function raises ValueError for credentials with `insecure`.

    Native form: a client, made once: `GreeterClientSync("http://localhost:50051").say_hello(request)`.

    Source: the static methods of generated classes (grpcio-tools 1.85), `grpc.experimental.unary_unary` (grpcio 1.85).
    """

    def call(
        request: Any,
        target: str,
        options: Sequence[Any] = (),
        channel_credentials: Any = None,
        call_credentials: Any = None,
        insecure: bool = False,
        compression: Any = None,
        wait_for_ready: bool | None = None,
        timeout: float | None = None,
        metadata: Any = None,
    ) -> Any:
        if insecure and channel_credentials:
            raise ValueError("insecure and channel_credentials are mutually exclusive: pass one or the other")
        client = _channels.client(client_class, target, options, channel_credentials, insecure, compression)
        method = kind(getattr(client, native))
        waits = True if wait_for_ready is None else wait_for_ready
        return method(request, timeout, metadata, call_credentials, waits)

    return call
