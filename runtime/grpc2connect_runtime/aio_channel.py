"""`grpc.aio.Channel` over pyqwest, for async clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from connectrpc.client import ConnectClient
from connectrpc.method import StreamType
from pyqwest import Client, HTTPTransport

from .aio_intercepted_calls import AioInterceptedMethod
from .applications import RawCodec
from .channel_base import ChannelBase, clients_of
from .client_interceptor_kinds import aio_interceptors, is_grpcio_s
from .client_interceptors import AsyncCalls
from .connectivity import ChannelConnectivity
from .errors import CallError
from .faces import MOVED, UNMOVED, Face
from .intercepted_clients import intercepted_client
from .interceptor_lists import InterceptorLists, UntilIntercepted
from .message_codecs import client_codec
from .multicallables import aio_method
from .readiness import wait_until_reachable
from .stand_ins import takes_a_channel
from .stub_classes import of_colour
from .transports import LazyTransport
from .type_parameters import Open
from .unmoved import adopt, usage_error
from .wire.choice import GRPCIO
from .wire.client_aio import AioGrpcioTransport
from .wire.client_channel import OpenedOnUse
from .wire.stricter_tls import aio_transport_instead

__all__ = ["AioChannel", "aio_insecure_channel", "aio_secure_channel"]

C = TypeVar("C")
_ATTEMPT_S = 1.0


class AioChannel(InterceptorLists, ChannelBase, Open):
    """Makes async clients that share connections; made by `aio_insecure_channel` or `aio_secure_channel`.

    Native form: `XClient("http://host:port", protocol=ProtocolType.GRPC, http_client=Client(...))`. Go there where the
    channel serves one stub in one place and no caller relies on `asyncio.CancelledError`, which connectrpc 0.13 turns
    into a `ConnectError`.

    Source: `grpc.aio.Channel`, grpcio 1.85.
    """

    def __init__(
        self,
        target: str,
        credentials: Any,
        options: Sequence[tuple[str, Any]] | None,
        interceptors: Iterable[Any] | None = None,
        compression: Any = None,
    ) -> None:
        """Make one; nothing is connected until the first call, and no event loop is needed."""
        self._interceptors = aio_interceptors(interceptors)
        super().__init__(target, credentials, options, compression, aio=True)
        self._transport: LazyTransport | AioGrpcioTransport
        if self.wire == GRPCIO:
            self._inner = OpenedOnUse(self._grpcio)
            self._transport = AioGrpcioTransport(self._inner, recorded=True)
        else:
            self._transport = LazyTransport(
                lambda: HTTPTransport(**self._transport_arguments()),
                self._connectivity,
                self._first_answer(),
                partial(aio_transport_instead, *self._instead_arguments) if self._may_be_replaced else None,
            )
        self._raw: ConnectClient | None = None
        self._connecting: asyncio.Task[None] | None = None
        adopt(AioChannel, "Channel", aio=True)

    def http_client(self) -> Client:
        """Return a pyqwest client on the channel's connections. Native form: `Client(transport)`."""
        return Client(self._transport)

    def client(self, client_class: Callable[..., C]) -> C:
        """Return a client for one service.

        Args:
            client_class: the generated `XClient`; any other class, as of a stub that has not moved, or a function
                that makes one is called with the channel.

        Native form: `XClient(url, ...)`.

        Source: `XStub(channel)` of grpcio-tools 1.85.
        """
        chosen: Callable[..., C] = of_colour(client_class, aio=True)
        if takes_a_channel(chosen):
            unmoved: C = chosen(self)
            return unmoved
        if self._takes_more or any(self._interceptors.values()):
            intercepted: C = intercepted_client(chosen, self, self._url, self.http_client())
            self.made(intercepted)
            return intercepted
        made = chosen(
            self._url,
            http_client=self.http_client(),
            interceptors=[AsyncCalls(*self._call_arguments())],
            **self._client_arguments(),
            **client_codec(chosen),
        )
        self.made(made)
        return made

    def multicallable(self, kind: StreamType, method: str, transforms: Any, face: Face) -> Any:
        """Return the multi-callable of a method; see `ChannelMethods`."""
        if self._raw is None:
            self._raw = ConnectClient(
                self._url,
                codec=RawCodec(),
                http_client=self.http_client(),
                interceptors=[AsyncCalls(*self._call_arguments())],
                **self._client_arguments(),
            )
        raw = self._raw

        def thunk(method: str) -> Any:
            return aio_method(raw, self, method, kind, transforms, face)

        interceptors = self._interceptors[kind]
        intercepted = AioInterceptedMethod(thunk, method, kind, interceptors, face)
        return intercepted if interceptors else UntilIntercepted(thunk(method), intercepted, interceptors)

    def _clients(self) -> Iterator[Any]:
        return clients_of(self)

    def moved_face(self) -> Face:
        """What calls of moved clients show to the interceptors: grpcio's kinds, if one of them is grpcio's."""
        every = [one for interceptors in self._interceptors.values() for one in interceptors]
        return UNMOVED if any(is_grpcio_s(one, aio=True) for one in every) else MOVED

    async def channel_ready(self) -> None:
        """Wait until the target accepts connections. Native form: none; the first call connects."""
        if self.wire == GRPCIO:
            await self._inner().channel_ready()
            return
        await wait_until_reachable(self)
        self._connectivity.become(ChannelConnectivity.READY)

    def get_state(self, try_to_connect: bool = False) -> ChannelConnectivity:
        """Return the state of the connection.

        It is that of the last call or attempt to connect.

        Args:
            try_to_connect: whether to begin to connect if nothing has yet; needs a running event loop.

        Native form: none; the first call connects.

        Source: `grpc.aio.Channel.get_state`, grpcio 1.85.
        """
        if self.wire == GRPCIO and not self._closed:
            return ChannelConnectivity[self._inner().get_state(try_to_connect).name]
        state = self._connectivity.state
        down = (ChannelConnectivity.IDLE, ChannelConnectivity.TRANSIENT_FAILURE)
        if try_to_connect and state in down and (self._connecting is None or self._connecting.done()):
            self._connecting = asyncio.create_task(self._connect())
        return state

    async def _connect(self) -> None:
        self._connectivity.become(ChannelConnectivity.CONNECTING)
        try:
            await wait_until_reachable(self, _ATTEMPT_S)
        except CallError:
            self._connectivity.become(ChannelConnectivity.TRANSIENT_FAILURE)
        else:
            self._connectivity.become(ChannelConnectivity.READY)

    async def wait_for_state_change(self, last_observed_state: Any) -> None:
        """Wait until the state is another than this one.

        Raises:
            UsageError: the channel has been closed before.

        Native form: none; the first call connects.

        Source: `grpc.aio.Channel.wait_for_state_change`, grpcio 1.85.
        """
        if self._closed:
            raise usage_error("Channel is closed.")
        if self.wire == GRPCIO:
            inner = self._inner()
            state = inner.get_state()
            # grpcio wants its own member.
            if state.name == last_observed_state.name:
                await inner.wait_for_state_change(state)
            return
        changed = asyncio.Event()
        loop = asyncio.get_running_loop()

        def observer(state: ChannelConnectivity) -> None:
            loop.call_soon_threadsafe(changed.set)

        self._connectivity.observe(observer)
        try:
            while self._connectivity.state == last_observed_state:
                await changed.wait()
                changed.clear()
        finally:
            self._connectivity.forget(observer)

    async def close(self, grace: float | None = None) -> None:
        """End the calls in flight and close the connections; later calls raise ValueError.

        Who waits for such a call gets `asyncio.CancelledError`.

        Args:
            grace: the calls have this many seconds to end by themselves.

        Native form: close the transport; calls in flight go on.

        Source: `grpc.aio.Channel.close`, grpcio 1.85.
        """
        self._close_connectivity()
        if isinstance(self._transport, LazyTransport):
            self._calls.close()
            if grace:
                await self._calls.wait(grace)
            for record in self._calls.end():
                await record.end_async()
            await self._transport.close()
        else:
            if not grace:
                self._calls.end()
            await self._inner.close(grace)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def aio_insecure_channel(
    target: str,
    options: Sequence[tuple[str, Any]] | None = None,
    compression: Any = None,
    interceptors: Any = None,
) -> AioChannel:
    """Return a plaintext channel; like `insecure_channel`.

    Args:
        target: as for `insecure_channel`.
        options: see `channel_options`.
        compression: of the requests, see `Compression`; gzip or none.
        interceptors: objects of the four classes `AioUnaryUnaryClientInterceptor` and so on, ours or those of
            `grpc.aio`; the calls of clients and of stubs go through them, the first one first.

    Raises:
        ImportError: only grpcio can do this, and it is not installed.
        NotImplementedError: only grpcio can do this, and `G2C_WIRE` says `connect`.
        ValueError: one of `interceptors` is none, or `G2C_WIRE` names no wire.

    Native form: as of `insecure_channel`.

    Source: `grpc.aio.insecure_channel`, grpcio 1.85.
    """
    return AioChannel(target, None, options, interceptors, compression)


def aio_secure_channel(
    target: str,
    credentials: Any,
    options: Sequence[tuple[str, Any]] | None = None,
    compression: Any = None,
    interceptors: Any = None,
) -> AioChannel:
    """Return a TLS channel; like `secure_channel`.

    Args:
        target: as for `aio_insecure_channel`.
        credentials: as for `secure_channel`.
        options: as for `secure_channel`.
        compression: of the requests, see `Compression`; gzip or none.
        interceptors: objects of the four classes `AioUnaryUnaryClientInterceptor` and so on, ours or those of
            `grpc.aio`; the calls of clients and of stubs go through them, the first one first.

    Raises:
        ImportError: only grpcio can do this, and it is not installed.
        NotImplementedError: only grpcio can do this, and `G2C_WIRE` says `connect`.
        ValueError: one of `interceptors` is none, or `G2C_WIRE` names no wire.

    Native form: as of `secure_channel`.

    Source: `grpc.aio.secure_channel`, grpcio 1.85.
    """
    return AioChannel(target, credentials, options, interceptors, compression)
