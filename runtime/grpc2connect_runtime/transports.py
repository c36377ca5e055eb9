"""pyqwest transports that connect on first use and keep hold of the response of a call."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any
from urllib.parse import unquote

from connectrpc.code import Code
from connectrpc.method import StreamType
from connectrpc.request import RequestContext
from pyqwest import HTTPTransport, Request, Response, SyncHTTPTransport, SyncRequest, SyncResponse

from .answers import answer_to
from .at_exit import settle_at_exit
from .background import Exchange, close_in_background
from .connectivity import ChannelConnectivity, Connectivity
from .first_answers import FirstAnswer
from .forks import is_cut_off, note_use
from .metadata import Metadatum, metadata
from .rich_status import DETAILS_KEY
from .status import StatusCode, connect_code
from .unasked_requests import noted, noted_async
from .wire.refused_certificates import is_refused_certificate, probe_of

_PROBE_S = 10.0
_FAILURES = frozenset(str(code.value[0]) for code in StatusCode if code is not StatusCode.OK)


class CallRecord:
    """What one call is made with, and its response: its metadata, and a way to end it from another thread.

    Attributes:
        context: the `RequestContext`, from when the call begins.
        wait_for_ready: whether the call waits for a connection; of no meaning but to grpcio.
        cancellable: whether another thread may call `cancel`.
        ended_by_channel: whether the channel was closed under the call.
        task: what runs an async call, which as in grpcio goes on while its channel knows of it, whoever forgets it.
        connects: waits for the connection, where that can be asked for.
        give_up: ends the call for who made it, when its channel is closed.
        unconnected: whether no connection could be made; its requests may be asked for all the same.
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
        self.ended_by_channel = False
        self.connects: Callable[[], Any] | None = None
        self.give_up: Callable[[], object] = lambda: None
        self.claimed = False
        self.unconnected = False
        self.task: asyncio.Task[Any] | None = None
        self._headers: list[tuple[str, str]] = []
        self._on_response = on_response
        self._awaited: Any = None

    def is_unary(self) -> bool:
        """Whether the method has one request and one response."""
        return self.context is not None and self.context.method.stream_type is StreamType.UNARY

    def requests_have_failed(self) -> bool:
        """Whether the program's own iterator of requests has raised an error: an aio call is cancelled then.

        Source: `grpc.aio._call._StreamRequestMixin._consume_request_iterator`, grpcio 1.85.
        """
        return self.request_error is not None and self.bad_request is None

    def seconds_left(self) -> float | None:
        """The time until the deadline in seconds; None without one."""
        left = None if self.context is None else self.context.timeout_ms
        return None if left is None else left / 1000

    def wait_for(self, answer: Any) -> None:
        """Have `cancel` cancel this too: a future, or a call of grpcio; to be called before it is waited for."""
        self._awaited = answer
        if self.cancelled or self.ended_by_channel:
            answer.cancel()

    def cancel(self) -> None:
        """Note that the call is cancelled, and end what it waits for before it begins."""
        self.cancelled = True
        self.end()

    def end(self) -> None:
        """End what the call waits for."""
        if (awaited := self._awaited) is not None:
            awaited.cancel()
        if isinstance(self.response, SyncResponse):
            self.response.close()

    async def end_async(self) -> None:
        """As `end`, on the event loop of an async call."""
        self.end()
        if isinstance(self.response, Response):
            await self.response.aclose()

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

    def failed_status(self, *, rich: bool) -> tuple[Code, str] | None:
        """Return the code and message that the server ended the call with, unless it is OK or not there.

        Args:
            rich: whether only those are wanted that came beside a rich status, which need not be those in it: to gRPC
                it is metadata like any other; connectrpc takes code and message out of it.
        """
        if self.response is None:
            return None
        trailers = dict(self._headers if self._trailers_only() else self.response.trailers.items())
        number = trailers.get("grpc-status", "")
        if number not in _FAILURES or (rich and DETAILS_KEY not in trailers):
            return None
        return connect_code(int(number)), unquote(trailers.get("grpc-message", ""))


current_record: ContextVar[CallRecord | None] = ContextVar("grpc2connect_call_record", default=None)


