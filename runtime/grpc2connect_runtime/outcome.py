"""How an RPC ends: what grpcio would report for a handler's result or exception, as a Connect error."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from google.protobuf.message import Message

from .call_state import CallState
from .errors import AIO_FORM, CallError, rpc_error
from .made_errors import AioRpcError, RpcError, grpc_name
from .unmoved import moved_error

_log = logging.getLogger(__name__)


class BadResponse(Exception):
    """A handler returned something that cannot be sent; carries the status to end with."""

    def __init__(self, error: ConnectError) -> None:
        super().__init__(error.message)
        self.error = error


class IterationError(Exception):
    """A sync handler's response iterator raised (grpcio words this differently from a failing call)."""


class HandlerError(Exception):
    """A sync handler raised a `CancelledError` or `StopIteration`, which asyncio keeps to itself; has the same text."""


def check_message(state: CallState, response: Any, *, aio: bool) -> None:
    """Raise as grpcio would if `response` is no message: it would reach a client as OK, or not at all."""
    if isinstance(response, Message | state.raw.method.output):
        return
    try:
        state.raw.method.output.SerializeToString(response)
    except Exception as error:
        if aio:
            raise
        raise bad_response(state) from error


def bad_response(state: CallState) -> BadResponse:
    """Log the exception at hand, and return what ends the RPC of a sync handler whose response cannot be sent."""
    _log.exception("Exception serializing message!")
    code = state.code if state.failed() else Code.INTERNAL
    details = "Failed to serialize response!" if state.details is None else state.details
    return BadResponse(state.status_error(code, details))


def is_downstream(error: ConnectError) -> bool:
    """Whether the error is a failed call that a handler made, rather than its own way to fail.

    Clients of this package mark their errors by type, and gRPC's classes say nothing of the handler's own status when a
    program makes errors of them. An error of any other Connect client was raised inside
    connectrpc, so that its innermost frame is there.
    """
    if isinstance(error, RpcError):
        return True
    frame: TracebackType | None = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return False
    return str(frame.tb_frame.f_globals.get("__name__", "")).partition(".")[0] == "connectrpc"


def _text(error: BaseException) -> str:
    return str(rpc_error(error)) if isinstance(error, ConnectError) else str(error)


def _sync_details(error: BaseException) -> str:
    prefix = "Exception calling application"
    if isinstance(error, IterationError) and error.__cause__ is not None:
        prefix, error = "Exception iterating responses", error.__cause__
    try:
        return f"{prefix}: {_text(error)}"
    except Exception:
        return "Calling application raised unprintable Exception!"


def refusal(details: Any) -> Exception | None:
    """Return what grpcio's `abort` and `set_details` raise for details that are no text, or None."""
    try:
        if not isinstance(details, bytes):
            details.encode("utf8")
    except Exception as error:
        return error
    return None


def unexpected(error: BaseException | None) -> str:
    """Return what `grpc.aio` tells a client of an exception out of a handler.

    It begins with the class of the exception; that of a failed call is grpcio's to a client, whoever made the call.
    """
    name = grpc_name(AioRpcError if getattr(error, "form", None) == AIO_FORM else type(error))
    return f"Unexpected {name}: {_text(error) if error is not None else ''}"


def is_unwritten(error: ConnectError) -> bool:
    """Whether the error is that of a generated class's method."""
    return error.code is Code.UNIMPLEMENTED and error.message == "Not implemented"


def unwritten(*, aio: bool) -> str:
    """Return what a client is told of a method that the servicer does not have.

    grpcio's generated classes raise NotImplementedError, which `grpc.aio` puts into the text.
    """
    text = "Method not implemented!"
    return f"Unexpected {NotImplementedError}: {text}" if aio else text


def error_of(state: CallState, error: BaseException, *, aio: bool) -> ConnectError:
    """Return the error that the client gets for an exception out of a handler, and log it as grpcio does."""
    if isinstance(error, BadResponse):
        return error.error
    cause = error.__cause__ if isinstance(error, IterationError) else error
    if state.aborted is not None and (aio or not _is_native(state, cause)):
        return state.status_error(state.code, state.details)
    if isinstance(cause, ConnectError) and _is_native(state, cause):
        if is_unwritten(cause):
            return ConnectError(cause.code, unwritten(aio=aio))
        if (refused := refusal(cause.message)) is not None:
            return state.status_error(cause.code, unexpected(refused) if aio else _sync_details(refused))
        return moved_error(cause) if isinstance(cause, CallError) else cause
    name = f"{state.raw.method.service_name}/{state.raw.method.name}"
    if aio:
        details = unexpected(cause)
        _log.error("Unexpected [%s] raised by servicer method [/%s]", type(cause).__name__, name, exc_info=cause)
    else:
        text = _sync_details(error)
        _log.error("%s [/%s]", text, name, exc_info=cause)
        details = text if state.details is None else state.details
    return state.status_error(state.code if state.failed() else Code.UNKNOWN, details)


def _is_native(state: CallState, error: BaseException | None) -> bool:
    if not isinstance(error, ConnectError):
        return False
    return error is state.request_error or not is_downstream(error)


def final_error(state: CallState) -> ConnectError | None:
    """Return the error that a handler without an exception asked for, or None for OK."""
    return state.status_error(state.code, state.details) if state.aborted is not None or state.failed() else None
