"""gRPC status codes next to Connect's `Code`."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Awaitable
from typing import Any

from connectrpc.code import Code

__all__ = ["Status", "StatusCode", "code_in", "connect_code", "status_code"]


class Status:
    """A status made by hand: what derives from it has `code`, `details` and `trailing_metadata`.

    Native form: `raise ConnectError(code, message, details=[...])`.

    Source: `grpc.Status`, `grpc.ServicerContext.abort_with_status`, grpcio 1.85.
    """

    code: Any
    details: Any
    trailing_metadata: Any


class StatusCode(enum.Enum):
    """The status codes of gRPC, comparable with both `grpc.StatusCode` and Connect's `Code`.

    A member equals, and hashes like, the `connectrpc.code.Code` it stands for, and equals the
    `grpc.StatusCode` of the same name. `OK` stands for no `Code` at all.

    Native form: `connectrpc.code.Code` (`CANCELLED` is `CANCELED` there, and success has no code). Go there where the
    code is a literal.

    Source: `grpc.StatusCode`, grpcio 1.85.
    """

    OK = (0, "ok")
    CANCELLED = (1, "cancelled")
    UNKNOWN = (2, "unknown")
    INVALID_ARGUMENT = (3, "invalid argument")
    DEADLINE_EXCEEDED = (4, "deadline exceeded")
    NOT_FOUND = (5, "not found")
    ALREADY_EXISTS = (6, "already exists")
    PERMISSION_DENIED = (7, "permission denied")
    RESOURCE_EXHAUSTED = (8, "resource exhausted")
    FAILED_PRECONDITION = (9, "failed precondition")
    ABORTED = (10, "aborted")
    OUT_OF_RANGE = (11, "out of range")
    UNIMPLEMENTED = (12, "unimplemented")
    INTERNAL = (13, "internal")
    UNAVAILABLE = (14, "unavailable")
    DATA_LOSS = (15, "data loss")
    UNAUTHENTICATED = (16, "unauthenticated")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, StatusCode):
            return self is other
        if isinstance(other, Code):
            return _CODES.get(self) is other
        if isinstance(other, enum.Enum) and type(other).__name__ == "StatusCode":
            return self.name == other.name
        return NotImplemented

    def __hash__(self) -> int:
        code = _CODES_BY_NAME.get(self.name)
        return hash(self.name) if code is None else hash(code)


_CODES_BY_NAME: dict[str, Code] = {("CANCELLED" if code is Code.CANCELED else code.name): code for code in Code}
_CODES: dict[StatusCode, Code] = {member: _CODES_BY_NAME[member.name] for member in StatusCode if member.name != "OK"}
_BY_NAME: dict[str, StatusCode] = {**{member.name: member for member in StatusCode}, "CANCELED": StatusCode.CANCELLED}
_BY_NUMBER: dict[int, StatusCode] = {member.value[0]: member for member in StatusCode}


def status_code(value: Any) -> StatusCode:
    """Return the `StatusCode` that `value` means.

    Args:
        value: a `StatusCode`, a `connectrpc.code.Code`, a `grpc.StatusCode` or anything with their `.name`, the
            number of a status, or its `(number, text)` pair.

    Raises:
        ValueError: `value` names no status.

    Native form: none is needed where codes are `Code` throughout.

    Source: `grpc.StatusCode`; numbers from the gRPC specification, "Status codes".
    """
    if isinstance(value, StatusCode):
        return value
    found: StatusCode | None = None
    if isinstance(value, tuple) and value:
        value = value[0]
    if isinstance(value, int):
        found = _BY_NUMBER.get(value)
    elif isinstance(name := getattr(value, "name", value), str):
        found = _BY_NAME.get(name.upper())
    if found is None:
        raise ValueError(f"not a status code: {value!r}")
    return found


def code_in(codes: type[enum.Enum], found: Any) -> Any:
    """Return the member of an enumeration that stands for a status; for programs of which some services stay on gRPC.

    Args:
        codes: `grpc.StatusCode`: `is`, the keys of a dict and `isinstance` tell other members from its own.
        found: what `code()` of a call gives, or what it gives to be awaited.

    Native form: none is needed where codes are `Code` throughout.

    Source: `grpc.Call.code`, `grpc.aio.Call.code`, grpcio 1.85.
    """
    if inspect.isawaitable(found):
        return _awaited(codes, found)
    return codes[found.name] if isinstance(found, StatusCode) else found


async def _awaited(codes: type[enum.Enum], found: Awaitable[Any]) -> Any:
    return code_in(codes, await found)


def connect_code(value: Any) -> Code:
    """Return the Connect `Code` for a status other than OK.

    Args:
        value: whatever `status_code` takes.

    Raises:
        ValueError: `value` is OK, which Connect expresses by not failing, or no status.

    Native form: `Code.X`.

    Source: `connectrpc.code.Code`, connectrpc 0.13.
    """
    status = status_code(value)
    if status is StatusCode.OK:
        raise ValueError("OK is not an error: Connect has no code for it")
    return _CODES[status]