class LazySyncTransport:
    """A sync transport that is made by the first call; and an async one, for calls that can be cancelled."""

    def __init__(
        self,
        make: Callable[[], SyncHTTPTransport],
        make_async: Callable[[], HTTPTransport],
        connectivity: Connectivity,
        first: FirstAnswer,
        instead: Callable[[BaseException], Any] | None = None,
    ) -> None:
        """Connect nothing yet.

        Args:
            make: makes the transport of calls that nobody cancels.
            make_async: makes that of the others.
            connectivity: told how connecting goes.
            first: waits for answers until one has come.
            instead: asked once a certificate is refused: returns a transport that has all calls from then on, or None.
        """
        self._make = make
        self._make_async = make_async
        self._connectivity = connectivity
        self._first = first
        self._instead = instead
        self._other: Any = None
        self._proven = instead is None
        self._lock = threading.Lock()
        self._inner: SyncHTTPTransport | None = None
        self._async: HTTPTransport | None = None
        self.closed = False

    def execute_sync(self, request: SyncRequest) -> SyncResponse:
        """Execute a request, noting its response in the current record."""
        record = current_record.get()
        request, requests = noted(request)
        try:
            if self._other is not None:
                return self._by_other(request)
            if not self._proven and requests is not None:
                self._prove(request)
            response = self._executed(request, record)
        except (ConnectionError, RuntimeError) as error:
            if self._replaced(error):
                return self._by_other(request)
            if isinstance(error, ConnectionError) and not (record is not None and record.cancelled):
                self._connectivity.become(ChannelConnectivity.TRANSIENT_FAILURE)
                if requests is not None:
                    requests.ask_once()
            raise
        self._proven = True
        self._connectivity.become(ChannelConnectivity.READY)
        if record is not None:
            record.received(response)
            if record.cancelled or record.ended_by_channel:
                response.close()
                raise ConnectionError("call cancelled")
        return response

    def _executed(self, request: SyncRequest, record: CallRecord | None) -> SyncResponse:
        left = None if record is None else record.seconds_left()
        is_first = self._first.is_due(left)
        if record is not None and record.cancellable:
            exchange = Exchange(self._async_opened(), request, left)
            record.wait_for(exchange)
            return exchange.response(self._first.wait if is_first else None)
        transport = self._opened()
        if is_first:
            return self._first.by_thread(partial(transport.execute_sync, request))
        return transport.execute_sync(request)

    def _prove(self, request: SyncRequest) -> None:
        """Find out whether a certificate is refused, before a stream of requests is begun that could not be repeated.

        Raises:
            ConnectionError, RuntimeError: it is.
        """
        exchange = Exchange(self._async_opened(), SyncRequest(*probe_of(request)), _PROBE_S)
        try:
            exchange.response().close()
        except Exception as error:
            if is_refused_certificate(error):
                raise

    def _replaced(self, error: BaseException) -> bool:
        """Whether another transport has the calls from now on, for this error."""
        if self._instead is None or not is_refused_certificate(error):
            return False
        with self._lock:
            if self._other is None and not self.closed:
                self._other = self._instead(error)
            return self._other is not None

    def _by_other(self, request: SyncRequest) -> SyncResponse:
        if self.closed:
            raise ConnectionError("channel closed")
        response: SyncResponse = self._other.execute_sync(request)
        self._connectivity.become(ChannelConnectivity.READY)
        return response

    def _opened(self) -> SyncHTTPTransport:
        note_use()
        with self._lock:
            if self.closed:
                raise ConnectionError("channel closed")
            if self._inner is None:
                self._inner = self._make()
            return self._inner

    def _async_opened(self) -> HTTPTransport:
        note_use()
        with self._lock:
            if self.closed:
                raise ConnectionError("channel closed")
            if self._async is None:
                self._async = self._make_async()
            return self._async

    def close(self) -> None:
        """Close the connections; calls fail from now on."""
        if is_cut_off():
            self.closed = True
            return
        with self._lock:
            self.closed = True
            inner, self._inner = self._inner, None
            transport, self._async = self._async, None
        if self._other is not None:
            self._other.close()
        if inner is not None:
            inner.close()
        if transport is not None:
            close_in_background(transport)


class LazyTransport:
    """An async transport that is made by the first call."""

    def __init__(
        self,
        make: Callable[[], HTTPTransport],
        connectivity: Connectivity,
        first: FirstAnswer,
        instead: Callable[[BaseException], Any] | None = None,
    ) -> None:
        """Connect nothing yet; arguments as of `LazySyncTransport`."""
        self._make = make
        self._connectivity = connectivity
        self._first = first
        self._instead = instead
        self._other: Any = None
        self._proven = instead is None
        self._inner: HTTPTransport | None = None
        self.closed = False

    async def execute(self, request: Request) -> Response:
        """Execute a request, noting its response in the current record."""
        note_use()
        if self.closed:
            raise ConnectionError("channel closed")
        record = current_record.get()
        request, requests = noted_async(request)
        try:
            if self._other is not None:
                return await self._by_other(request)
            if self._inner is None:
                settle_at_exit()
                self._inner = self._make()
            if not self._proven and requests is not None:
                await self._prove(self._inner, request)
            answer = self._inner.execute(request)
            if record is not None:
                record.wait_for(answer)
            is_first = self._first.is_due(None if record is None else record.seconds_left())
            response = await answer_to(answer, self._first.wait_async if is_first else None)
        except (ConnectionError, RuntimeError) as error:
            if self._instead is not None and is_refused_certificate(error):
                self._other = self._other or self._instead(error)
                if self._other is not None:
                    return await self._by_other(request)
            if isinstance(error, ConnectionError):
                self._connectivity.become(ChannelConnectivity.TRANSIENT_FAILURE)
                if record is not None:
                    record.unconnected = True
                if requests is not None:
                    await requests.ask_once()
            raise
        self._proven = True
        self._connectivity.become(ChannelConnectivity.READY)
        if record is not None:
            record.received(response)
            if record.ended_by_channel:  # after the answer came, and before this was told of it
                await response.aclose()
                raise ConnectionError("channel closed")
        return response

    async def _prove(self, transport: HTTPTransport, request: Request) -> None:
        """As `LazySyncTransport._prove`."""
        try:
            async with asyncio.timeout(_PROBE_S):
                response = await answer_to(transport.execute(Request(*probe_of(request))))
                await response.aclose()
        except Exception as error:
            if is_refused_certificate(error):
                raise

    async def _by_other(self, request: Request) -> Response:
        response: Response = await self._other.execute(request)
        self._connectivity.become(ChannelConnectivity.READY)
        return response

    async def close(self) -> None:
        """Close the connections; calls fail from now on."""
        self.closed = True
        if self._other is not None:
            await self._other.close()
        inner, self._inner = self._inner, None
        if inner is not None and not is_cut_off():
            await inner.aclose()
