"""`grpc.Channel` over pyqwest, for sync clients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from connectrpc.client import ConnectClientSync
from connectrpc.method import StreamType
from pyqwest import HTTPTransport, SyncClient, SyncHTTPTransport

from .applications import RawCodec
from .channel_base import ChannelBase
from .client_interceptors import SyncCalls
from .connectivity import shown
from .core_channel import CoreChannel
from .faces import Face
from .message_codecs import client_codec
from .multicallables import sync_method
from .stand_ins import takes_a_channel
from .stub_classes import of_colour
from .subscriptions import Subscriptions
from .transports import LazySyncTransport
from .type_parameters import Open
from .unmoved import adopt
from .wire.choice import GRPCIO
from .wire.client_sync import SyncGrpcioTransport
from .wire.stricter_tls import sync_transport_instead

__all__ = ["Channel", "insecure_channel", "secure_channel"]

C = TypeVar("C")


class Channel(ChannelBase, Open):
    """Makes sync clients that share connections; made by `insecure_channel` or `secure_channel`.

    Native form: `XClientSync("http://host:port", protocol=ProtocolType.GRPC, http_client=SyncClient(...))`. Go there
    where the channel serves one stub in one place.

    Source: `grpc.Channel`, grpcio 1.85.
    """

    def __init__(
        self,
        target: str,
        credentials: Any,
        options: Sequence[tuple[str, Any]] | None,
        compression: Any = None,
    ) -> None:
        """Make one; nothing is connected until the first call."""
        super().__init__(target, credentials, options, compression)
        self._inner: Any = None
        self._core: CoreChannel | None = None
        self._transport: LazySyncTransport | SyncGrpcioTransport
        if self.wire == GRPCIO:
            self._inner = self._grpcio.open()
            self._transport = SyncGrpcioTransport(self._inner, recorded=True)
        else:
            self._transport = LazySyncTransport(
                lambda: SyncHTTPTransport(**self._transport_arguments()),
                lambda: HTTPTransport(**self._transport_arguments()),
                self._connectivity,
                self._first_answer(),
                partial(sync_transport_instead, *self._instead_arguments) if self._may_be_replaced else None,
            )
        self._subscriptions = Subscriptions(self)
        self._raw: ConnectClientSync | None = None
        self._watchers: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = []
        adopt(Channel, "Channel")

    @property
    def inner(self) -> Any:
        """The `grpc.Channel` below, where grpcio carries the calls; else None."""
        return self._inner

    @property
    def _channel(self) -> CoreChannel:
        if self._core is None:
            self._core = CoreChannel(self)
        return self._core

    def http_client(self) -> SyncClient:
        """Return a pyqwest client on the channel's connections. Native form: `SyncClient(transport)`."""
        return SyncClient(self._transport)

    def client(self, client_class: Callable[..., C]) -> C:
        """Return a client for one service.

        Args:
            client_class: the generated `XClientSync`; any other class, as of a stub that has not moved, or a function
                that makes one is called with the channel.

        Native form: `XClientSync(url, ...)`.

        Source: `XStub(channel)` of grpcio-tools 1.85.
        """
        chosen: Callable[..., C] = of_colour(client_class, aio=False)
        if takes_a_channel(chosen):
            unmoved: C = chosen(self)
            return unmoved
        made = chosen(
            self._url,
            http_client=self.http_client(),
            interceptors=[SyncCalls(*self._call_arguments())],
            **self._client_arguments(),
            **client_codec(chosen),
        )
        self.made(made)
        return made

    def multicallable(self, kind: StreamType, method: str, transforms: Any, face: Face) -> Any:
        """Return the multi-callable of a method; see `ChannelMethods`."""
        if self._raw is None:
            self._raw = ConnectClientSync(
                self._url,
                codec=RawCodec(),
                http_client=self.http_client(),
                interceptors=[SyncCalls(*self._call_arguments())],
                **self._client_arguments(),
            )
        return sync_method(self._raw, self, method, kind, transforms, face)

    def subscribe(self, callback: Callable[[Any], Any], try_to_connect: bool | None = False) -> None:
        """Call `callback(state)` with the state of the connection, and at each change of it, in another thread.

        Args:
            callback: takes a `ChannelConnectivity`.
            try_to_connect: whether to find out by TCP connections; else calls alone change the state.

        Native form: none; the first call connects.

        Source: `grpc.Channel.subscribe`, grpcio 1.85.
        """
        if self._inner is not None:
            watcher = lambda state: callback(shown(state, callback))  # noqa: E731
            self._watchers.append((callback, watcher))
            self._inner.subscribe(watcher, try_to_connect)
        else:
            self._subscriptions.add(callback, bool(try_to_connect))

    def unsubscribe(self, callback: Callable[[Any], Any]) -> None:
        """Call `callback` no more."""
        if self._inner is not None:
            for pair in [pair for pair in self._watchers if pair[0] == callback][:1]:
                self._watchers.remove(pair)
                self._inner.unsubscribe(pair[1])
        else:
            self._subscriptions.remove(callback)

    def close(self) -> None:
        """End the calls in flight with CANCELLED and close the connections; later calls raise ValueError.

        Where connectrpc carries the calls, one that blocks its own caller until there is a response (no future, no
        stream) goes on until it is there.

        Native form: close the transport; calls in flight go on.

        Source: `grpc.Channel.close`, grpcio 1.85.
        """
        self._close_connectivity()
        if isinstance(self._transport, LazySyncTransport):
            for record in self._calls.end():
                record.end()
            self._transport.close()
        else:
            self._calls.end()
            self._inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def insecure_channel(target: str, options: Sequence[tuple[str, Any]] | None = None, compression: Any = None) -> Channel:
    """Return a plaintext channel.

    Args:
        target: `host:port`, `dns:///host:port`, `ipv4:...` or `ipv6:...`; any other one, such as `unix:`, makes grpcio
            carry the calls.
        options: see `channel_options`.
        compression: of the requests, see `Compression`; gzip or none.

    Raises:
        ImportError: only grpcio can do this, and it is not installed.
        NotImplementedError: only grpcio can do this, and `G2C_WIRE` says `connect`.
        ValueError: `G2C_WIRE` names no wire.

    Native form: the URL `http://host:port`, `HTTPTransport(http_version=HTTPVersion.HTTP2)`, `send_compression=None`.

    Source: `grpc.insecure_channel`, grpcio 1.85.
    """
    return Channel(target, None, options, compression)


def secure_channel(
    target: str,
    credentials: Any,
    options: Sequence[tuple[str, Any]] | None = None,
    compression: Any = None,
) -> Channel:
    """Return a TLS channel.

    Args:
        target: as for `insecure_channel`.
        credentials: from `ssl_channel_credentials` or `composite_channel_credentials`; with grpcio's own ones, such as
            `grpc.alts_channel_credentials`, grpcio carries the calls.
        options: as for `insecure_channel`, and `grpc.ssl_target_name_override`.
        compression: of the requests, see `Compression`; gzip or none.

    Raises:
        ImportError: only grpcio can do this, and it is not installed.
        NotImplementedError: only grpcio can do this, and `G2C_WIRE` says `connect`.
        ValueError: `G2C_WIRE` names no wire.

    Native form: the URL `https://host:port` and a transport with `tls_ca_cert`, `tls_key` and `tls_cert`.

    Source: `grpc.secure_channel`, grpcio 1.85.
    """
    return Channel(target, credentials, options, compression)
