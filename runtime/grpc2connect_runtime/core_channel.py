"""What is below a sync channel of grpcio, as far as programs ask it: for its target, and whether it is connected."""

from __future__ import annotations

from typing import Any, Protocol

from .connectivity import Connectivity

_RESOLVED = ("dns:", "ipv4:", "ipv6:")
"""The schemes of targets that connectrpc's transports carry, and grpcio has a resolver for."""


class _Channel(Protocol):
    address: str

    @property
    def inner(self) -> Any: ...

    @property
    def connectivity(self) -> Connectivity: ...

    def subscribe(self, callback: Any, try_to_connect: bool | None = False) -> None: ...
    def is_closed(self) -> bool: ...


class CoreChannel:
    """Stands where a channel of grpcio has the channel of its core.

    Native form: none; a readiness check is a call to the health service.

    Source: `grpc._cython.cygrpc.Channel`, grpcio 1.85.
    """

    def __init__(self, channel: _Channel) -> None:
        """Make one for a channel of the runtime."""
        self._of = channel
        self._connects = False

    def target(self) -> bytes:
        """Return the target of the channel, with the scheme that grpcio takes it to have.

        Native form: none; keep the address that the client is made with.

        Source: `grpc._cython.cygrpc.Channel.target`, grpcio 1.85.
        """
        inner = self._of.inner
        if inner is not None:
            found: bytes = inner._channel.target()
            return found
        address = self._of.address
        return (address if not address or address.startswith(_RESOLVED) else f"dns:///{address}").encode()

    def check_connectivity_state(self, try_to_connect: bool) -> int:
        """Return the number of the state of the connection, which is that of the last call or attempt to connect.

        Args:
            try_to_connect: whether to begin to connect if nothing has yet.

        Raises:
            ValueError: the channel is closed.

        Native form: none; the first call connects.

        Source: `grpc._cython.cygrpc.Channel.check_connectivity_state`, grpcio 1.85.
        """
        inner = self._of.inner
        if inner is not None:
            return int(inner._channel.check_connectivity_state(try_to_connect))
        if self._of.is_closed():
            raise ValueError("Cannot invoke RPC: Channel closed!")
        if try_to_connect and not self._connects:
            self._connects = True
            self._of.subscribe(_ignore, try_to_connect=True)
        return int(self._of.connectivity.state.value[0])


def _ignore(state: Any) -> None:
    pass
