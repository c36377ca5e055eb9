"""`google.rpc.Status` to and from Connect error details, without generated code.

`google.rpc.Status` is `int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3`. Reading and
writing these three fields by hand keeps this package free of generated modules, which tie a process to one protobuf
version and clash with the copy in googleapis-common-protos.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectrpc.errors import ErrorDetail
from protobuf.wkt import Any as AnyMessage

__all__ = ["DETAILS_KEY", "pack_status", "status_details"]

DETAILS_KEY = "grpc-status-details-bin"


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        match tag & 7:
            case 0:
                _, position = _varint(data, position)
            case 1:
                position += 8
            case 2:
                size, position = _varint(data, position)
                if position + size > len(data):
                    raise ValueError("not a google.rpc.Status")
                yield tag >> 3, data[position : position + size]
                position += size
            case 5:
                position += 4
            case _:
                raise ValueError("not a google.rpc.Status")


def status_details(serialized: bytes) -> list[ErrorDetail]:
    """Return the details of a serialized `google.rpc.Status` as Connect error details.

    Args:
        serialized: the value of the trailer `grpc-status-details-bin`.

    Raises:
        ValueError: the bytes are no such message.

    Native form: `ConnectError(code, message, details=[...])` with protobuf-py messages.

    Source: google/rpc/status.proto; connectrpc 0.13 builds the trailer from `ConnectError.details`.
    """
    try:
        return [ErrorDetail(AnyMessage.from_binary(value)) for number, value in _fields(serialized) if number == 3]
    except Exception as error:  # whatever protobuf-py says of a broken Any
        raise ValueError("not a google.rpc.Status") from error


def _encode_varint(value: int) -> bytes:
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def _field(number: int, data: bytes) -> bytes:
    return _encode_varint(number << 3 | 2) + _encode_varint(len(data)) + data


def pack_status(code: int, message: str, details: Iterable[ErrorDetail]) -> bytes:
    """Return a serialized `google.rpc.Status`.

    Args:
        code: the number of the gRPC status.
        message: the message of the error.
        details: its details.

    Native form: `ConnectError.details`, each with `.type_name` and `.message_bytes`.

    Source: google/rpc/status.proto.
    """
    packed = b"\x08" + _encode_varint(code) if code else b""
    if message:
        packed += _field(2, message.encode())
    for detail in details:
        url = f"type.googleapis.com/{detail.type_name}"
        packed += _field(3, _field(1, url.encode()) + _field(2, detail.message_bytes))
    return packed
