"""The Connect application and clients of `grpc.health.v1.Health`, as `protoc-gen-connectrpc` would make them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from connectrpc.client import ConnectClient, ConnectClientSync
from connectrpc.compat import google_protobuf_binary_codec, google_protobuf_codecs
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.server import DEFAULT_READ_MAX_BYTES, ConnectASGIApplication, Endpoint

from ..message_codecs import fitting, fitting_all
from .messages import (
    SERVICE_NAME,
    HealthCheckRequest,
    HealthCheckResponse,
    HealthListRequest,
    HealthListResponse,
)

__all__ = ["HealthASGIApplication", "HealthClient", "HealthClientSync"]

_CODECS = fitting_all(google_protobuf_codecs())
_BINARY_CODEC = fitting(google_protobuf_binary_codec())


def _method(name: str, takes: Any, returns: Any, kind: StreamType = StreamType.UNARY) -> MethodInfo[Any, Any]:
    return MethodInfo(
        name=name,
        service_name=SERVICE_NAME,
        input=takes,
        output=returns,
        idempotency_level=IdempotencyLevel.UNKNOWN,
        stream_type=kind,
    )


_CHECK = _method("Check", HealthCheckRequest, HealthCheckResponse)
_LIST = _method("List", HealthListRequest, HealthListResponse)
_WATCH = _method("Watch", HealthCheckRequest, HealthCheckResponse, StreamType.SERVER_STREAM)


class HealthASGIApplication(ConnectASGIApplication[Any]):
    """Serves health checks over gRPC, gRPC-Web and Connect; for `server.add_service`, or any ASGI server.

    Args:
        service: a `HealthServicer`, of this package or its module `aio`.
        interceptors: connectrpc interceptors.
        read_max_bytes: the largest request that is taken.
        compressions: of responses; connectrpc's own by default.
        codecs: of messages; binary and JSON by default.

    Native form: the application that `protoc-gen-connectrpc` generates from `grpc/health/v1/health.proto`. Go there
    if you generate that proto anyway.

    Source: `health_pb2_grpc.add_HealthServicer_to_server`, grpcio-health-checking 1.85.
    """

    def __init__(
        self,
        service: Any,
        *,
        interceptors: Iterable[Any] = (),
        read_max_bytes: int | None = DEFAULT_READ_MAX_BYTES,
        compressions: Iterable[Any] | None = None,
        codecs: Iterable[Any] | None = _CODECS,
    ) -> None:
        """Make one for a servicer."""
        super().__init__(
            service=service,
            endpoints=lambda found: {
                f"/{SERVICE_NAME}/Check": Endpoint.unary(method=_CHECK, function=found.check),
                f"/{SERVICE_NAME}/List": Endpoint.unary(method=_LIST, function=found.list),
                f"/{SERVICE_NAME}/Watch": Endpoint.server_stream(method=_WATCH, function=found.watch),
            },
            interceptors=interceptors,
            read_max_bytes=read_max_bytes,
            compressions=compressions,
            codecs=codecs,
        )

    @property
    def path(self) -> str:
        """The path of the service, as of generated applications."""
        return f"/{SERVICE_NAME}"


class HealthClient(ConnectClient):
    """Asks for health; for `channel.client(HealthClient)`, or a URL with the arguments of generated clients.

    Native form: the client that `protoc-gen-connectrpc` generates from `grpc/health/v1/health.proto`.

    Source: `health_pb2_grpc.HealthStub`, grpcio-health-checking 1.85.
    """

    def __init__(self, address: str, **settings: Any) -> None:
        """Make one; nothing is connected until the first call."""
        super().__init__(address, **{"codec": _BINARY_CODEC, **settings})

    async def check(self, request: Any, *, headers: Any = None, timeout_ms: int | None = None) -> Any:
        """Return the `HealthCheckResponse` for a `HealthCheckRequest`.

        Raises:
            ConnectError: NOT_FOUND, if the server does not know the service.
        """
        return await self.execute_unary(request=request, method=_CHECK, headers=headers, timeout_ms=timeout_ms)

    async def list(self, request: Any, *, headers: Any = None, timeout_ms: int | None = None) -> Any:
        """Return the `HealthListResponse` for a `HealthListRequest`; few servers have it."""
        return await self.execute_unary(request=request, method=_LIST, headers=headers, timeout_ms=timeout_ms)

    def watch(self, request: Any, *, headers: Any = None, timeout_ms: int | None = None) -> AsyncIterator[Any]:
        """Yield a `HealthCheckResponse` for each change, without end."""
        return self.execute_server_stream(request=request, method=_WATCH, headers=headers, timeout_ms=timeout_ms)


class HealthClientSync(ConnectClientSync):
    """The sync form of `HealthClient`.

    Native form: the client that `protoc-gen-connectrpc` generates from `grpc/health/v1/health.proto`.

    Source: `health_pb2_grpc.HealthStub`, grpcio-health-checking 1.85.
    """

    def __init__(self, address: str, **settings: Any) -> None:
        """Make one; nothing is connected until the first call."""
        super().__init__(address, **{"codec": _BINARY_CODEC, **settings})

    def check(self, request: Any, *, headers: Any = None, timeout_ms: int | None = None) -> Any:
        """Return the `HealthCheckResponse` for a `HealthCheckRequest`.

        Raises:
            ConnectError: NOT_FOUND, if the server does not know the service.
        """
        return self.execute_unary(request=request, method=_CHECK, headers=headers, timeout_ms=timeout_ms)

    def list(self, request: Any, *, headers: Any = None, timeout_ms: int | None = None) -> Any:
        """Return the `HealthListResponse` for a `HealthListRequest`; few servers have it."""
        return self.execute_unary(request=request, method=_LIST, headers=headers, timeout_ms=timeout_ms)

    def watch(self, request: Any, *, headers: Any = None, timeout_ms: int | None = None) -> Iterator[Any]:
        """Yield a `HealthCheckResponse` for each change, without end."""
        return self.execute_server_stream(request=request, method=_WATCH, headers=headers, timeout_ms=timeout_ms)
