"""The names that `grpc.aio` has for types in annotations.

Each is what the name of the same spelling means in grpcio 1.85 (`grpc/aio/_typing.py`, `_metadata.py`).

Native form: the types themselves, such as `Sequence[tuple[str, Any]]` and `connectrpc.request.Headers`.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

from .aio_metadata import Metadata

__all__ = [
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
]

RequestType = TypeVar("RequestType")
ResponseType = TypeVar("ResponseType")
_Message = TypeVar("_Message")

SerializingFunction = Callable[[_Message], bytes]
DeserializingFunction = Callable[[bytes], _Message]
ChannelArgumentType: TypeAlias = Sequence[tuple[str, Any]]
DoneCallbackType: TypeAlias = Callable[[Any], None]
RequestIterableType = Iterable[RequestType] | AsyncIterable[RequestType]
ResponseIterableType = AsyncIterable[ResponseType]
MetadataKey: TypeAlias = str
MetadataValue: TypeAlias = str | bytes
MetadatumType: TypeAlias = tuple[str, str | bytes]
MetadataType: TypeAlias = Metadata | Sequence[tuple[str, str | bytes]]
