"""Connect clients on channels of grpcio."""

from __future__ import annotations

from typing import Any

from pyqwest import Client, SyncClient

from .client_aio import AioGrpcioTransport
from .client_library import grpcio, grpcio_aio
from .client_sync import SyncGrpcioTransport

__all__ = ["aio_http_client_over", "http_client_over"]


def http_client_over(channel: Any) -> SyncClient:
    """Return an HTTP client for sync Connect clients whose calls are carried by a channel of grpcio.

    `GreeterClientSync("http://localhost", protocol=ProtocolType.GRPC, http_client=http_client_over(channel))`: its
    interceptors, `ResponseMetadata`, deadlines and errors are connectrpc's, the connection is the channel's, with
    whatever only grpcio has: `unix:` and `xds:` targets, load balancing, retries by service config, ALTS.

    Args:
        channel: a `grpc.Channel`, which stays its owner's to close. What is given to `grpc.intercept_channel` sees
            each call as one that streams.

    Raises:
        ImportError: grpcio is not installed.
        TypeError: `channel` is something else.

    The address of the client is not used. Its protocol must be gRPC and its codec the binary one; its requests may be
    compressed by gzip, or not.

    Native form: `SyncClient(SyncHTTPTransport(http_version=HTTPVersion.HTTP2))`. Go there where the target is a host
    and a port, and nothing else of grpcio is needed.

    Source: `grpc.Channel`, grpcio 1.85.
    """
    if not isinstance(channel, grpcio().Channel):
        raise TypeError(f"not a grpc.Channel: {channel!r}")
    return SyncClient(SyncGrpcioTransport(channel))


def aio_http_client_over(channel: Any) -> Client:
    """Return an HTTP client for async Connect clients whose calls are carried by a channel of `grpc.aio`.

    As `http_client_over`.

    Args:
        channel: a `grpc.aio.Channel`, which stays its owner's to close; the calls are made in its event loop.

    Raises:
        ImportError: grpcio is not installed.
        TypeError: `channel` is something else.

    Native form: `Client(HTTPTransport(http_version=HTTPVersion.HTTP2))`; see `http_client_over`.

    Source: `grpc.aio.Channel`, grpcio 1.85.
    """
    if not isinstance(channel, grpcio_aio().Channel):
        raise TypeError(f"not a grpc.aio.Channel: {channel!r}")
    return Client(AioGrpcioTransport(lambda: channel))
