"""The classes that client interceptors of gRPC's form derive from, and what they see of a call."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from connectrpc.method import StreamType

from .named_records import shown_as
from .type_parameters import OpenToMessages, Request, Response
from .unmoved import aio_module, grpc_module

__all__ = [
    "AioClientCallDetails",
    "AioClientInterceptor",
    "AioStreamStreamClientInterceptor",
    "AioStreamUnaryClientInterceptor",
    "AioUnaryStreamClientInterceptor",
    "AioUnaryUnaryClientInterceptor",
    "ClientCallDetails",
    "StreamStreamClientInterceptor",
    "StreamUnaryClientInterceptor",
    "SyncClientCallDetails",
    "UnaryStreamClientInterceptor",
    "UnaryUnaryClientInterceptor",
]


class ClientCallDetails(abc.ABC):  # noqa: B024
    """What is known of a call before it is made: to derive from, where an interceptor makes its own.

    It has `method` (the path, `/package.Service/Method`), `timeout` (in seconds, or None), `metadata` (pairs, or None),
    `credentials`, `wait_for_ready` and `compression`; one that has not all of them leaves the rest as it is.

    Native form: `ctx.method`, `ctx.request_headers` and `ctx.timeout_ms` of a connectrpc interceptor.

    Source: `grpc.ClientCallDetails`, grpcio 1.85.
    """

    if TYPE_CHECKING:
        # A class of the program's has what it wants, often by a namedtuple before this base; grpcio has no types.
        def __getattr__(self, name: str) -> Any: ...


if TYPE_CHECKING:

    class AioClientCallDetails(ClientCallDetails):
        """As checkers know it: no tuple, or a namedtuple of the program's before this base would contradict it."""

        method: Any
        timeout: Any
        metadata: Any
        credentials: Any
        wait_for_ready: Any
        _fields: Any
        _asdict: Any
        _replace: Any

        def __new__(
            cls,
            method: Any,
            timeout: float | None = None,
            metadata: Any = None,
            credentials: Any = None,
            wait_for_ready: bool | None = None,
        ) -> Self: ...
        def __iter__(self) -> Iterator[Any]: ...
        def __len__(self) -> int: ...
        def __getitem__(self, index: Any) -> Any: ...

else:

    class AioClientCallDetails(NamedTuple):
        """What is known of a call before it is made.

        Attributes:
            method: the path, `/package.Service/Method`; bytes where the channel is an aio one, as in grpcio.
            timeout: in seconds, or None.
            metadata: pairs, or None; of an aio channel a `grpc.aio.Metadata` where grpcio is loaded, else a `Metadata`.
            credentials: call credentials, or None.
            wait_for_ready: whether the call waits until the target accepts connections.

        A program's own class may have it as its second base, behind a namedtuple of the same five.

        Native form: as of `ClientCallDetails`.

        Source: `grpc.aio.ClientCallDetails`, grpcio 1.85.
        """

        method: Any
        timeout: float | None = None
        metadata: Any = None
        credentials: Any = None
        wait_for_ready: bool | None = None

        def __repr__(self) -> str:
            return shown_as("ClientCallDetails", self, AioClientCallDetails)

    ClientCallDetails.register(AioClientCallDetails)


class SyncClientCallDetails(NamedTuple):
    """What an interceptor of a sync channel sees.

    Native form: as of `ClientCallDetails`.

    Source: `grpc._interceptor._ClientCallDetails`, grpcio 1.85.
    """

    method: Any
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None
    compression: Any

    def __repr__(self) -> str:
        return shown_as("_ClientCallDetails", self, SyncClientCallDetails)


ClientCallDetails.register(SyncClientCallDetails)


def changed_details(new: Any, old: AioClientCallDetails | SyncClientCallDetails) -> tuple[str, dict[str, Any]]:
    """Return the method and the arguments of the call that `new` describes; what it does not say is as in `old`."""
    arguments = {name: getattr(new, name, getattr(old, name)) for name in old._fields[1:]}
    method = getattr(new, "method", old.method)
    return method.decode() if isinstance(method, bytes) else method, arguments


class UnaryUnaryClientInterceptor(OpenToMessages[Request, Response], abc.ABC):
    """Sees calls with one request and one response; `grpc.UnaryUnaryClientInterceptor` objects do as well.

    Native form: `intercept_unary_sync` of a connectrpc interceptor.

    Source: `grpc.UnaryUnaryClientInterceptor`, grpcio 1.85.
    """

    @abc.abstractmethod
    def intercept_unary_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request: Any, /
    ) -> Any:
        """Return a call: what `continuation(client_call_details, request)` returns, or an object with `result()`."""


class UnaryStreamClientInterceptor(OpenToMessages[Request, Response], abc.ABC):
    """Sees calls with a stream of responses.

    Native form: `intercept_server_stream_sync` of a connectrpc interceptor.

    Source: `grpc.UnaryStreamClientInterceptor`, grpcio 1.85.
    """

    @abc.abstractmethod
    def intercept_unary_stream(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request: Any, /
    ) -> Any:
        """Return a call: what the continuation returns, or an iterator."""


