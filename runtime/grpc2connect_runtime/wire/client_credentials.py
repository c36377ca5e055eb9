"""Credentials of this package as those of grpcio."""

from __future__ import annotations

from collections.abc import Callable
from concurrent import futures
from typing import Any

from ..call_credentials import AuthMetadataContext, CallCredentials
from ..credentials import ChannelCredentials
from .client_library import grpcio

__all__ = ["grpcio_call_credentials", "grpcio_channel_credentials"]


def grpcio_channel_credentials(credentials: Any) -> Any:
    """Return the `grpc.ChannelCredentials` for credentials of a channel, grpcio's own as they are."""
    if not isinstance(credentials, ChannelCredentials):
        return credentials
    tls = (credentials.root_certificates, credentials.private_key, credentials.certificate_chain)
    made = grpcio().ssl_channel_credentials(*tls)
    if credentials.call_credentials is None:
        return made
    return grpcio().composite_channel_credentials(made, grpcio_call_credentials(credentials.call_credentials))


def grpcio_call_credentials(credentials: Any) -> Any:
    """Return the `grpc.CallCredentials` for credentials of calls, grpcio's own as they are."""
    if not isinstance(credentials, CallCredentials):
        return credentials
    grpc = grpcio()
    made = [grpc.metadata_call_credentials(_plugin(one.ask)) for one in credentials.plugins]
    return made[0] if len(made) == 1 else grpc.composite_call_credentials(*made)


def _plugin(ask: Callable[[AuthMetadataContext], futures.Future[Any]]) -> Callable[[Any, Any], None]:
    def plugin(context: Any, callback: Callable[[Any, Any], None]) -> None:
        def answered(answer: futures.Future[Any]) -> None:
            error, metadata = answer.result()
            callback(() if metadata is None else metadata, None if error is None else RuntimeError(error))

        ask(AuthMetadataContext(context.service_url, context.method_name)).add_done_callback(answered)

    return plugin
