"""A pyqwest transport for sync clients whose requests are calls of a `grpc.Channel`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyqwest import Headers, SyncRequest, SyncResponse

from ..transports import CallRecord, current_record
from .client_frames import frame, messages
from .client_generators import call_of
from .client_headers import request_path, response_headers
from .client_library import grpcio
from .client_request import add_status, call_arguments, content_type_of

__all__ = ["SyncGrpcioTransport"]

_OK = 200


class SyncGrpcioTransport:
    """Executes gRPC's requests as calls of raw bytes; their order, deadlines and ends are grpcio's.

    A transport has no part in what a method is: a request whose body is there at once is a call with one request and a
    stream of responses, any other one streams both ways. On the wire that makes no difference.
    """

    def __init__(self, channel: Any, *, recorded: bool = False) -> None:
        """Use a channel, which stays its owner's to close.

        Args:
            channel: a `grpc.Channel`.
            recorded: whether the calls are made by clients of this package's channels, and have a `CallRecord`.
        """
        self._channel = channel
        self._recorded = recorded
        self._error: type[BaseException] = grpcio().RpcError

    def execute_sync(self, request: SyncRequest) -> SyncResponse:
        """Begin a call and return its response when the initial metadata is there.

        Raises:
            UnsuitableRequest: grpcio cannot carry the request.
        """
        record = current_record.get() if self._recorded else None
        content_type = content_type_of(request.headers)
        arguments = call_arguments(request.headers, record)
        path = request_path(request.url)
        content: Any = request.content
        one = list(messages(content)) if isinstance(content, bytes) else []
        try:
            if len(one) == 1 and record is not None and record.is_unary():
                response = self._unary(path, one[0], arguments, content_type, record)
            else:
                response = self._stream(path, one or content, arguments, content_type, record)
        except self._error as error:
            response = _refused(error, content_type)
        if record is not None:
            record.received(response)
        return response

    def _unary(
        self, path: str, message: bytes, arguments: dict[str, Any], content_type: str, record: CallRecord
    ) -> SyncResponse:
        method = self._channel.unary_unary(path)
        answer: bytes | None = None
        call: Any
        if record.cancellable:
            call = method.future(message, **arguments)
            record.wait_for(call)
            if call.code() is grpcio().StatusCode.OK:
                answer = call.result()
        else:
            try:
                answer, call = method.with_call(message, **arguments)
            except self._error as error:
                call = error
        trailers = Headers()
        add_status(trailers, call.code(), call.details(), call.trailing_metadata())
        return SyncResponse(
            status=_OK,
            headers=response_headers(content_type, call.initial_metadata()),
            content=b"" if answer is None else frame(answer),
            trailers=trailers,
        )

    def _stream(
        self, path: str, body: Any, arguments: dict[str, Any], content_type: str, record: CallRecord | None
    ) -> SyncResponse:
        call: Any
        if isinstance(body, list) and len(body) == 1:
            call = call_of(self._channel.unary_stream(path)(body[0], **arguments))
        else:
            requests = iter(body) if isinstance(body, list) else messages(body)
            call = call_of(self._channel.stream_stream(path)(requests, **arguments))
        if record is not None:
            record.wait_for(call)
        trailers = Headers()
        try:
            initial = call.initial_metadata()
        except BaseException:
            call.cancel()
            raise
        return SyncResponse(
            status=_OK,
            headers=response_headers(content_type, initial),
            content=_Content(call, trailers, self._error),
            trailers=trailers,
        )


def _refused(error: Any, content_type: str) -> SyncResponse:
    """Return the response of a call that grpcio did not begin, for its metadata are none."""
    trailers = Headers()
    add_status(trailers, error.code(), error.details(), None)
    return SyncResponse(status=_OK, headers=response_headers(content_type, None), content=b"", trailers=trailers)


class _Content(Iterator[bytes]):
    """The body of a response, read from its call message by message; its end fills in the trailers."""

    def __init__(self, call: Any, trailers: Headers, error: type[BaseException]) -> None:
        self._call = call
        self._trailers = trailers
        self._error = error
        self._ended = False

    def __next__(self) -> bytes:
        if self._ended:
            raise StopIteration
        try:
            return frame(next(self._call))
        except StopIteration:
            pass
        except self._error:
            # The call says in the trailers how it ended.
            pass
        self._ended = True
        call = self._call
        add_status(self._trailers, call.code(), call.details(), call.trailing_metadata())
        raise StopIteration

    def close(self) -> None:
        """Cancel the call unless it has ended; for any thread."""
        self._call.cancel()
