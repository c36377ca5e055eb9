"""pyqwest transports that connect on first use and keep hold of the response of a call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from connectrpc.method import StreamType
from connectrpc.request import RequestContext
from pyqwest import HTTPTransport, Request, Response, SyncHTTPTransport, SyncRequest, SyncResponse

from .at_exit import settle_at_exit
from .connectivity import ChannelConnectivity, Connectivity
from .metadata import Metadatum, metadata


class CallRecord:
    """What one call is made with, and its response: its metadata, and a way to end it from another thread.

    Attributes:
        context: the `RequestContext`, from when the call begins.
        wait_for_ready: whether the call waits for a connection; of no meaning but to grpcio.
        cancellable: whether another thread may call `cancel`.
    """

    def __init__(
        self, on_response: Callable[[], Any] | None = None, credentials: Any = None, *, cancellable: bool = False
    ) -> None:
        self.credentials = credentials
        self.context: RequestContext[Any, Any] | None = None
        self.wait_for_ready: bool | None = None
        self.cancellable = cancellable
        self.response: Response | SyncResponse | None = None
        self.request_error: BaseException | None = None
        self.bad_request: Any = None
        self.cancelled = False
        self.claimed = False
        self._headers: list[tuple[str, str]] = []
        self._on_response = on_response
        self._awaited: Any = None

    def is_unary(self) -> bool:
        """Whether the method has one request and one response."""
        return self.context is not None and self.context.method.stream_type is StreamType.UNARY

    def wait_for(self, answer: Any) -> None:
        """Have `cancel` cancel this too: a future, or a call of grpcio; to be called before it is waited for."""
        self._awaited = answer
        if self.cancelled:
            answer.cancel()

    def cancel(self) -> None:
        """Note that the call is cancelled, and end what it waits for before it begins."""
        self.cancelled = True
        if (awaited := self._awaited) is not None:
            awaited.cancel()

    def received(self, response: Response | SyncResponse) -> None:
        self.response = response
        # Kept because pyqwest empties a response that it reads as a whole.
        self._headers = list(response.headers.items())
        if self._on_response is not None:
            self._on_response()

    def _trailers_only(self) -> bool:
        return any(key == "grpc-status" for key, _ in self._headers)

    def initial_metadata(self) -> tuple[Metadatum, ...]:
        """Return the response headers as metadata; empty if the response has trailers only."""
        if self._trailers_only():
            return ()
        return metadata([pair for pair in self._headers if not pair[0].startswith("trailer-")])

    def trailing_metadata(self) -> tuple[Metadatum, ...]:
        """Return the trailers as metadata, wherever the protocol puts them."""
        if self.response is None:
            return ()
        if self._trailers_only():
            return metadata(self._headers)
        prefix = "trailer-"
        in_headers = [(key.removeprefix(prefix), value) for key, value in self._headers if key.startswith(prefix)]
        return metadata([*self.response.trailers.items(), *in_headers])


current_record: ContextVar[CallRecord | None] = ContextVar("grpc2connect_call_record", default=None)


class LazySyncTransport:
    """A sync transport that is made by the first call."""

    def __init__(self, make: Callable[[], SyncHTTPTransport], connectivity: Connectivity) -> None:
        self._make = make
        self._connectivity = connectivity
        self._lock = threading.Lock()
        self._inner: SyncHTTPTransport | None = None
        self.closed = False

    def execute_sync(self, request: SyncRequest) -> SyncResponse:
        """Execute a request, noting its response in the current record."""
        with self._lock:
            if self.closed:
                raise ConnectionError("channel closed")
            if self._inner is None:
                self._inner = self._make()
        try:
            response = self._inner.execute_sync(request)
        except ConnectionError:
            self._connectivity.become(ChannelConnectivity.TRANSIENT_FAILURE)
            raise
        self._connectivity.become(ChannelConnectivity.READY)
        record = current_record.get()
        if record is not None:
            record.received(response)
            if record.cancelled:
                response.close()
                raise ConnectionError("call cancelled")
        return response

    def close(self) -> None:
        """Close the connections; calls fail from now on."""
        with self._lock:
            self.closed = True
            inner, self._inner = self._inner, None
        if inner is not None:
            inner.close()


class LazyTransport:
    """An async transport that is made by the first call."""

    def __init__(self, make: Callable[[], HTTPTransport], connectivity: Connectivity) -> None:
        self._make = make
        self._connectivity = connectivity
        self._inner: HTTPTransport | None = None
        self.closed = False

    async def execute(self, request: Request) -> Response:
        """Execute a request, noting its response in the current record."""
        if self.closed:
            raise ConnectionError("channel closed")
        if self._inner is None:
            settle_at_exit()
            self._inner = self._make()
        record = current_record.get()
        try:
            response = await self._inner.execute(request)
        except ConnectionError:
            self._connectivity.become(ChannelConnectivity.TRANSIENT_FAILURE)
            raise
        self._connectivity.become(ChannelConnectivity.READY)
        if record is not None:
            record.received(response)
        return response

    async def close(self) -> None:
        """Close the connections; calls fail from now on."""
        self.closed = True
        inner, self._inner = self._inner, None
        if inner is not None:
            await inner.aclose()
