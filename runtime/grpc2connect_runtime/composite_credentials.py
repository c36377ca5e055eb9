"""Credentials made of others: this package's of its own, grpcio's where they are grpcio's or made of such."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .call_credentials import composed, is_grpcio_call_credentials
from .credentials import is_grpcio_credentials, require_credentials
from .wire.client_credentials import grpcio_call_credentials, grpcio_channel_credentials
from .wire.client_library import grpcio

__all__ = [
    "composite_call_credentials",
    "composite_channel_credentials",
    "compute_engine_channel_credentials",
    "xds_channel_credentials",
    "xds_server_credentials",
]


def composite_channel_credentials(channel_credentials: Any, *call_credentials: Any) -> Any:
    """Return the credentials for `secure_channel` of a channel that authenticates each call.

    Args:
        channel_credentials: from `ssl_channel_credentials` or this function, or grpcio's.
        call_credentials: from `metadata_call_credentials` and its kin, or grpcio's; what they add is sent in this
            order.

    Returns:
        Credentials of this package; a `grpc.ChannelCredentials` if some of them are grpcio's.

    Raises:
        NotImplementedError: some are neither.

    Native form: a connectrpc interceptor that sets `ctx.request_headers`, given to each client.

    Source: `grpc.composite_channel_credentials`, grpcio 1.85.
    """
    if is_grpcio_credentials(channel_credentials) or any(map(is_grpcio_call_credentials, call_credentials)):
        calls = (grpcio_call_credentials(one) for one in call_credentials)
        return grpcio().composite_channel_credentials(grpcio_channel_credentials(channel_credentials), *calls)
    before = require_credentials(channel_credentials)
    old = () if before.call_credentials is None else (before.call_credentials,)
    return replace(before, call_credentials=composed(*old, *call_credentials))


def composite_call_credentials(*call_credentials: Any) -> Any:
    """Return call credentials that add what each of these adds.

    Returns:
        Credentials of this package; a `grpc.CallCredentials` if some of them are grpcio's.

    Raises:
        NotImplementedError: some are neither.

    Native form: one connectrpc interceptor for each.

    Source: `grpc.composite_call_credentials`, grpcio 1.85.
    """
    if any(map(is_grpcio_call_credentials, call_credentials)):
        return grpcio().composite_call_credentials(*map(grpcio_call_credentials, call_credentials))
    return composed(*call_credentials)


def compute_engine_channel_credentials(call_credentials: Any) -> Any:
    """Return a `grpc.ChannelCredentials` of Compute Engine; grpcio carries the calls of the channel.

    Args:
        call_credentials: from `metadata_call_credentials` and its kin, or grpcio's.

    Raises:
        ImportError: grpcio is not installed.

    Native form: none.

    Source: `grpc.compute_engine_channel_credentials`, grpcio 1.85.
    """
    return grpcio().compute_engine_channel_credentials(grpcio_call_credentials(call_credentials))


def xds_channel_credentials(fallback_credentials: Any = None) -> Any:
    """Return a `grpc.ChannelCredentials` that xDS configures; grpcio carries the calls of the channel.

    Args:
        fallback_credentials: from `ssl_channel_credentials` and its kin, or grpcio's; None means none.

    Raises:
        ImportError: grpcio is not installed.

    Native form: none.

    Source: `grpc.xds_channel_credentials`, grpcio 1.85.
    """
    if fallback_credentials is None:
        return grpcio().xds_channel_credentials()
    return grpcio().xds_channel_credentials(grpcio_channel_credentials(fallback_credentials))


def xds_server_credentials(fallback_credentials: Any) -> Any:
    """Return a `grpc.ServerCredentials` that xDS configures; grpcio serves the port.

    Args:
        fallback_credentials: from `ssl_server_credentials`, or grpcio's.

    Raises:
        ImportError: grpcio is not installed.

    Native form: none.

    Source: `grpc.xds_server_credentials`, grpcio 1.85.
    """
    library = grpcio()
    from .wire.server_core import core_credentials

    return library.xds_server_credentials(core_credentials(fallback_credentials))
