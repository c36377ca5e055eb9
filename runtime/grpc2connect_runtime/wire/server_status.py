"""Codes, metadata and errors of moved handlers in the form that grpcio's server takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import grpc
from connectrpc.code import Code
from connectrpc.errors import ConnectError

from ..errors import CallError, is_made, rpc_error
from ..outcome import is_downstream, is_unwritten, unwritten
from ..rich_status import DETAILS_KEY, pack_status
from ..status import StatusCode, status_code

__all__ = ["HandlerError", "cancelled_by_grpcio", "grpc_status", "native_status", "raised_for_grpcio"]


class HandlerError(Exception):
    """What a moved handler failed with, in the words of grpcio's own error."""


def grpc_status(code: Any) -> Any:
    """Return the `grpc.StatusCode` for a code of this package or of Connect; anything else as it is."""
    return grpc.StatusCode[status_code(code).name] if isinstance(code, StatusCode | Code) else code


def native_status(error: ConnectError, *, aio: bool = False) -> tuple[Any, str, tuple[tuple[str, bytes], ...]]:
    """Return the code, the message and the trailers that a handler's own `ConnectError` ends its call with."""
    if is_made(error):
        return grpc.StatusCode.UNKNOWN, str(error), ()
    message = unwritten(aio=aio) if is_unwritten(error) else error.message
    code = grpc_status(error.code)
    if not error.details:
        return code, message, ()
    return code, message, ((DETAILS_KEY, pack_status(code.value[0], message, error.details)),)


def cancelled_by_grpcio(error: Exception) -> CallError:
    """Return what a moved handler sees of grpcio's own error for a call that has ended."""
    made = CallError(Code.CANCELED, "RPC cancelled")
    made.__cause__ = error
    return made


def raised_for_grpcio(error: ConnectError) -> Exception | None:
    """Return what grpcio is to see of an error out of a handler; None if the handler ended the call with it."""
    if isinstance(error.__cause__, grpc.RpcError) and isinstance(error, CallError):
        # grpcio knows its own error again, and says nothing more about a call that has ended.
        ended: Exception = error.__cause__
        return ended
    if is_downstream(error):
        # Interceptors around the handler catch the failed call itself, and grpcio finds the same text in it.
        return error if isinstance(error, CallError) else HandlerError(str(rpc_error(error)))
    return None


def pairs_of(metadata: Any) -> tuple[Any, ...]:
    """Return metadata as grpcio's sync server takes it."""
    if metadata is None:
        return ()
    found: Iterable[Any] = metadata.items() if hasattr(metadata, "items") else metadata
    return tuple(found)
