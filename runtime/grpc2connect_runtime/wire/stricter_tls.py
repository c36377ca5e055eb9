"""Certificates that grpcio takes and pyqwest's TLS does not: grpcio then carries the calls of the channel.

rustls refuses X.509 certificates of version 1 (`openssl x509 -req` without extensions makes them), servers that show a
certificate of an authority (the default of `openssl req -x509`), and names that are in the subject only. grpcio has
always taken them, verified by the same root certificates; a program that has moved must not stop to connect.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from .choice import CONNECT, GRPCIO, chosen_wire
from .client_aio import AioGrpcioTransport
from .client_channel import GrpcioChannel, OpenedOnUse
from .client_library import is_installed
from .client_sync import SyncGrpcioTransport

__all__ = ["AioTransportInstead", "SyncTransportInstead", "aio_transport_instead", "sync_transport_instead"]

_log = logging.getLogger(__name__)


class SyncTransportInstead(SyncGrpcioTransport):
    """A transport on a channel of its own."""

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


class AioTransportInstead(AioGrpcioTransport):
    """The async twin."""

    def __init__(self, made_with: GrpcioChannel) -> None:
        """Open nothing yet."""
        self._opened = OpenedOnUse(made_with)
        super().__init__(self._opened, recorded=True)

    async def close(self) -> None:
        """Close the channel, if it was opened."""
        await self._opened.close(None)


def sync_transport_instead(
    target: str, credentials: Any, options: Any, error: BaseException
) -> SyncTransportInstead | None:
    """Return what carries the calls after a certificate was refused; None where `G2C_WIRE` or grpcio's absence forbid.

    Args:
        target: of the channel.
        credentials: of the channel; those of calls stay connectrpc's business.
        options: of the channel.
        error: how pyqwest failed.
    """
    made_with = _made_with(target, credentials, options, error)
    return None if made_with is None else SyncTransportInstead(made_with.open(), recorded=True)


def aio_transport_instead(
    target: str, credentials: Any, options: Any, error: BaseException
) -> AioTransportInstead | None:
    """As `sync_transport_instead`, for async clients."""
    made_with = _made_with(target, credentials, options, error)
    return None if made_with is None else AioTransportInstead(made_with)


def _made_with(target: str, credentials: Any, options: Any, error: BaseException) -> GrpcioChannel | None:
    if chosen_wire(GRPCIO) == CONNECT or not is_installed():
        return None
    _log.warning("grpcio carries the calls to %s: pyqwest's TLS refuses a certificate (%s)", target, error)
    return GrpcioChannel(target, replace(credentials, call_credentials=None), options, None)