class StreamUnaryClientInterceptor(OpenToMessages[Request, Response], abc.ABC):
    """Sees calls with a stream of requests.

    Native form: `intercept_client_stream_sync` of a connectrpc interceptor.

    Source: `grpc.StreamUnaryClientInterceptor`, grpcio 1.85.
    """

    @abc.abstractmethod
    def intercept_stream_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request_iterator: Any, /
    ) -> Any:
        """Return a call, as `UnaryUnaryClientInterceptor` does."""


class StreamStreamClientInterceptor(OpenToMessages[Request, Response], abc.ABC):
    """Sees calls with streams of both.

    Native form: `intercept_bidi_stream_sync` of a connectrpc interceptor.

    Source: `grpc.StreamStreamClientInterceptor`, grpcio 1.85.
    """

    @abc.abstractmethod
    def intercept_stream_stream(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request_iterator: Any, /
    ) -> Any:
        """Return a call, as `UnaryStreamClientInterceptor` does."""


class AioClientInterceptor(abc.ABC):  # noqa: B024
    """What the four kinds of interceptors of aio channels have in common: for annotations and `isinstance`.

    Native form: `connectrpc.interceptor.Interceptor`.

    Source: `grpc.aio.ClientInterceptor`, grpcio 1.85.
    """


class AioUnaryUnaryClientInterceptor(AioClientInterceptor, OpenToMessages[Request, Response]):
    """As `UnaryUnaryClientInterceptor`, for aio channels; `grpc.aio.UnaryUnaryClientInterceptor` objects do as well.

    Native form: `intercept_unary` of a connectrpc interceptor.

    Source: `grpc.aio.UnaryUnaryClientInterceptor`, grpcio 1.85.
    """

    @abc.abstractmethod
    async def intercept_unary_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request: Any, /
    ) -> Any:
        """Return a call, as `await continuation(client_call_details, request)` does, or a response."""


class AioUnaryStreamClientInterceptor(AioClientInterceptor, OpenToMessages[Request, Response]):
    """As `UnaryStreamClientInterceptor`, for aio channels.

    Native form: `intercept_server_stream` of a connectrpc interceptor.

    Source: `grpc.aio.UnaryStreamClientInterceptor`, grpcio 1.85.
    """

    @abc.abstractmethod
    async def intercept_unary_stream(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request: Any, /
    ) -> Any:
        """Return a call, or an async iterator."""


class AioStreamUnaryClientInterceptor(AioClientInterceptor, OpenToMessages[Request, Response]):
    """As `StreamUnaryClientInterceptor`, for aio channels.

    Native form: `intercept_client_stream` of a connectrpc interceptor.

    Source: `grpc.aio.StreamUnaryClientInterceptor`, grpcio 1.85.
    """

    @abc.abstractmethod
    async def intercept_stream_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request_iterator: Any, /
    ) -> Any:
        """Return a call, or a response."""


class AioStreamStreamClientInterceptor(AioClientInterceptor, OpenToMessages[Request, Response]):
    """As `StreamStreamClientInterceptor`, for aio channels.

    Native form: `intercept_bidi_stream` of a connectrpc interceptor.

    Source: `grpc.aio.StreamStreamClientInterceptor`, grpcio 1.85.
    """

    @abc.abstractmethod
    async def intercept_stream_stream(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request_iterator: Any, /
    ) -> Any:
        """Return a call, or an async iterator."""


_NAMES = {
    StreamType.UNARY: "UnaryUnaryClientInterceptor",
    StreamType.SERVER_STREAM: "UnaryStreamClientInterceptor",
    StreamType.CLIENT_STREAM: "StreamUnaryClientInterceptor",
    StreamType.BIDI_STREAM: "StreamStreamClientInterceptor",
}
METHODS = {
    StreamType.UNARY: "intercept_unary_unary",
    StreamType.SERVER_STREAM: "intercept_unary_stream",
    StreamType.CLIENT_STREAM: "intercept_stream_unary",
    StreamType.BIDI_STREAM: "intercept_stream_stream",
}
"""The method of an interceptor for each kind of call."""


def intercepts(interceptor: Any, kind: StreamType, *, aio: bool) -> bool:
    """Whether an object is an interceptor for calls of this kind."""
    ours: Any = globals()[("Aio" if aio else "") + _NAMES[kind]]
    theirs: Any = getattr(aio_module() if aio else grpc_module(), _NAMES[kind], ours)
    return isinstance(interceptor, ours | theirs)


def is_grpcio_s(interceptor: Any, *, aio: bool) -> bool:
    """Whether an interceptor derives from grpcio's classes, and so expects grpcio's kinds."""
    module = aio_module() if aio else grpc_module()
    return any(isinstance(interceptor, getattr(module, name, ())) for name in _NAMES.values())


def aio_interceptors(interceptors: Iterable[Any] | None) -> dict[StreamType, list[Any]]:
    """Return the interceptors of each kind of call.

    As in grpcio, one that derives from several classes counts for the first of them only: unary-unary, unary-stream,
    stream-unary, stream-stream.

    Raises:
        ValueError: one is no interceptor of an aio channel.
    """
    found: dict[StreamType, list[Any]] = {kind: [] for kind in _NAMES}
    for interceptor in interceptors or ():
        for kind, chosen in found.items():
            if intercepts(interceptor, kind, aio=True):
                chosen.append(interceptor)
                break
        else:
            raise ValueError(f"not a client interceptor of grpc.aio: {interceptor!r}")
    return found
