"""The arguments of a gRPC multi-callable, as those of a Connect client method."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from connectrpc.request import Headers

from .call_credentials import is_grpcio_call_credentials, require_call_credentials
from .channel_base import ChannelBase
from .deadlines import timeout_ms
from .errors import STREAM_FORM, CallError
from .outgoing_metadata import headers
from .wire.choice import GRPCIO


def native_arguments(timeout: float | None, metadata: Any) -> dict[str, Any]:
    """Return `headers=` and `timeout_ms=`."""
    return {"headers": headers(metadata), "timeout_ms": timeout_ms(timeout)}


def headers_of_call(metadata: Any, form: str = STREAM_FORM) -> Callable[[], Headers | None]:
    """Return what gives the headers of a call that is begun and returned.

    Metadata that gRPC refuses to send fails that call, not the making of it: whoever holds the call sees the error,
    which is in the `form` of grpcio's class for it.
    """
    try:
        found = headers(metadata)
    except CallError as error:
        error.take_form(form)
        refused = error

        def refuse() -> Headers | None:
            raise refused

        return refuse
    return lambda: found


def credentials_of_call(channel: ChannelBase | None, credentials: Any) -> Any:
    """Return the credentials of a call: this package's, or grpcio's where grpcio carries the call.

    Raises:
        NotImplementedError: they are others, or the client was not made by a channel of this package, so that nothing
            would add their metadata.
    """
    if credentials is None:
        return None
    if channel is None:
        raise NotImplementedError("call credentials need a client made by a Channel of grpc2connect_runtime")
    if channel.wire == GRPCIO and is_grpcio_call_credentials(credentials):
        return credentials
    return require_call_credentials(credentials)


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


def iterator_of(requests: Any) -> Iterator[Any]:
    """Return an iterator of a stream of requests; what is none fails once the call asks for the first, as in grpcio."""
    try:
        return iter(requests)
    except TypeError:
        return (request for many in (requests,) for request in many)
