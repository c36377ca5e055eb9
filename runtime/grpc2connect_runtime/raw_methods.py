"""Methods by path, with messages that the caller's functions make bytes of: what a stub of grpcio calls.

Each is called as a bound method of a generated client is: `(request, headers=..., timeout_ms=...)`.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from connectrpc.client import ConnectClient, ConnectClientSync
from connectrpc.code import Code
from connectrpc.method import MethodInfo, StreamType

from .applications import raw_method
from .errors import AIO_FORM, STREAM_FORM, UNARY_FORM, CallError
from .stream_kinds import streams_requests, streams_responses

__all__ = ["AioRawMethod", "RawMethod", "serialized"]

_log = logging.getLogger(__name__)

Transform = Callable[[Any], Any] | None


def serialized(request: Any, serialize: Transform, *, aio: bool = False) -> bytes:
    """Return the bytes of a request; none where it cannot be serialized and the call is an aio one, as in grpc.aio.

    Raises:
        CallError: INTERNAL "Exception serializing request!", as in grpcio.

    Source: `grpc._common._transform` gives None then, of which grpc.aio makes an empty message, grpcio 1.85.
    """
    try:
        data = request if serialize is None else serialize(request)
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"expected bytes, {type(data).__name__} found")
        return bytes(data)
    except Exception as error:
        if aio and (serialize is not None or request is None):
            _log.exception("Exception serializing message!")
            return b""
        raise CallError(Code.INTERNAL, "Exception serializing request!") from error


def _deserialized(data: Any, deserialize: Transform, form: str) -> Any:
    if deserialize is None:
        return data
    try:
        return deserialize(data)
    except Exception as error:
        raise CallError(Code.INTERNAL, "Exception deserializing response!", form=form) from error


def _execute(client: ConnectClientSync | ConnectClient, kind: StreamType) -> Callable[..., Any]:
    names = {
        StreamType.UNARY: "execute_unary",
        StreamType.CLIENT_STREAM: "execute_client_stream",
        StreamType.SERVER_STREAM: "execute_server_stream",
        StreamType.BIDI_STREAM: "execute_bidi_stream",
    }
    found: Callable[..., Any] = getattr(client, names[kind])
    return found


class _Base:
    def __init__(self, path: str, kind: StreamType, serialize: Transform, deserialize: Transform) -> None:
        if not path.startswith("/"):
            _log.warning("a method is called as /%s here, not as %s: paths of HTTP begin with a slash", path, path)
        self._method: MethodInfo[Any, Any] = raw_method(path, kind)
        self._streams_requests = streams_requests(kind)
        self._serialize = serialize
        self._deserialize = deserialize


class RawMethod(_Base):
    """A method of a sync client whose codec is `RawCodec`."""

    def __init__(
        self, client: ConnectClientSync, path: str, kind: StreamType, serialize: Transform, deserialize: Transform
    ) -> None:
        """Name the method; nothing is called."""
        super().__init__(path, kind, serialize, deserialize)
        self._execute = _execute(client, kind)

    def __call__(self, request: Any, *, headers: Any, timeout_ms: int | None) -> Any:
        """Call."""
        # A stream of requests is made bytes where it is read (`client_interceptors`), which knows what a failure means.
        argument = (
            _Requests(request, self._serialize) if self._streams_requests else serialized(request, self._serialize)
        )
        found = self._execute(request=argument, method=self._method, headers=headers, timeout_ms=timeout_ms)
        if streams_responses(self._method.stream_type):
            return self._responses(found)
        return _deserialized(found, self._deserialize, UNARY_FORM)

    def _responses(self, found: Iterator[Any]) -> Iterator[Any]:
        try:
            for data in found:
                yield _deserialized(data, self._deserialize, STREAM_FORM)
        finally:
            close = getattr(found, "close", None)
            if close is not None:
                close()


class AioRawMethod(_Base):
    """A method of an async client whose codec is `RawCodec`."""

    def __init__(
        self, client: ConnectClient, path: str, kind: StreamType, serialize: Transform, deserialize: Transform
    ) -> None:
        """Name the method; nothing is called."""
        super().__init__(path, kind, serialize, deserialize)
        self._execute = _execute(client, kind)

    def __call__(self, request: Any, *, headers: Any, timeout_ms: int | None) -> Any:
        """Call: an awaitable, or an async iterator."""
        if streams_responses(self._method.stream_type):
            return self._responses(request, headers, timeout_ms)
        return self._response(request, headers, timeout_ms)

    def _begin(self, request: Any, headers: Any, timeout_ms: int | None) -> Any:
        argument = (
            _AioRequests(request, self._serialize)
            if self._streams_requests
            else serialized(request, self._serialize, aio=True)
        )
        return self._execute(request=argument, method=self._method, headers=headers, timeout_ms=timeout_ms)

    async def _response(self, request: Any, headers: Any, timeout_ms: int | None) -> Any:
        return _deserialized(await self._begin(request, headers, timeout_ms), self._deserialize, AIO_FORM)

    async def _responses(self, request: Any, headers: Any, timeout_ms: int | None) -> AsyncIterator[Any]:
        found = self._begin(request, headers, timeout_ms)
        try:
            async for data in found:
                yield _deserialized(data, self._deserialize, AIO_FORM)
        finally:
            close = getattr(found, "aclose", None)
            if close is not None:
                await close()


class _Requests:
    """Requests with what makes bytes of them."""

    def __init__(self, requests: Iterator[Any], serialize: Transform) -> None:
        self._requests = requests
        self.serialize = serialize

    def __iter__(self) -> Iterator[Any]:
        return iter(self._requests)

    def __next__(self) -> Any:
        return next(self._requests)


class _AioRequests:
    """The same for async ones."""

    def __init__(self, requests: AsyncIterator[Any], serialize: Transform) -> None:
        self._requests = requests
        self.serialize = serialize

    def __aiter__(self) -> AsyncIterator[Any]:
        return aiter(self._requests)
