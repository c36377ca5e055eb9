"""`grpc.aio.Channel` over pyqwest, for async clients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from pyqwest import Client, HTTPTransport

from .channel_base import ChannelBase, require_credentials
from .client_interceptors import AsyncCalls
from .credentials import ChannelCredentials
from .readiness import wait_until_reachable
from .transports import LazyTransport

__all__ = ["AioChannel", "aio_insecure_channel", "aio_secure_channel"]

C = TypeVar("C")


class AioChannel(ChannelBase):
    """Makes async clients that share connections; made by `aio_insecure_channel` or `aio_secure_channel`.

    Native form: `XClient("http://host:port", protocol=ProtocolType.GRPC, http_client=Client(...))`. Go there where the
    channel serves one stub in one place and no caller relies on `asyncio.CancelledError`, which connectrpc 0.13 turns
    into a `ConnectError`.

    Source: `grpc.aio.Channel`, grpcio 1.85.
    """

    def __init__(
        self, target: str, credentials: ChannelCredentials | None, options: Sequence[tuple[str, Any]] | None
    ) -> None:
        """Make one; nothing is connected until the first call, and no event loop is needed."""
        super().__init__(target, credentials, options)
        self._transport = LazyTransport(lambda: HTTPTransport(**self._transport_arguments()))

    def client(self, client_class: Callable[..., C]) -> C:
        """Return a client for one service.

        Args:
            client_class: the generated `XClient`.

        Native form: `XClient(url, ...)`.

        Source: `XStub(channel)` of grpcio-tools 1.85.
        """
        made = client_class(
            self._url,
            http_client=Client(self._transport),
            interceptors=[AsyncCalls(self.is_closed)],
            **self._client_arguments(),
        )
        self._made(made)
        return made

    async def channel_ready(self) -> None:
        """Wait until the target accepts connections. Native form: none; the first call connects."""
        await wait_until_reachable(self)

    async def close(self, grace: float | None = None) -> None:
        """Close the connections; later calls raise ValueError. Native form: close the transport.

        Args:
            grace: accepted and not waited for; calls in flight end.
        """
        self._closed = True
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _refuse_interceptors(interceptors: Any) -> None:
    if interceptors:
        raise NotImplementedError(
            "grpc.aio client interceptors cannot run here, and are not dropped silently: write them as connectrpc "
            "interceptors and give them to the client"
        )


def aio_insecure_channel(
    target: str,
    options: Sequence[tuple[str, Any]] | None = None,
    compression: Any = None,
    interceptors: Any = None,
) -> AioChannel:
    """Return a plaintext channel; like `insecure_channel`.

    Args:
        target: `host:port`, `dns:///host:port`, `ipv4:...` or `ipv6:...`.
        options: see `channel_options`; those without effect are logged.
        compression: ignored; requests are not compressed.
        interceptors: refused; give connectrpc interceptors to the client instead.

    Raises:
        NotImplementedError: interceptors, or a target that only grpcio reaches.
        ValueError: no target at all.

    Native form: as of `insecure_channel`.

    Source: `grpc.aio.insecure_channel`, grpcio 1.85.
    """
    _refuse_interceptors(interceptors)
    return AioChannel(target, None, options)


def aio_secure_channel(
    target: str,
    credentials: ChannelCredentials,
    options: Sequence[tuple[str, Any]] | None = None,
    compression: Any = None,
    interceptors: Any = None,
) -> AioChannel:
    """Return a TLS channel; like `secure_channel`.

    Args:
        target: as for `aio_insecure_channel`.
        credentials: from `ssl_channel_credentials`.
        options: as for `secure_channel`.
        compression: ignored; requests are not compressed.
        interceptors: refused; give connectrpc interceptors to the client instead.

    Raises:
        NotImplementedError: interceptors, other credentials, or a target that only grpcio reaches.
        ValueError: no target at all.

    Native form: as of `secure_channel`.

    Source: `grpc.aio.secure_channel`, grpcio 1.85.
    """
    _refuse_interceptors(interceptors)
    return AioChannel(target, require_credentials(credentials), options)
