"""The messages of a handler: those of a generated application, or bytes that the handler itself takes apart."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from connectrpc.code import Code
from connectrpc.errors import ConnectError

from .call_state import CallState
from .outcome import BadResponse, bad_response, check_message

__all__ = ["HandlerMessages", "Messages", "NativeMessages", "UnmovedMessages"]

_log = logging.getLogger(__name__)


class Messages(Protocol):
    """How what connectrpc carries becomes what a handler takes, and back."""

    unmoved: bool

    def request(self, message: Any, *, aio: bool) -> Any:
        """Return the request for the handler."""

    def response(self, state: CallState, message: Any, *, aio: bool) -> Any:
        """Return the response for connectrpc."""


class NativeMessages:
    """Messages that connectrpc decodes and encodes."""

    unmoved = False

    def request(self, message: Any, *, aio: bool) -> Any:
        """Return it as it is."""
        return message

    def response(self, state: CallState, message: Any, *, aio: bool) -> Any:
        """Return it as it is.

        Raises:
            Exception: it is no message; see `check_message`.
        """
        check_message(state, message, aio=aio)
        return message


class UnmovedMessages(NativeMessages):
    """The same, for a handler that is written for grpcio."""

    unmoved = True


class HandlerMessages:
    """Bytes, decoded and encoded by the functions of an `RpcMethodHandler`; None leaves bytes."""

    unmoved = True

    def __init__(self, handler: Any) -> None:
        """Take the functions of the handler."""
        self._deserialize = handler.request_deserializer
        self._serialize = handler.response_serializer

    def request(self, message: Any, *, aio: bool) -> Any:
        """Decode a request.

        Raises:
            BadResponse: a sync handler's deserializer failed; of an async one its error comes as it is, as in grpcio.
        """
        if self._deserialize is None:
            return message
        try:
            return self._deserialize(message)
        except Exception as error:
            if aio:
                raise
            _log.exception("Exception deserializing message!")
            raise BadResponse(ConnectError(Code.INTERNAL, "Exception deserializing request!")) from error

    def response(self, state: CallState, message: Any, *, aio: bool) -> bytes:
        """Encode a response.

        Raises:
            BadResponse: a sync handler's serializer failed; of an async one its error comes as it is, as in grpcio.
        """
        try:
            data = message if self._serialize is None else self._serialize(message)
            if not isinstance(data, bytes | bytearray | memoryview):
                raise TypeError(f"expected bytes, {type(data).__name__} found")
        except Exception as error:
            if aio:
                raise
            raise bad_response(state) from error
        return bytes(data)
