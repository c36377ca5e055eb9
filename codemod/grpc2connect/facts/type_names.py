"""Names that gRPC, or its type stubs, have for types in annotations."""

from __future__ import annotations

AIO_TYPES = frozenset(
    {
        "ChannelArgumentType",
        "DeserializingFunction",
        "DoneCallbackType",
        "MetadataKey",
        "MetadataType",
        "MetadataValue",
        "MetadatumType",
        "RequestIterableType",
        "RequestType",
        "ResponseIterableType",
        "ResponseType",
        "SerializingFunction",
    }
)
"""What `grpc.aio` calls types in annotations."""

_STUB_TYPES = (
    "Behaviour",
    "CallFuture",
    "CallIterator",
    "CertificateChainPair",
    "Deserializer",
    "Interceptor",
    "Metadata",
    "Metadatum",
    "OptionKeyValue",
    "Options",
    "RequestDeserializer",
    "RequestSerializer",
    "ResponseDeserializer",
    "ResponseSerializer",
    "Serializer",
    "TFutureValue",
    "TRequest",
    "TResponse",
)
_AIO_STUB_TYPES = (
    "Deserializer",
    "DoneCallback",
    "EOFType",
    "InterceptedCall",
    "RequestSerializer",
    "ResponseDeserializer",
    "Serializer",
    "TRequest",
    "TResponse",
)
STUB_TYPES = frozenset(
    f"{module}.{mark}{name}"
    for module, names in (("grpc", _STUB_TYPES), ("grpc.aio", (*_AIO_STUB_TYPES, *AIO_TYPES)))
    for name in names
    for mark in ("", "_")
) - {f"grpc.aio.{name}" for name in AIO_TYPES}
"""Names that type checkers alone know, from the type stubs of `grpc-stubs` and `types-grpcio`; grpcio has none of them.

Source: grpc-stubs 1.53.0.6, types-grpcio 1.85.0.20261028.
"""
