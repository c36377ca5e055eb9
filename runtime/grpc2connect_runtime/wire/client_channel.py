"""Which wire a channel takes, and the channel of grpcio below one that takes grpcio's."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectrpc.protocol import ProtocolType

from .. import greenlets
from ..channel_options import client_protocol, without_equivalent
from ..credentials import is_grpcio_credentials
from ..forks import is_cut_off
from ..targets import parse_target
from .choice import CONNECT, GRPCIO, chosen_wire
from .client_credentials import grpcio_channel_credentials
from .client_library import grpcio, grpcio_aio, is_installed
from .instrumented import is_instrumented
from .proxies import found_proxy

__all__ = ["GrpcioChannel", "OpenedOnUse", "wire_of_channel"]

_log = logging.getLogger(__name__)
_ADDRESS = "http://localhost"


def wire_of_channel(
    target: str, credentials: Any, options: Sequence[tuple[str, Any]] | None, *, aio: bool = False
) -> str:
    """Return the wire of a channel: what `G2C_WIRE` says, else grpcio's where nothing but grpcio does what is asked.

    That is: a target that is not one host and port, credentials of grpcio's own, or, if grpcio is installed, options
    that connectrpc and pyqwest have nothing for, or a proxy that the environment names (for calls that are gRPC's). And
    in a process that was forked after pyqwest had been used; for a sync channel, in one with gevent's greenlets; and
    where a tracer has replaced the function of grpcio that makes such channels: it sees the calls of those alone.

    Raises:
        ValueError: `G2C_WIRE` names no wire.
    """
    if is_cut_off() and is_installed():
        _log.warning("this process was forked after calls had been made: grpcio carries those of its new channels")
        return GRPCIO
    theirs = is_instrumented(aio=aio, secure=credentials is not None) or (
        not aio and greenlets.are_used() and is_installed()
    )
    return chosen_wire(GRPCIO if theirs or _needs_grpcio(target, credentials, options) else CONNECT)


def _needs_grpcio(target: str, credentials: Any, options: Sequence[tuple[str, Any]] | None) -> bool:
    if is_grpcio_credentials(credentials):
        return True
    try:
        place = parse_target(target)
    except NotImplementedError:
        return True
    if without_equivalent(options):
        return is_installed()
    if client_protocol() is not ProtocolType.GRPC or (proxy := found_proxy(place, options)) is None:
        return False
    if found := is_installed():
        _log.info("grpcio carries the calls to %s: %s names a proxy", target, proxy.variable)
    return found


@dataclass(frozen=True)
class GrpcioChannel:
    """What a channel of grpcio is made with: all that was given, as it was given."""

    target: str
    credentials: Any
    options: Sequence[tuple[str, Any]] | None
    compression: Any

    def open(self) -> Any:
        """Return a new `grpc.Channel`.

        Raises:
            ImportError: grpcio is not installed.
        """
        return self._open(grpcio())

    def open_aio(self) -> Any:
        """Return a new `grpc.aio.Channel`, of the running event loop; as `open`."""
        return self._open(grpcio_aio())

    def _open(self, module: Any) -> Any:
        options = None if self.options is None else tuple(self.options)
        compression = None if self.compression is None else grpcio().Compression(int(self.compression))
        if self.credentials is None:
            return module.insecure_channel(self.target, options=options, compression=compression)
        credentials = grpcio_channel_credentials(self.credentials)
        return module.secure_channel(self.target, credentials, options=options, compression=compression)

    @property
    def url(self) -> str:
        """An address for Connect clients, shown to their interceptors; nothing is sent to it."""
        try:
            return parse_target(self.target).url("http" if self.credentials is None else "https")
        except NotImplementedError:
            return _ADDRESS


class OpenedOnUse:
    """A `grpc.aio.Channel` that is made when it is first asked for, in the event loop that it belongs to.

    It is no part of the channel of this package, which it would keep alive: pyqwest's clients hold it where no garbage
    collector looks.
    """

    def __init__(self, made_with: GrpcioChannel) -> None:
        """Open nothing yet."""
        self._made_with = made_with
        self._channel: Any = None

    def __call__(self) -> Any:
        """Return the channel."""
        if self._channel is None:
            self._channel = self._made_with.open_aio()
        return self._channel

    async def close(self, grace: float | None) -> None:
        """Close it if it was opened; `grace` as for `grpc.aio.Channel.close`."""
        if self._channel is not None:
            await self._channel.close(grace)
