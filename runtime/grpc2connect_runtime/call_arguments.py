"""The arguments of a gRPC multi-callable, as those of a Connect client method."""

from __future__ import annotations

from typing import Any

from .channel_base import ChannelBase
from .deadlines import timeout_ms
from .outgoing_metadata import headers


def native_arguments(timeout: float | None, metadata: Any, credentials: Any) -> dict[str, Any]:
    """Return `headers=` and `timeout_ms=`.

    Raises:
        NotImplementedError: call credentials.
    """
    if credentials is not None:
        raise NotImplementedError("call credentials have no equivalent: send their headers as metadata")
    return {"headers": headers(metadata), "timeout_ms": timeout_ms(timeout)}


def channel_to_wait_for(channel: ChannelBase | None, wait_for_ready: bool | None) -> ChannelBase | None:
    """Return the channel that a call waits for, or None if it does not wait.

    Raises:
        NotImplementedError: the client was not made by a channel of this package, so that its address is not known.
    """
    if not wait_for_ready:
        return None
    if channel is None:
        raise NotImplementedError("wait_for_ready=True needs a client made by a Channel of grpc2connect_runtime")
    return channel
